// SPDX-License-Identifier: Apache-2.0
// The life of a job that fails: one task takes all others with it, and the job begins anew or not.
#include "test/unit/graph/running_job.h"

namespace weir {
using namespace testing;
using enum ExecutionState;
namespace {

const RestartOptions kTwice{.kind = RestartOptions::Kind::FixedDelay, .attempts = 2, .delay = 3s};

Error passing(std::string what) {
  return {ErrorCode::TaskFailed, std::move(what), Blame::Environment, Retry::Later};
}

/// A job that may restart twice and whose first task has just failed.
struct Restarting : RunningJob {
  Restarting() : RunningJob(job_of(word_count(1, 2)), kTwice) {
    run();
    report(kRead, 0, Failed, "no such file");
    report_all(Canceled);
  }
};

}  // namespace

TEST_CASE("one failed task takes the job with it, once all others have ended") {
  RunningJob job;
  job.run();
  CHECK(job.report(kCount, 0, Failed, "division by zero"));
  CHECK(job.status() == JobStatus::Failing);
  CHECK(job.asked_to_cancel() == std::vector{job.task(kRead, 0).id(), job.task(kCount, 1).id()});
  job.report(kRead, 0, Canceled);
  job.report(kCount, 1, Canceled);
  CHECK(job.story() == "CREATED RUNNING FAILING FAILED");
  CHECK(job.given_back().size() == 2);
  const JobFailure& failure = *job.graph().progress().failure;
  CHECK(failure.error.what == "division by zero");
  CHECK(failure.task == kCount + " (1/2)");
  CHECK(failure.data_address == "host0:1");
  CHECK(job.written<effects::JobStatusChanged>().back().cause == "division by zero");
  CHECK(job.task(kCount, 0).failure() == "division by zero");
}

TEST_CASE("the first failure is the cause, what follows from it is not") {
  RunningJob job;
  job.run();
  job.report(kRead, 0, Failed, "first");
  job.report(kCount, 0, Failed, "the peer is gone");
  job.graph().fail_global(passing("late"), job.tick());
  job.report(kCount, 1, Canceled);
  CHECK(job.graph().progress().failure->error.what == "first");
  CHECK(job.status() == JobStatus::Failed);
}

TEST_CASE("slots that cannot be had fail the job before anything is deployed") {
  RunningJob job;
  job.schedule();
  job.graph().on_slots_refused(0, {ErrorCode::NotEnoughSlots, "needs 2 slots, has 1"}, job.tick());
  CHECK(job.story() == "CREATED RUNNING FAILING FAILED");
  CHECK(job.written<effects::DeployTask>().empty());
  CHECK(job.graph().progress().failure->error.what == "needs 2 slots, has 1");
  CHECK(job.graph().progress().failure->task.empty());
}

TEST_CASE("a job that has not begun can fail") {
  RunningJob job;
  job.graph().fail_global(passing("the library is missing"), job.tick());
  CHECK(job.story() == "CREATED FAILING FAILED");
}

TEST_CASE("a task that could not be deployed fails, and is asked to end in case it came through") {
  RunningJob job;
  job.deploy();
  const ExecutionAttemptId attempt = job.task(kCount, 0).id();
  job.graph().on_deploy_failed(attempt, passing("no answer within 10 s"), job.tick());
  CHECK(job.state(kCount, 0) == Failed);
  CHECK(job.status() == JobStatus::Failing);
  CHECK(job.asked_to_cancel().front() == attempt);
  CHECK(job.asked_to_cancel().size() == 3);
  CHECK_FALSE(job.report(attempt, Running));  // it did come through: its TaskManager should end it
}

TEST_CASE("a deployment that fails while the job is cancelled is a task less to wait for") {
  RunningJob job;
  job.deploy();
  job.graph().cancel(job.tick());
  for (const auto& deploy : job.written<effects::DeployTask>()) {
    job.graph().on_deploy_failed(deploy.task.attempt, passing("refused"), job.tick());
  }
  CHECK(job.status() == JobStatus::Canceled);
}

TEST_CASE("a lost TaskManager takes its tasks with it, and nobody asks it to cancel them") {
  RunningJob job;
  job.run();
  job.graph().on_task_manager_lost(RunningJob::manager(0), "no heartbeat for 50 s", job.tick());
  CHECK(job.state(kRead, 0) == Failed);
  CHECK(job.state(kCount, 0) == Failed);
  CHECK(job.asked_to_cancel() == std::vector{job.task(kCount, 1).id()});
  CHECK(job.graph().progress().failure->error.what == "TaskManager host0:1 was lost: no heartbeat for 50 s");
  CHECK(job.graph().progress().failure->task == kRead + " (1/1)");
  job.report(kCount, 1, Canceled);
  CHECK(job.status() == JobStatus::Failed);
}

TEST_CASE("a lost TaskManager ends the waiting for its tasks") {
  RunningJob job;
  job.run();
  job.graph().cancel(job.tick());
  job.graph().on_task_manager_lost(RunningJob::manager(0), "killed", job.tick());
  CHECK(job.status() == JobStatus::Cancelling);
  job.graph().on_task_manager_lost(RunningJob::manager(1), "killed", job.tick());
  CHECK(job.status() == JobStatus::Canceled);
}

TEST_CASE("a TaskManager that runs nothing of the job may go") {
  RunningJob job;
  job.run();
  job.forget();
  job.graph().on_task_manager_lost(RunningJob::manager(7), "killed", job.tick());
  CHECK(job.graph().take_effects().empty());
}

TEST_CASE("a task that its TaskManager cancelled unasked fails the job") {
  RunningJob job;
  job.run();
  job.report(kCount, 1, Canceled);
  CHECK(job.status() == JobStatus::Failing);
  CHECK(job.graph().progress().failure->error.what == kCount + " (2/2) was cancelled, but not by its job");
}

TEST_CASE("a report that its attempt cannot make fails the job") {
  RunningJob job;
  job.schedule();
  SUBCASE("finished before it was deployed") { job.report(kRead, 0, Finished); }
  SUBCASE("cancelled before it was deployed") { job.report(kRead, 0, Canceled); }
  SUBCASE("failed before it was deployed") { job.report(kRead, 0, Failed, "x"); }
  CHECK(job.status() == JobStatus::Failed);
  CHECK(job.written<effects::DeployTask>().empty());
}

TEST_CASE("a running report before the deployment is not believed") {
  RunningJob job;
  job.schedule();
  CHECK_FALSE(job.report(kRead, 0, Running));
  CHECK(job.state(kRead, 0) == Scheduled);
}

TEST_CASE("what finished tasks wrote is dropped when the job fails") {
  RunningJob job;
  job.run();
  job.report(kRead, 0, Finished);
  job.report(kCount, 0, Failed, "x");
  CHECK(job.written<effects::ReleasePartitions>() ==
        std::vector{effects::ReleasePartitions{job.task(kRead, 0).id(), RunningJob::slot(0)}});
}

TEST_CASE_FIXTURE(Restarting,
                  "a job that may restart waits for its delay, then runs new attempts of all tasks") {
  CHECK(status() == JobStatus::Restarting);
  const auto due = written<effects::ScheduleRestart>();
  CHECK(due == std::vector{effects::ScheduleRestart{.delay = 3s, .version = 1}});
  const ExecutionAttemptId before = task(kRead, 0).id();
  restart();
  CHECK(story() == "CREATED RUNNING FAILING RESTARTING CREATED RUNNING");
  CHECK(task(kRead, 0).id() != before);
  CHECK(task(kRead, 0).attempt_number() == 1);
  CHECK(task(kRead, 0).state() == Scheduled);
  CHECK_FALSE(task(kRead, 0).has_slot());
  const ExecutionVertex& reader = graph().vertices()[0].subtasks()[0];
  REQUIRE(reader.prior().size() == 1);
  CHECK(reader.prior()[0].id() == before);
  CHECK(reader.prior()[0].failure() == "no such file");
  CHECK(graph().progress().restarts == 1);

  assign();
  CHECK(written<effects::DeployTask>().back().task.attempt_number == 1);
  report_all(Running);
  report_all(Finished);
  CHECK(status() == JobStatus::Finished);
}

TEST_CASE_FIXTURE(Restarting, "the times of a round are forgotten with it, but not when it ended") {
  const auto entered = [this](JobStatus s) {
    return graph().progress().entered[static_cast<std::size_t>(s)];
  };
  const WallTime restarting = entered(JobStatus::Restarting);
  CHECK(restarting != WallTime{});
  restart();
  CHECK(entered(JobStatus::Restarting) == restarting);
  CHECK(entered(JobStatus::Failing) == WallTime{});
  CHECK(entered(JobStatus::Running) > restarting);
}

TEST_CASE_FIXTURE(Restarting, "when the strategy has had enough the job fails for good") {
  restart();
  assign();
  report(kRead, 0, Failed, "again");
  report_all(Canceled);
  restart();
  assign();
  report(kRead, 0, Failed, "and again");
  report_all(Canceled);
  CHECK(status() == JobStatus::Failed);
  CHECK(graph().progress().failure->error.what == "and again");
}

TEST_CASE_FIXTURE(Restarting, "a restart that is due twice, or too early by its version, happens once") {
  graph().on_restart_due(0, tick());
  CHECK(status() == JobStatus::Restarting);
  restart();
  forget();
  graph().on_restart_due(1, tick());
  CHECK(graph().take_effects().empty());
}

TEST_CASE_FIXTURE(Restarting, "cancelling during the delay ends the job at once") {
  graph().cancel(tick());
  CHECK(status() == JobStatus::Canceled);
  restart();
  CHECK(status() == JobStatus::Canceled);
}

TEST_CASE_FIXTURE(Restarting, "suspending during the delay ends the job here") {
  graph().suspend({ErrorCode::NotLeader, "leadership was lost"}, tick());
  restart();
  CHECK(status() == JobStatus::Suspended);
}

TEST_CASE_FIXTURE(Restarting,
                  "failing during the delay asks the strategy anew and makes the old delay void") {
  graph().fail_global(passing("worse"), tick());
  CHECK(status() == JobStatus::Restarting);
  CHECK(graph().progress().failure->error.what == "worse");
  graph().on_restart_due(1, tick());
  CHECK(status() == JobStatus::Restarting);
  SUBCASE("the new one counts") {
    graph().on_restart_due(2, tick());
    CHECK(status() == JobStatus::Running);
  }
  SUBCASE("until the strategy has had enough") {
    graph().fail_global(passing("worst"), tick());
    CHECK(status() == JobStatus::Failed);
  }
}

TEST_CASE_FIXTURE(Restarting, "late reports of the attempts before do not hurt the new ones") {
  const ExecutionAttemptId old = graph().vertices()[0].subtasks()[0].current().id();
  restart();
  assign();
  report_all(Running);
  CHECK_FALSE(report(old, Failed, "from another life"));
  CHECK_FALSE(report(old, Running));
  CHECK(graph().progress().late_reports == 2);
  CHECK(status() == JobStatus::Running);
}

TEST_CASE_FIXTURE(Restarting, "not enough slots after a restart is another failure") {
  restart();
  graph().on_slots_refused(0, passing("an answer to the round before"), tick());
  CHECK(status() == JobStatus::Running);
  graph().on_slots_refused(1, passing("needs 2 slots, has 1"), tick());
  CHECK(status() == JobStatus::Restarting);
  restart();
  assign();
  report_all(Running);
  CHECK(status() == JobStatus::Running);
}

TEST_CASE("a cause that forbids it is not restarted") {
  RunningJob job(job_of(word_count(1, 2)), kTwice);
  job.run();
  job.graph().fail_global(
      {ErrorCode::GraphDiffers, "the program builds another graph", Blame::User, Retry::Never}, job.tick());
  job.report_all(Canceled);
  CHECK(job.status() == JobStatus::Failed);
}

TEST_CASE("cancelling a job that fails ends in cancelled, not in a restart") {
  RunningJob job(job_of(word_count(1, 2)), kTwice);
  job.run();
  job.report(kRead, 0, Failed, "x");
  job.graph().cancel(job.tick());
  CHECK(job.asked_to_cancel().size() == 2);  // they were asked when it failed
  job.report_all(Canceled);
  CHECK(job.story() == "CREATED RUNNING FAILING CANCELLING CANCELED");
}

TEST_CASE("a global failure while cancelling makes the job fail, or restart") {
  RunningJob job(job_of(word_count(1, 2)), kTwice);
  job.run();
  job.graph().cancel(job.tick());
  job.graph().fail_global(passing("the coordinator is gone"), job.tick());
  CHECK(job.status() == JobStatus::Failing);
  job.report_all(Canceled);
  CHECK(job.story() == "CREATED RUNNING CANCELLING FAILING RESTARTING");
}

TEST_CASE("a restart begins to count anew") {
  RunningJob job(job_of(word_count(1, 2)), kTwice);
  job.run();
  job.graph().on_task_state({.job = job.graph().job_graph().id,
                             .attempt = job.task(kRead, 0).id(),
                             .state = Failed,
                             .failure = "x",
                             .accumulators = {{"lines", 5}}},
                            job.tick());
  job.report_all(Canceled);
  CHECK(job.graph().accumulators() == std::map<std::string, std::int64_t>{{"lines", 5}});
  job.restart();
  CHECK(job.graph().accumulators().empty());
}

TEST_CASE("sixteen attempts are remembered") {
  RunningJob job(
      job_of(word_count(1, 1)),
      {.kind = RestartOptions::Kind::FixedDelay, .attempts = RestartOptions::kUnlimited, .delay = 0s});
  job.deploy();
  for (int i = 0; i < 20; ++i) {
    job.report(kRead, 0, Failed, "failure " + std::to_string(i));
    job.report_all(Canceled);
    job.restart();
    job.assign();
  }
  const ExecutionVertex& reader = job.graph().vertices()[0].subtasks()[0];
  CHECK(reader.current().attempt_number() == 20);
  REQUIRE(reader.prior().size() == 16);
  CHECK(reader.prior().front().failure() == "failure 4");
  CHECK(reader.prior().back().attempt_number() == 19);
}

}  // namespace weir
