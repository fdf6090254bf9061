// SPDX-License-Identifier: Apache-2.0
// The life of a job that does not fail: scheduled, run, finished, cancelled or suspended.
#include "graph/execution_graph.h"

#include "test/unit/graph/running_job.h"

namespace weir {
using namespace testing;
using enum ExecutionState;

TEST_CASE("an invalid graph is no job") {
  const auto refused = ExecutionGraph::build(JobGraph{}, {}, WallTime{});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().what == "the job has no id");
}

TEST_CASE("a job asks for a slot for each subtask, producers first") {
  RunningJob job;
  job.schedule();
  CHECK(job.status() == JobStatus::Running);
  const auto requests = job.written<effects::RequestSlots>();
  REQUIRE(requests.size() == 1);
  const auto& vertices = job.graph().job_graph().vertices;
  CHECK(requests[0].requests == std::vector<SlotRequest>{
                                    {{vertices[0].id, 0}, "default", "", {}},
                                    {{vertices[1].id, 0}, "default", "", {{0}}},
                                    {{vertices[1].id, 1}, "default", "", {{0}}},
                                });
  CHECK(job.state(kRead, 0) == Scheduled);
  CHECK(job.written<effects::DeployTask>().empty());
  job.graph().schedule(job.tick());
  CHECK(job.written<effects::RequestSlots>().size() == 1);  // once is enough
}

TEST_CASE("an input with more than eight producers has no say in where its reader runs") {
  RunningJob eight(job_of(word_count(8, 1)));
  eight.schedule();
  CHECK(eight.written<effects::RequestSlots>()[0].requests.back().producers ==
        std::vector<std::vector<std::uint32_t>>{{0, 1, 2, 3, 4, 5, 6, 7}});
  RunningJob nine(job_of(word_count(9, 1)));
  nine.schedule();
  CHECK(nine.written<effects::RequestSlots>()[0].requests.back().producers.empty());
}

TEST_CASE("all tasks are deployed, producers first, once all have slots") {
  RunningJob job;
  job.deploy();
  std::vector<std::string> names;
  for (const auto& deploy : job.written<effects::DeployTask>()) names.push_back(deploy.task.display_name());
  CHECK(names == std::vector{kRead + " (1/1)", kCount + " (1/2)", kCount + " (2/2)"});
  CHECK(job.state(kCount, 1) == Deploying);
}

TEST_CASE("a job finishes with its last task and gives slots back as their last task leaves") {
  RunningJob job;
  job.run();
  CHECK(job.state(kCount, 1) == Running);
  CHECK(job.report(kRead, 0, Finished));
  CHECK(job.given_back().empty());  // subtask 0 of the counters is still in the slot
  CHECK(job.report(kCount, 0, Finished));
  CHECK(job.given_back() == std::vector{RunningJob::slot(0)});
  CHECK(job.status() == JobStatus::Running);
  CHECK(job.report(kCount, 1, Finished));
  CHECK(job.given_back() == std::vector{RunningJob::slot(0), RunningJob::slot(1)});
  CHECK(job.story() == "CREATED RUNNING FINISHED");
  CHECK(job.written<effects::ReleasePartitions>().empty());  // all was read
}

TEST_CASE("a task may finish before it was seen to run") {
  RunningJob job;
  job.deploy();
  job.report_all(Finished);
  CHECK(job.status() == JobStatus::Finished);
}

TEST_CASE("a report that tells nothing new changes nothing") {
  RunningJob job;
  job.deploy();
  CHECK(job.report(kRead, 0, Deploying));
  CHECK(job.state(kRead, 0) == Deploying);
  CHECK(job.report(kRead, 0, Running));
  job.forget();
  CHECK(job.report(kRead, 0, Running));
  CHECK(job.graph().take_effects().empty());
}

TEST_CASE("reports of attempts that nobody knows are refused and counted") {
  RunningJob job;
  job.run();
  CHECK_FALSE(job.report({9, 9}, Failed, "ghost"));
  CHECK(job.report(kRead, 0, Finished));
  CHECK_FALSE(job.report(kRead, 0, Failed, "after its end"));
  CHECK_FALSE(job.graph().on_task_state({.job = {9, 9}, .attempt = job.task(kCount, 0).id(), .state = Failed},
                                        job.tick()));
  CHECK(job.graph().progress().late_reports == 3);
  CHECK(job.status() == JobStatus::Running);
}

TEST_CASE("a state that does not exist is no state") {
  RunningJob job;
  job.run();
  job.report(kRead, 0, static_cast<ExecutionState>(77));
  CHECK(job.state(kRead, 0) == Running);
}

TEST_CASE("what users counted is summed over subtasks") {
  RunningJob job;
  job.run();
  const JobId id = job.graph().job_graph().id;
  job.graph().on_task_state({.job = id,
                             .attempt = job.task(kCount, 0).id(),
                             .state = Running,
                             .counters = {.records_in = 5},
                             .accumulators = {{"lines", 1}, {"words", 10}}},
                            job.tick());
  job.graph().on_task_state({.job = id,
                             .attempt = job.task(kCount, 0).id(),
                             .state = Finished,
                             .counters = {.records_in = 9},
                             .accumulators = {{"lines", 2}, {"words", 20}}},
                            job.tick());
  job.graph().on_task_state(
      {.job = id, .attempt = job.task(kCount, 1).id(), .state = Finished, .accumulators = {{"words", 3}}},
      job.tick());
  CHECK(job.graph().accumulators() == std::map<std::string, std::int64_t>{{"lines", 2}, {"words", 23}});
  CHECK(job.task(kCount, 0).counters().records_in == 9);
}

TEST_CASE("each state is stamped with the time it was entered") {
  RunningJob job;
  const WallTime before = job.tick();
  job.deploy();
  job.report(kRead, 0, Running);
  CHECK(job.graph().progress().entered[static_cast<std::size_t>(JobStatus::Running)] == before + 1ms);
  CHECK(job.task(kRead, 0).entered(Scheduled) == before + 1ms);
  CHECK(job.task(kRead, 0).entered(Deploying) == before + 2ms);
  CHECK(job.task(kRead, 0).entered(Running) == before + 3ms);
  CHECK(job.task(kRead, 0).entered(Failed) == WallTime{});
}

TEST_CASE("one word for all subtasks of a vertex") {
  RunningJob job(job_of(word_count(1, 3)));
  const auto word = [&] { return job.graph().vertices()[1].aggregate_state(); };
  CHECK(word() == Created);
  job.deploy();
  CHECK(word() == Created);
  job.report(kCount, 0, Running);
  CHECK(word() == Running);
  job.report(kCount, 0, Finished);
  CHECK(word() == Running);
  job.report(kCount, 1, Finished);
  SUBCASE("all finished") {
    job.report(kCount, 2, Finished);
    CHECK(word() == Finished);
  }
  SUBCASE("one cancelled") {
    job.graph().cancel(job.tick());
    CHECK(word() == Canceling);
    job.report(kCount, 2, Canceled);
    CHECK(word() == Canceled);
  }
  SUBCASE("one failed") {
    job.report(kCount, 2, Failed, "x");
    CHECK(word() == Failed);
  }
}

TEST_CASE("a job can be cancelled before it has tasks anywhere") {
  RunningJob job;
  SUBCASE("created") {
    job.graph().cancel(job.tick());
    CHECK(job.story() == "CREATED CANCELLING CANCELED");
  }
  SUBCASE("waiting for slots") {
    job.schedule();
    job.graph().cancel(job.tick());
    CHECK(job.story() == "CREATED RUNNING CANCELLING CANCELED");
  }
  CHECK(job.asked_to_cancel().empty());
  CHECK(job.given_back().empty());
  CHECK(job.state(kRead, 0) == Canceled);
}

TEST_CASE("slots that come too late go back") {
  RunningJob job;
  job.schedule();
  job.graph().cancel(job.tick());
  job.assign();
  CHECK(job.written<effects::DeployTask>().empty());
  CHECK(job.given_back() == std::vector{RunningJob::slot(0), RunningJob::slot(1)});
}

TEST_CASE("slots that come twice are not taken away from their tasks") {
  RunningJob job;
  job.deploy();
  job.assign();
  CHECK(job.written<effects::DeployTask>().size() == 3);
  CHECK(job.given_back().empty());
}

TEST_CASE("cancelling asks every task and waits for all") {
  RunningJob job;
  SUBCASE("deploying") { job.deploy(); }
  SUBCASE("running") { job.run(); }
  const std::vector attempts{job.task(kRead, 0).id(), job.task(kCount, 0).id(), job.task(kCount, 1).id()};
  job.graph().cancel(job.tick());
  CHECK(job.asked_to_cancel() == attempts);
  CHECK(job.status() == JobStatus::Cancelling);
  job.report(kRead, 0, Canceled);
  job.report(kCount, 0, Canceled);
  CHECK(job.status() == JobStatus::Cancelling);
  job.report(kCount, 1, Canceled);
  CHECK(job.story() == "CREATED RUNNING CANCELLING CANCELED");
  CHECK(job.given_back().size() == 2);
}

TEST_CASE("a task that is being cancelled may end as it likes") {
  RunningJob job;
  job.run();
  job.graph().cancel(job.tick());
  job.report(kRead, 0, Finished);
  job.report(kCount, 0, Failed, "the network is gone");
  job.report(kCount, 1, Canceled);
  CHECK(job.state(kRead, 0) == Canceled);
  CHECK(job.state(kCount, 0) == Canceled);
  CHECK(job.status() == JobStatus::Canceled);
  CHECK_FALSE(job.graph().progress().failure);
}

TEST_CASE("a task that says it runs while it is being cancelled is asked again") {
  RunningJob job;
  job.deploy();
  job.graph().cancel(job.tick());
  job.forget();
  CHECK_FALSE(job.report(kRead, 0, Running));
  CHECK(job.asked_to_cancel() == std::vector{job.task(kRead, 0).id()});
  CHECK(job.state(kRead, 0) == Canceling);
}

TEST_CASE("what finished tasks wrote is dropped when the job is cancelled") {
  RunningJob job;
  job.run();
  job.report(kRead, 0, Finished);
  job.report(kCount, 0, Finished);
  job.graph().cancel(job.tick());
  CHECK(job.written<effects::ReleasePartitions>() ==
        std::vector{effects::ReleasePartitions{job.task(kRead, 0).id(), RunningJob::slot(0)}});
  CHECK(job.asked_to_cancel() == std::vector{job.task(kCount, 1).id()});
}

TEST_CASE("a job that has ended hears nothing any more") {
  RunningJob job;
  job.run();
  SUBCASE("finished") { job.report_all(Finished); }
  SUBCASE("cancelled") {
    job.graph().cancel(job.tick());
    job.report_all(Canceled);
  }
  SUBCASE("failed") {
    job.graph().fail_global({ErrorCode::TaskFailed, "x"}, job.tick());
    job.report_all(Canceled);
  }
  const JobStatus end = job.status();
  CHECK(is_globally_terminal(end));
  job.forget();
  job.graph().cancel(job.tick());
  job.graph().fail_global({ErrorCode::TaskFailed, "x"}, job.tick());
  job.graph().suspend({ErrorCode::NotLeader, "x"}, job.tick());
  job.graph().schedule(job.tick());
  job.graph().on_restart_due(job.graph().progress().version, job.tick());
  job.graph().on_slots_refused(job.graph().progress().version, {}, job.tick());
  job.graph().on_task_manager_lost(RunningJob::manager(0), "x", job.tick());
  job.graph().on_deploy_failed(job.task(kRead, 0).id(), {}, job.tick());
  CHECK(job.status() == end);
  CHECK(job.graph().take_effects().empty());
}

TEST_CASE("cancelling twice is cancelling once") {
  RunningJob job;
  job.run();
  job.graph().cancel(job.tick());
  job.forget();
  job.graph().cancel(job.tick());
  CHECK(job.graph().take_effects().empty());
}

TEST_CASE("a suspended job ends its tasks and waits for none") {
  RunningJob job;
  const Error cause{ErrorCode::NotLeader, "leadership was lost", Blame::Environment, Retry::Later};
  SUBCASE("created") {}
  SUBCASE("waiting for slots") { job.schedule(); }
  SUBCASE("running") { job.run(); }
  SUBCASE("cancelling") {
    job.run();
    job.graph().cancel(job.tick());
  }
  SUBCASE("failing") {
    job.run();
    job.graph().fail_global({ErrorCode::TaskFailed, "x"}, job.tick());
  }
  job.graph().suspend(cause, job.tick());
  CHECK(job.status() == JobStatus::Suspended);
  CHECK(job.written<effects::JobStatusChanged>().back().cause == "leadership was lost");
  job.report_all(Canceled);
  CHECK(job.status() == JobStatus::Suspended);
  CHECK(job.given_back().size() == job.written<effects::DeployTask>().size() * 2 / 3);
  CHECK(job.state(kRead, 0) == Canceled);
}

}  // namespace weir
