// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_manager.h"

#include "test/unit/actors/job_manager_cluster.h"

namespace weir {
using namespace testing;
namespace {

TEST_CASE("a job is accepted, deployed, runs and finishes; then its slots are free and it is archived") {
  Cluster cluster;
  REQUIRE(cluster.submit(job()).accepted);
  CHECK(cluster.starts == std::vector{job().id});
  CHECK(cluster.tasks.empty());  // the client hears that it was accepted before anything else

  cluster.start_due(job().id);
  REQUIRE(cluster.tasks.size() == 3);
  CHECK(cluster.manager.slots().free == 2);
  CHECK(cluster.manager.running_jobs().jobs.front().status == JobStatus::Running);

  cluster.report_all(ExecutionState::Running);
  cluster.report_all(ExecutionState::Finished);
  CHECK(cluster.story == "RUNNING FINISHED");
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().status == JobStatus::Finished);
  CHECK(cluster.results.front().failure.empty());
  CHECK(cluster.results.front().net_runtime > 0ms);
  CHECK(cluster.manager.slots().free == 4);
  CHECK(cluster.archived.size() == 1);
  CHECK(cluster.manager.running_jobs().jobs.empty());
}

TEST_CASE("tasks keep their state where the job says, else where the cluster does, and never nowhere") {
  const StateBackend rocksdb{.kind = BackendKind::RocksDb, .incremental = true};
  Cluster cluster(JobManager::Options{.restart = {}, .state = {.backend = rocksdb}});
  JobGraph graph = job(1, 1, 1);
  cluster.start(graph);
  CHECK(cluster.tasks.back().second.backend == rocksdb);

  graph = job(1, 1, 2);
  graph.checkpoints.backend = {.kind = BackendKind::FileSystem};
  cluster.start(graph);
  CHECK(cluster.tasks.back().second.backend == graph.checkpoints.backend);

  graph = job(1, 1, 3);
  graph.checkpoints.interval = 1s;
  const Outcome refused = cluster.submit(graph);
  CHECK_FALSE(refused.accepted);
  CHECK(refused.refusal.what.find("state.checkpoints.dir") != std::string::npos);
}

TEST_CASE("a job's library is kept until the job is over, and a job without one is refused") {
  Cluster cluster;
  JobGraph graph = job();
  graph.program.library = "lost";
  CHECK(cluster.submit(graph).refusal.what == "the library is lost");
  CHECK(cluster.manager.running_jobs().jobs.empty());

  graph.program.library = "words";
  cluster.start(graph);
  CHECK_FALSE(cluster.submit(graph).accepted);  // twice
  CHECK(cluster.libraries == std::map<JobId, std::string>{{graph.id, "words"}});
  cluster.report_all(ExecutionState::Running);
  CHECK(cluster.libraries.size() == 1);
  cluster.report_all(ExecutionState::Finished);
  CHECK(cluster.libraries.empty());
}

TEST_CASE("the result sums what the tasks counted") {
  Cluster cluster;
  cluster.start(job());
  cluster.report_all(ExecutionState::Running);
  for (const auto& [to, task] : cluster.tasks) {
    (void)cluster.manager.on_task_state({.job = task.job,
                                         .attempt = task.attempt,
                                         .state = ExecutionState::Finished,
                                         .accumulators = {{"lines", 5}}},
                                        cluster.now());
  }
  CHECK(cluster.results.front().accumulators == std::map<std::string, std::int64_t>{{"lines", 15}});
}

TEST_CASE("a failed task ends the others, and the result names it") {
  Cluster cluster;
  cluster.start(job());
  cluster.report_all(ExecutionState::Running);
  (void)cluster.report(cluster.tasks[1].second, ExecutionState::Failed,
                       "operator \"sum\" (1/2) of job \"j\": 7 is not a word");
  CHECK(cluster.cancelled.size() == 2);
  CHECK(cluster.results.empty());

  (void)cluster.report(cluster.tasks[0].second, ExecutionState::Canceled);
  (void)cluster.report(cluster.tasks[2].second, ExecutionState::Canceled);
  CHECK(cluster.story == "RUNNING FAILING FAILED");
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().status == JobStatus::Failed);
  CHECK(cluster.results.front().failure == "operator \"sum\" (1/2) of job \"j\": 7 is not a word [on host]");
  CHECK(cluster.manager.slots().free == 4);
}

TEST_CASE("a task that its TaskManager refuses fails the job, which says which one") {
  Cluster cluster;
  cluster.start(job());
  const auto& task = cluster.tasks[0].second;
  cluster.manager.on_task_refused(task.job, task.attempt, {ErrorCode::InsufficientBuffers, "too few buffers"},
                                  cluster.now());
  for (std::size_t i = 1; i < 3; ++i) (void)cluster.report(cluster.tasks[i].second, ExecutionState::Canceled);
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().failure == "Source: text -> split (1/1): too few buffers [on host]");
}

TEST_CASE("a cancelled job ends as cancelled, whether it runs or has yet to start") {
  Cluster cluster;
  SUBCASE("running") {
    cluster.start(job());
    cluster.report_all(ExecutionState::Running);
    CHECK(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
    CHECK(cluster.cancelled.size() == 3);
    CHECK(cluster.results.empty());
    cluster.report_all(ExecutionState::Canceled);
  }
  SUBCASE("not started") {
    REQUIRE(cluster.submit(job()).accepted);
    CHECK(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
    cluster.start_due(job().id);  // comes too late
    CHECK(cluster.tasks.empty());
  }
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().status == JobStatus::Canceled);
  CHECK(cluster.manager.slots().free == 4);
  CHECK(cluster.manager.on_cancel(job().id, cluster.now()).refusal.code == ErrorCode::UnknownJob);
}

TEST_CASE("without enough slots a job fails at once, and says how many it needs") {
  Cluster cluster;
  cluster.start(job(1, 8));
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().status == JobStatus::Failed);
  CHECK(cluster.results.front().failure ==
        "the job needs 8 slots but has 4 (2 TaskManagers x 2, 0 in use); lower -p or raise "
        "taskmanager.numberOfTaskSlots");
  CHECK(cluster.tasks.empty());
  CHECK(cluster.manager.slots().free == 4);
}

TEST_CASE("two jobs run beside each other while there are slots for both") {
  Cluster cluster;
  cluster.start(job(1, 2, 1));
  cluster.start(job(1, 2, 2));
  CHECK(cluster.manager.slots().free == 0);
  cluster.report_all(ExecutionState::Finished);
  CHECK(cluster.results.size() == 2);
  CHECK(cluster.manager.slots().free == 4);
}

TEST_CASE("a job that is here already is refused, and the running one goes on") {
  Cluster cluster;
  cluster.start(job());
  const Outcome again = cluster.submit(job());
  CHECK_FALSE(again.accepted);
  CHECK(again.refusal.what == "job " + job().id.hex() + " was submitted before and is RUNNING");
  cluster.report_all(ExecutionState::Finished);
  CHECK(cluster.results.size() == 1);
}

TEST_CASE("a graph that cannot run is refused when it comes") {
  Cluster cluster;
  CHECK(cluster.submit(JobGraph{.id = {.high = 1, .low = 1}}).refusal.code == ErrorCode::InvalidGraph);
  CHECK(cluster.starts.empty());
}

TEST_CASE("when a TaskManager is lost its tasks fail, and the others are ended") {
  Cluster cluster;
  cluster.start(job(2, 4));
  cluster.report_all(ExecutionState::Running);
  cluster.manager.on_task_manager_lost(kAda, "the connection to it was lost", cluster.now());
  CHECK(cluster.manager.slots() == Scheduler::Slots{.task_managers = 1, .total = 2, .free = 0});
  for (const auto& [to, task] : cluster.tasks) {
    if (to == kBob) (void)cluster.report(task, ExecutionState::Canceled);
  }
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().failure.find("the connection to it was lost") != std::string::npos);
  CHECK(cluster.manager.slots() == Scheduler::Slots{.task_managers = 1, .total = 2, .free = 2});

  SUBCASE("and what a lost one reports later is refused") {
    CHECK_FALSE(cluster.report(cluster.tasks.front().second, ExecutionState::Finished));
    CHECK(cluster.results.size() == 1);
  }
}

TEST_CASE("a job with a restart strategy comes back with new attempts; the old ones are strangers") {
  Cluster cluster({.kind = RestartOptions::Kind::FixedDelay, .attempts = 1, .delay = 1s});
  cluster.start(job());
  cluster.report_all(ExecutionState::Running);
  const auto first = std::exchange(cluster.tasks, {});
  (void)cluster.report(first[0].second, ExecutionState::Failed, "broken");
  for (std::size_t i = 1; i < first.size(); ++i)
    (void)cluster.report(first[i].second, ExecutionState::Canceled);
  REQUIRE(cluster.restarts.size() == 1);
  CHECK(cluster.results.empty());
  CHECK(cluster.manager.slots().free == 4);

  const auto [id, version] = cluster.restarts.front();
  cluster.restart_due(id, version);
  REQUIRE(cluster.tasks.size() == 3);
  CHECK(cluster.tasks.front().second.attempt_number == 1);
  CHECK_FALSE(cluster.report(first[1].second, ExecutionState::Finished));
  cluster.report_all(ExecutionState::Running);
  cluster.report_all(ExecutionState::Finished);
  CHECK(cluster.story == "RUNNING FAILING RESTARTING CREATED RUNNING FINISHED");
  CHECK(cluster.results.front().status == JobStatus::Finished);
  CHECK(cluster.archived.front().restarts == 1);
}

TEST_CASE("clients hear as much as they asked for") {
  Cluster cluster;
  SUBCASE("nothing") {
    REQUIRE(cluster.submit(job(), ListeningBehaviour::Detached).accepted);
    cluster.start_due(job().id);
    cluster.report_all(ExecutionState::Finished);
    CHECK(cluster.results.empty());
    CHECK(cluster.steps.empty());
  }
  SUBCASE("the result") {
    REQUIRE(cluster.submit(job(), ListeningBehaviour::Result).accepted);
    cluster.start_due(job().id);
    cluster.report_all(ExecutionState::Finished);
    CHECK(cluster.results.size() == 1);
    CHECK(cluster.steps.empty());
  }
  SUBCASE("every step, if they attach in time") {
    REQUIRE(cluster.submit(job(), ListeningBehaviour::Detached).accepted);
    CHECK(cluster.manager
              .on_attach({.job = job().id, .listening = ListeningBehaviour::ResultAndStateChanges}, kClient)
              .accepted);
    cluster.start_due(job().id);
    REQUIRE_FALSE(cluster.steps.empty());
    CHECK(cluster.steps.front().task == "Source: text -> split (1/1)");
    CHECK(cluster.steps.front().state == ExecutionState::Scheduled);
  }
  SUBCASE("nothing any more, once they are gone") {
    REQUIRE(cluster.submit(job()).accepted);
    cluster.manager.on_client_gone(kClient);
    cluster.start_due(job().id);
    cluster.report_all(ExecutionState::Finished);
    CHECK(cluster.results.empty());
    CHECK(cluster.archived.size() == 1);
  }
  CHECK(cluster.manager.on_attach({.job = {.high = 9, .low = 9}}, kClient).refusal.code ==
        ErrorCode::UnknownJob);
}

TEST_CASE(
    "a JobManager without leadership suspends its jobs and forgets everyone; nobody is told of an end") {
  Cluster cluster;
  cluster.start(job());
  cluster.report_all(ExecutionState::Running);
  cluster.manager.suspend_all("revoked", cluster.now());
  CHECK(cluster.story == "RUNNING SUSPENDED");
  CHECK(cluster.cancelled.size() == 3);
  CHECK(cluster.results.empty());
  CHECK(cluster.archived.empty());
  CHECK(cluster.manager.running_jobs().jobs.empty());
  CHECK(cluster.manager.slots() == Scheduler::Slots{});
}

}  // namespace
}  // namespace weir
