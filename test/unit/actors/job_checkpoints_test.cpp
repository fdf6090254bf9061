// SPDX-License-Identifier: Apache-2.0
// What a JobManager asks and tells of the state of its jobs.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test/unit/actors/job_manager_cluster.h"

namespace weir {
namespace {

using testing::Cluster;
using testing::job;
using Said = std::vector<std::string>;

/// The state of one vertex of `cluster`'s job for each of its tasks: checkpoint 4, in a directory of its own.
RestoredState some_state(const Cluster& cluster) {
  RestoredState state = cluster.restores.back();
  state.checkpoint = 4;
  for (const CheckpointedVertex& vertex : cluster.restored_vertices) {
    state.tasks.emplace_back();
    for (std::uint32_t i = 0; i < vertex.parallelism(); ++i)
      state.tasks.back().push_back({.checkpoint = 4, .root = vertex.name + std::to_string(i)});
    state.max_parallelism.push_back(256);
  }
  return state;
}

/// A task of the job fails, and its restart is due.
void start_and_restart(Cluster& cluster) {
  cluster.start(job());
  (void)cluster.report(cluster.tasks[1].second, ExecutionState::Failed, "it broke");
  (void)cluster.report(cluster.tasks[0].second, ExecutionState::Canceled);
  (void)cluster.report(cluster.tasks[2].second, ExecutionState::Canceled);
  REQUIRE(cluster.restarts.size() == 1);
  cluster.manager.on_restart_due(cluster.restarts[0].first, cluster.restarts[0].second, cluster.now());
}

std::string round_of(Cluster& cluster) {
  Said said = std::exchange(cluster.checkpoint_letters, {});
  std::string all;
  for (const std::string& letter : said) all += (all.empty() ? "" : ", ") + letter;
  return all;
}

TEST_CASE("a job asks what it starts with before any task is deployed") {
  Cluster cluster;
  REQUIRE(cluster.submit(job()).accepted);
  cluster.manager.on_start_due(job().id, cluster.now());
  CHECK(cluster.tasks.empty());
  REQUIRE(cluster.restores.size() == 1);
  CHECK(cluster.restored_vertices.size() == job().vertices.size());

  const RestoredState state = some_state(cluster);
  RestoredState outdated = state;
  outdated.number = 99;
  cluster.manager.on_restored(outdated, cluster.now());
  CHECK(cluster.tasks.empty());

  cluster.manager.on_restored(state, cluster.now());
  REQUIRE(cluster.tasks.size() == 3);
  for (const auto& [to, task] : cluster.tasks) {
    CHECK(task.restore.checkpoint == 4);
    CHECK(task.restore.root == task.task_name + std::to_string(task.subtask_index));
    CHECK(task.max_parallelism == 256);
    for (const ResultPartitionDescriptor& output : task.outputs)
      CHECK(output.consumer_max_parallelism == 256);
  }
  const auto deployed = cluster.tasks.size();
  cluster.manager.on_restored(state, cluster.now());  // said twice
  CHECK(cluster.tasks.size() == deployed);
}

TEST_CASE("state that does not fit fails the job before any task is deployed") {
  Cluster cluster({.kind = RestartOptions::Kind::FixedDelay, .attempts = 3});
  REQUIRE(cluster.submit(job()).accepted);
  cluster.manager.on_start_due(job().id, cluster.now());
  RestoredState state = cluster.restores.back();
  state.outcome = Outcome::refused(
      {ErrorCode::StateNotRestorable, "operator \"sum\" has gone", Blame::User, Retry::Never});
  cluster.manager.on_restored(state, cluster.now());
  CHECK(cluster.tasks.empty());
  REQUIRE(cluster.results.size() == 1);
  CHECK(cluster.results[0].status == JobStatus::Failed);
  CHECK(cluster.results[0].failure == "operator \"sum\" has gone");
  CHECK(round_of(cluster) == "over 2");
}

TEST_CASE("state that cannot be read now is asked for again, and the job neither fails nor is forgotten") {
  Cluster cluster;
  REQUIRE(cluster.submit(job()).accepted);
  cluster.manager.on_start_due(job().id, cluster.now());
  const Error away{ErrorCode::IoFailure, "cannot open /chk-4/_metadata: Input/output error",
                   Blame::Environment, Retry::Later};
  for (std::uint64_t i = 0; i < 3; ++i) {
    RestoredState state = cluster.restores.back();
    state.outcome = Outcome::refused(away);
    cluster.manager.on_restored(state, cluster.now());
    CHECK(cluster.tasks.empty());
    REQUIRE(cluster.questions.size() == i + 1);
    cluster.manager.on_ask_for_state(job().id, cluster.questions.back().second);
    cluster.manager.on_ask_for_state(job().id, cluster.questions.back().second);  // outdated
    CHECK(cluster.restores.size() == i + 2);
  }
  CHECK(cluster.results.empty());
  CHECK(cluster.manager.details(job().id)->waiting_for == "waiting for its state: " + away.what);
  CHECK(std::ranges::count(cluster.causes, "waiting for its state: " + away.what) == 1);

  SUBCASE("until it can be") {
    cluster.manager.on_restored(some_state(cluster), cluster.now());
    REQUIRE(cluster.tasks.size() == 3);
    CHECK(cluster.tasks[0].second.restore.checkpoint == 4);
    CHECK(cluster.manager.details(job().id)->waiting_for.empty());
  }
  SUBCASE("until it is cancelled") {
    CHECK(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
    cluster.manager.on_ask_for_state(job().id, cluster.questions.back().second + 1);
    CHECK(cluster.results.size() == 1);
    CHECK(cluster.restores.size() == 4);
  }
}

TEST_CASE("the coordinator hears of each round: its plan, its tasks, its end") {
  Cluster cluster({.kind = RestartOptions::Kind::FixedDelay, .attempts = 3});
  cluster.start(job());
  CHECK(round_of(cluster) == "round 1");
  const CheckpointPlan& plan = cluster.plans.at(0);
  REQUIRE(plan.vertices.size() == 2);
  CHECK(plan.vertices[0].tasks.size() == 1);
  CHECK(plan.vertices[0].tasks[0].producers.empty());
  REQUIRE(plan.vertices[1].tasks.size() == 2);
  CHECK(plan.vertices[1].tasks[1].producers ==
        std::vector<ProducerSubtasks>{{.vertex = 0, .first = 0, .count = 1}});
  CHECK(plan.vertices[1].tasks[0].attempt == cluster.tasks[1].second.attempt);
  CHECK(cluster.places.size() == 3);

  cluster.report_all(ExecutionState::Running);
  CHECK(round_of(cluster) == "runs, runs, runs");
  (void)cluster.report(cluster.tasks[0].second, ExecutionState::Finished);
  CHECK(round_of(cluster) == "finished");
  (void)cluster.report(cluster.tasks[1].second, ExecutionState::Failed, "it broke");
  CHECK(round_of(cluster) == "round ended: it is FAILING");
  (void)cluster.report(cluster.tasks[2].second, ExecutionState::Canceled);

  REQUIRE(cluster.restarts.size() == 1);
  cluster.restart_due(cluster.restarts[0].first, cluster.restarts[0].second);
  CHECK(round_of(cluster) == "round 2");
  for (std::size_t i = 3; i < 6; ++i) (void)cluster.report(cluster.tasks[i].second, ExecutionState::Running);
  for (std::size_t i = 3; i < 6; ++i) (void)cluster.report(cluster.tasks[i].second, ExecutionState::Finished);
  CHECK(round_of(cluster) ==
        "runs, runs, runs, finished, finished, finished, round ended: it is FINISHED, over 0");
}

TEST_CASE("a job restarts from what it is told, and a cancelled one does not restart") {
  Cluster cluster({.kind = RestartOptions::Kind::FixedDelay, .attempts = 3});
  start_and_restart(cluster);
  REQUIRE(cluster.restores.size() == 1);
  CHECK(cluster.tasks.size() == 3);

  SUBCASE("restored") {
    cluster.manager.on_restored(some_state(cluster), cluster.now());
    REQUIRE(cluster.tasks.size() == 6);
    CHECK(cluster.tasks[5].second.restore.checkpoint == 4);
  }
  SUBCASE("cancelled while it waits for its state") {
    CHECK(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
    cluster.manager.on_restored(some_state(cluster), cluster.now());
    CHECK(cluster.tasks.size() == 3);
    CHECK(cluster.results.size() == 1);
  }
}

TEST_CASE("a restart waits for state that cannot be read now, and uses up one attempt alone") {
  Cluster cluster({.kind = RestartOptions::Kind::FixedDelay, .attempts = 1});
  start_and_restart(cluster);
  for (std::size_t asked = 1; asked <= 3; ++asked) {
    RestoredState none = some_state(cluster);
    none.outcome = Outcome::refused({ErrorCode::NotFound, "no disk", Blame::Environment, Retry::Later});
    cluster.manager.on_restored(none, cluster.now());
    CHECK(cluster.manager.details(job().id)->waiting_for == "waiting for its state: no disk");
    REQUIRE(cluster.questions.size() == asked);
    cluster.manager.on_ask_for_state(job().id, cluster.questions.back().second);
  }
  CHECK(cluster.tasks.size() == 3);
  CHECK(cluster.results.empty());

  SUBCASE("until it can be read") {
    cluster.manager.on_restored(some_state(cluster), cluster.now());
    CHECK(cluster.tasks.size() == 6);
    CHECK(cluster.restarts.size() == 1);
  }
  SUBCASE("until it is cancelled") {
    CHECK(cluster.manager.on_cancel(job().id, cluster.now()).accepted);
    CHECK(cluster.results.size() == 1);
    const std::size_t asked = cluster.restores.size();
    cluster.manager.on_ask_for_state(job().id, cluster.questions.back().second + 1);
    CHECK(cluster.restores.size() == asked);
  }
  SUBCASE("or until it is known to be spoilt") {
    RestoredState spoilt = some_state(cluster);
    spoilt.outcome = Outcome::refused({ErrorCode::Corrupt, "cut off", Blame::Environment, Retry::Never});
    cluster.manager.on_restored(spoilt, cluster.now());
    REQUIRE(cluster.results.size() == 1);
  }
}

TEST_CASE("too many failed checkpoints fail the round they belong to, and no later one") {
  Cluster cluster({.kind = RestartOptions::Kind::FixedDelay, .attempts = 3});
  cluster.start(job());
  const Error cause{ErrorCode::CheckpointFailed, "the disk is full", Blame::Environment, Retry::Later};
  cluster.manager.on_checkpoints_failed({.job = job().id, .round = 2, .cause = cause}, cluster.now());
  CHECK(cluster.cancelled.empty());
  cluster.manager.on_checkpoints_failed({.job = job().id, .round = 1, .cause = cause}, cluster.now());
  CHECK(cluster.cancelled.size() == 3);
}

TEST_CASE("a job that could not be kept was never here") {
  Cluster cluster;
  REQUIRE(cluster.manager.on_submit({.graph = job()}, testing::kClient, cluster.now()).accepted);
  CHECK(cluster.starts.empty());
  cluster.manager.on_not_kept(job().id);
  CHECK(cluster.libraries.empty());
  CHECK(cluster.manager.find(job().id) == nullptr);
}

TEST_CASE("a recovered job waits for the slots that are yet to come") {
  Cluster cluster(RestartOptions{}, 0);
  REQUIRE(cluster.manager.on_recovered(job(), {}, cluster.now()).accepted);
  CHECK(cluster.starts == std::vector{job().id});
  cluster.start_due(job().id);
  CHECK(cluster.manager.find(job().id)->status() == JobStatus::Running);
  cluster.join({.high = 5, .low = 5}, 4);
  CHECK(cluster.tasks.size() == 3);
}

}  // namespace
}  // namespace weir
