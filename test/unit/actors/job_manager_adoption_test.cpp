// SPDX-License-Identifier: Apache-2.0
// A JobManager that begins to lead while the tasks of one before it still run.
#include "test/unit/actors/job_manager_cluster.h"

namespace weir {
using namespace testing;
namespace {

using Slots = Scheduler::Slots;
using enum ExecutionState;

constexpr LeaderSessionId kDead{.high = 1, .low = 7};
constexpr FixedDelay kOften{.attempts = 100, .delay = 1s};

JobManager::Options options() { return {.restart = kOften, .state = {}, .adoption_timeout = 2s}; }

/// The JobManager that dies: it deploys one job, and is gone.
struct Dead {
  Dead() : cluster(options()) {
    cluster.keeps_rounds = true;
    cluster.start(job());
    REQUIRE(cluster.tasks.empty());  // nothing is deployed before it is on record
    cluster.keep_rounds();
    REQUIRE(cluster.tasks.size() == 3);
    cluster.report_all(Running);
    round = cluster.rounds.back();
    round.deployed_by = kDead;
  }
  /// What one TaskManager brings to the next.
  [[nodiscard]] std::vector<HeldTask> held(TaskManagerId at) const {
    std::vector<HeldTask> found;
    for (const auto& [place, task] : cluster.tasks) {
      if (place != at) continue;
      found.push_back({.job = task.job,
                       .vertex = task.vertex,
                       .subtask = task.subtask_index,
                       .attempt = task.attempt,
                       .attempt_number = task.attempt_number,
                       .deployed_by = kDead,
                       .slot = task.slot,
                       .allocation = task.allocation,
                       .state = Running});
    }
    return found;
  }

  Cluster cluster;
  DeployedRound round;
};

/// The next one. No TaskManager has come yet.
struct Next {
  Next() : cluster(options(), 0) {
    cluster.keeps_rounds = true;
    for (const TaskManagerId id : {kAda, kBob}) cluster.manager.on_task_manager_lost(id, "", cluster.now());
    REQUIRE(cluster.manager.on_recovered(job(), dead.round, cluster.now()).accepted);
    cluster.start_due(job().id);
  }
  void join(TaskManagerId id, std::vector<HeldTask> tasks) {
    cluster.manager.on_task_manager_joined(
        {.id = id, .data_address = "host", .slots = 2, .hardware = {}, .tasks = std::move(tasks)},
        cluster.now());
  }
  void join(TaskManagerId id) { join(id, dead.held(id)); }
  [[nodiscard]] JobDetails details() const { return *cluster.manager.details(job().id); }
  [[nodiscard]] bool report(ExecutionAttemptId attempt, ExecutionState state) {
    return cluster.manager.on_task_state({.job = job().id, .attempt = attempt, .state = state},
                                         cluster.now());
  }

  Dead dead;
  Cluster cluster;
};

TEST_CASE_FIXTURE(Next, "a job whose tasks are all found goes on with the same attempts to its end") {
  CHECK(cluster.adoptions_due == std::vector{job().id});
  join(kAda);
  join(kBob);
  CHECK(cluster.tasks.empty());
  CHECK(cluster.cancelled.empty());
  CHECK(cluster.rounds.empty());  // what is on record is still true
  const auto* graph = cluster.manager.find(job().id);
  CHECK(graph->status() == JobStatus::Running);
  CHECK(round_id_of(job(), graph->attempts()) == dead.round.attempts);
  REQUIRE(cluster.plans.size() == 1);
  CHECK(cluster.plans.front().is_adopted);
  CHECK(cluster.manager.slots().free == dead.cluster.manager.slots().free);

  for (const auto& [place, task] : dead.cluster.tasks) CHECK(report(task.attempt, Finished));
  CHECK(cluster.manager.find(job().id) == nullptr);
  CHECK(cluster.manager.slots().free == 4);
}

TEST_CASE_FIXTURE(Next, "a job that was adopted restarts like any other, under the next attempt number") {
  join(kAda);
  join(kBob);
  CHECK(report(dead.cluster.tasks.front().second.attempt, Failed));
  for (const ExecutionAttemptId attempt : cluster.cancelled) CHECK(report(attempt, Canceled));
  REQUIRE(cluster.restarts.size() == 1);
  cluster.restart_due(cluster.restarts.back().first, cluster.restarts.back().second);
  REQUIRE(cluster.rounds.size() == 1);
  CHECK(cluster.rounds.back().attempt_number == 1);
  cluster.keep_rounds();
  CHECK(cluster.tasks.size() == 3);
  CHECK(cluster.plans.size() == 2);
  CHECK_FALSE(cluster.plans.back().is_adopted);
}

TEST_CASE_FIXTURE(Next, "if not all are found in time, those that were end first, then the job starts anew") {
  const TaskManagerId place = dead.cluster.tasks.front().first;
  auto found = dead.held(place);
  if (found.size() == 3) found.pop_back();
  join(place, found);
  join({.high = 1, .low = 3}, {});  // has room for it
  cluster.manager.on_adoption_overdue(job().id, cluster.now());
  CHECK(cluster.cancelled.size() == found.size());
  CHECK(cluster.rounds.empty());
  for (const HeldTask& task : found) CHECK(report(task.attempt, Canceled));
  CHECK(cluster.rounds.size() == 1);
  cluster.keep_rounds();
  CHECK(cluster.tasks.size() == 3);
  CHECK(cluster.manager.late_reports() == 0);
}

TEST_CASE_FIXTURE(Next, "a job that is cancelled while its tasks are looked for ends them") {
  const TaskManagerId place = dead.cluster.tasks.front().first;
  auto some = dead.held(place);
  some.resize(1);
  join(place, some);
  REQUIRE(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
  CHECK(cluster.cancelled == std::vector{some.front().attempt});
  CHECK(cluster.manager.find(job().id) == nullptr);
  CHECK(report(some.front().attempt, Canceled));
  CHECK(cluster.manager.slots() == Slots{.task_managers = 1, .total = 2, .free = 2});
}

TEST_CASE("one that adopts nothing ends what it is brought, and uses its slots afterwards") {
  Dead dead;
  Cluster cluster({.restart = kOften, .state = {}}, 0);
  for (const TaskManagerId id : {kAda, kBob}) cluster.manager.on_task_manager_lost(id, "", cluster.now());
  REQUIRE(cluster.manager.on_recovered(job(), dead.round, cluster.now()).accepted);
  cluster.start_due(job().id);
  std::size_t brought = 0;
  for (const TaskManagerId id : {kAda, kBob}) {
    brought += dead.held(id).size();
    cluster.manager.on_task_manager_joined(
        {.id = id, .data_address = "host", .slots = 1, .hardware = {}, .tasks = dead.held(id)},
        cluster.now());
  }
  CHECK(cluster.adoptions_due.empty());
  CHECK(cluster.cancelled.size() == brought);
  CHECK(cluster.manager.late_reports() == brought);
  for (const ExecutionAttemptId attempt : std::exchange(cluster.cancelled, {}))
    CHECK(cluster.manager.on_task_state({.job = job().id, .attempt = attempt, .state = Canceled},
                                        cluster.now()));
  CHECK(cluster.tasks.size() == 3);
}

TEST_CASE("who loses the lead leaves the tasks to the next, and cancels them only if nobody may adopt them") {
  for (const bool adopts : {true, false}) {
    JobManager::Options chosen = options();
    if (!adopts) chosen.adoption_timeout = Duration::zero();
    Cluster cluster(chosen);
    cluster.start(job());
    cluster.report_all(Running);
    cluster.manager.suspend_all("lost", cluster.now());
    CHECK(cluster.cancelled.size() == (adopts ? 0 : 3));
  }
}

TEST_CASE("what could not be recorded is not deployed") {
  Cluster cluster(options());
  cluster.keeps_rounds = true;
  cluster.start(job());
  const DeployedRound round = cluster.rounds.back();
  SUBCASE("because the disk is full: the job restarts") {
    cluster.manager.on_round_kept(
        round, Outcome::refused({ErrorCode::IoFailure, "full", Blame::Environment, Retry::Later}),
        cluster.now());
    CHECK(cluster.restarts.size() == 1);
  }
  SUBCASE("because another leads: it says what becomes of the job") {
    cluster.manager.on_round_kept(
        round, Outcome::refused({ErrorCode::NotLeader, "deposed", Blame::Environment, Retry::Later}),
        cluster.now());
    CHECK(cluster.restarts.empty());
  }
  SUBCASE("because the job was cancelled meanwhile") {
    REQUIRE(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
    cluster.keep_rounds();
  }
  CHECK(cluster.tasks.empty());
}

}  // namespace
}  // namespace weir
