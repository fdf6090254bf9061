// SPDX-License-Identifier: Apache-2.0
// What a job does when it fails, when its TaskManagers are lost, and when there are no slots for it.
#include "test/unit/actors/job_manager_cluster.h"

namespace weir {
using namespace testing;
namespace {

using Slots = Scheduler::Slots;

constexpr FixedDelay kOnce{.attempts = 1, .delay = 1s};

JobGraph queued(JobGraph graph) {
  graph.queued_scheduling = true;
  return graph;
}

/// Ends the first task of the last round as Failed and the others as Canceled; forgets the round.
std::vector<std::pair<TaskManagerId, TaskDeploymentDescriptor>> fail_round(Cluster& cluster) {
  auto round = std::exchange(cluster.tasks, {});
  (void)cluster.report(round.front().second, ExecutionState::Failed, "broken");
  for (std::size_t i = 1; i < round.size(); ++i)
    (void)cluster.report(round[i].second, ExecutionState::Canceled);
  return round;
}

void restart(Cluster& cluster) {
  REQUIRE_FALSE(cluster.restarts.empty());
  const auto [id, version] = cluster.restarts.back();
  cluster.restart_due(id, version);
}

// Whose strategy.

TEST_CASE("what a job says about restarts beats what the cluster says") {
  struct Case {
    RestartOptions of_job;
    RestartOptions of_cluster;
    bool restarts;
  };
  const RestartOptions fallback{.kind = RestartOptions::Kind::Fallback};
  for (const Case& each : {Case{fallback, fallback, false}, Case{fallback, kOnce, true},
                           Case{NoRestart{}, kOnce, false}, Case{kOnce, NoRestart{}, true},
                           Case{FailureRate{.attempts = 1}, NoRestart{}, true}}) {
    Cluster cluster(each.of_cluster);
    JobGraph graph = job();
    graph.restart = each.of_job;
    cluster.start(graph);
    fail_round(cluster);
    CHECK(cluster.restarts.size() == (each.restarts ? 1 : 0));
    CHECK(cluster.results.size() == (each.restarts ? 0 : 1));
  }
}

// Waiting for slots.

TEST_CASE("a queued job waits for slots by name, and goes on when another one gives them back") {
  Cluster cluster;
  cluster.start(job(1, 3, 1));
  const auto first = std::exchange(cluster.tasks, {});
  cluster.start(queued(job(1, 2, 2)));
  CHECK(cluster.tasks.empty());
  CHECK(cluster.causes.back() == "waiting for 2 slots, 1 is free");
  CHECK(cluster.manager.details(job(1, 2, 2).id)->waiting_for == "waiting for 2 slots, 1 is free");
  CHECK(cluster.manager.details(job(1, 2, 2).id)->status == JobStatus::Running);

  for (const auto& [to, task] : first) (void)cluster.report(task, ExecutionState::Finished);
  CHECK(cluster.tasks.size() == 3);
  CHECK(cluster.manager.details(job(1, 2, 2).id)->waiting_for.empty());
  cluster.report_all(ExecutionState::Finished);
  CHECK(cluster.results.size() == 2);
  CHECK(cluster.manager.slots().free == 4);
}

TEST_CASE("a queued job goes on when a TaskManager joins") {
  Cluster cluster;
  cluster.start(queued(job(1, 6)));
  CHECK(cluster.causes.back() == "waiting for 6 slots, 4 are free");
  cluster.join({.high = 1, .low = 3}, 2);
  CHECK(cluster.tasks.size() == 7);
  CHECK(cluster.manager.slots().free == 0);
}

TEST_CASE("a job that is not queued does not overtake one that waits, and fails with the reason") {
  Cluster cluster;
  cluster.start(job(1, 2, 1));
  cluster.start(queued(job(1, 3, 2)));
  cluster.start(job(1, 1, 3));
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().failure ==
        "the job needs 1 slot and 2 are free, but others that wait for slots were first (1)");
}

TEST_CASE("not enough slots at the start is final, whatever the restart strategy") {
  Cluster cluster(kOnce);
  cluster.start(job(1, 8));
  CHECK(cluster.restarts.empty());
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().status == JobStatus::Failed);
}

TEST_CASE("a job that waits for too long fails with the numbers and is not restarted") {
  Cluster cluster(kOnce);
  cluster.start(queued(job(1, 6)));
  REQUIRE(cluster.overdue.size() == 1);
  const auto [id, version] = cluster.overdue.front();
  SUBCASE("in time") {
    cluster.manager.on_slots_overdue(id, version, cluster.now());
    REQUIRE(cluster.results.size() == 1);
    CHECK(cluster.results.front().failure ==
          "waited 300000 ms for slots: the job needs 6 slots but has 4 (2 TaskManagers x 2, 0 in use); lower "
          "-p or raise taskmanager.numberOfTaskSlots");
    CHECK(cluster.restarts.empty());
  }
  SUBCASE("but the end of an older wait means nothing") {
    cluster.manager.on_slots_overdue(id, version + 1, cluster.now());
    cluster.manager.on_slots_overdue({.high = 9, .low = 9}, version, cluster.now());
    CHECK(cluster.results.empty());
  }
  SUBCASE("and nothing once it runs") {
    cluster.join({.high = 1, .low = 3}, 2);
    cluster.manager.on_slots_overdue(id, version, cluster.now());
    CHECK(cluster.results.empty());
  }
}

TEST_CASE("a waiting job is cancelled at once, and the next one in line goes on") {
  Cluster cluster;
  cluster.start(job(1, 2, 1));
  cluster.tasks.clear();
  cluster.start(queued(job(1, 3, 2)));
  cluster.start(queued(job(1, 2, 3)));
  CHECK(cluster.tasks.empty());
  CHECK(cluster.manager.on_cancel(job(1, 3, 2).id, cluster.now()).accepted);
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().status == JobStatus::Canceled);
  REQUIRE(cluster.tasks.size() == 3);
  CHECK(cluster.tasks.front().second.job == job(1, 2, 3).id);
}

// TaskManagers that are lost.

TEST_CASE("a job that lost its TaskManager restarts on the others") {
  Cluster cluster(kOnce, 4);
  cluster.start(job(1, 4));
  cluster.report_all(ExecutionState::Running);
  const auto first = std::exchange(cluster.tasks, {});
  cluster.manager.on_task_manager_lost(kAda, "killed", cluster.now());
  for (const auto& [to, task] : first) {
    if (to == kBob) (void)cluster.report(task, ExecutionState::Canceled);
  }
  restart(cluster);
  REQUIRE(cluster.tasks.size() == 5);
  for (const auto& [to, task] : cluster.tasks) CHECK(to == kBob);
  CHECK(cluster.manager.slots() == Slots{.task_managers = 1, .total = 4, .free = 0});
}

TEST_CASE("without spare slots it waits for them by name, and burns no further restart") {
  Cluster cluster(kOnce);
  cluster.start(job(1, 4));
  cluster.report_all(ExecutionState::Running);
  const auto first = std::exchange(cluster.tasks, {});
  cluster.manager.on_task_manager_lost(kAda, "killed", cluster.now());
  for (const auto& [to, task] : first) {
    if (to == kBob) (void)cluster.report(task, ExecutionState::Canceled);
  }
  restart(cluster);
  CHECK(cluster.tasks.empty());
  CHECK(cluster.results.empty());
  CHECK(cluster.causes.back() == "waiting for 4 slots, 2 are free");

  cluster.join(kAda, 2);  // it came back
  CHECK(cluster.tasks.size() == 5);
  CHECK(cluster.manager.find(job().id)->progress().restarts == 1);

  SUBCASE("and what its attempts of before report is refused and counted") {
    for (const auto& [to, task] : first) CHECK_FALSE(cluster.report(task, ExecutionState::Running));
    for (const auto& [to, task] : first) CHECK_FALSE(cluster.report(task, ExecutionState::Failed, "late"));
    CHECK(cluster.manager.details(job().id)->late_reports == 10);
    CHECK(cluster.manager.late_reports() == 10);
    CHECK(cluster.manager.find(job().id)->status() == JobStatus::Running);
  }
  SUBCASE("and the job ends well") {
    cluster.report_all(ExecutionState::Running);
    cluster.report_all(ExecutionState::Finished);
    REQUIRE(cluster.results.size() == 1);
    CHECK(cluster.results.front().status == JobStatus::Finished);
    CHECK(cluster.manager.slots() == Slots{.task_managers = 2, .total = 4, .free = 4});
  }
}

TEST_CASE("a TaskManager lost while its tasks are deployed costs a restart like any other") {
  Cluster cluster(kOnce, 4);
  cluster.start(job(1, 4));
  const auto first = std::exchange(cluster.tasks, {});
  cluster.manager.on_task_manager_lost(kBob, "killed", cluster.now());
  for (const auto& [to, task] : first) {
    // What was on its way to the dead one comes back as a refusal, late.
    if (to == kBob)
      cluster.manager.on_task_refused(task.job, task.attempt,
                                      {ErrorCode::Refused, "no answer", Blame::Environment, Retry::Later},
                                      cluster.now());
    else (void)cluster.report(task, ExecutionState::Canceled);
  }
  REQUIRE(cluster.restarts.size() == 1);
  restart(cluster);
  CHECK(cluster.tasks.size() == 5);
}

TEST_CASE("a TaskManager lost while the job is cancelled has its tasks cancelled with it") {
  Cluster cluster(kOnce);
  cluster.start(job(1, 4));
  cluster.report_all(ExecutionState::Running);
  REQUIRE(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
  for (const auto& [to, task] : cluster.tasks) {
    if (to == kAda) (void)cluster.report(task, ExecutionState::Canceled);
  }
  CHECK(cluster.results.empty());
  cluster.manager.on_task_manager_lost(kBob, "killed", cluster.now());
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results.front().status == JobStatus::Canceled);
  CHECK(cluster.restarts.empty());
}

TEST_CASE("a TaskManager lost while the job restarts changes nothing but where it goes") {
  Cluster cluster(kOnce, 4);
  cluster.start(job(1, 4));
  cluster.report_all(ExecutionState::Running);
  fail_round(cluster);
  cluster.manager.on_task_manager_lost(kAda, "killed", cluster.now());
  CHECK(cluster.restarts.size() == 1);
  restart(cluster);
  REQUIRE(cluster.tasks.size() == 5);
  for (const auto& [to, task] : cluster.tasks) CHECK(to == kBob);
}

TEST_CASE("a loss hurts the jobs that ran there and no other") {
  Cluster cluster(kOnce);
  cluster.start(job(1, 2, 1));  // both are placed as near to their readers as possible
  cluster.start(job(1, 2, 2));
  cluster.report_all(ExecutionState::Running);
  REQUIRE(cluster.tasks.front().first == kAda);
  REQUIRE(cluster.tasks.back().first == kBob);
  cluster.manager.on_task_manager_lost(kAda, "killed", cluster.now());
  CHECK(cluster.manager.find(job(1, 2, 1).id)->status() == JobStatus::Restarting);
  CHECK(cluster.manager.find(job(1, 2, 2).id)->status() == JobStatus::Running);
}

}  // namespace
}  // namespace weir
