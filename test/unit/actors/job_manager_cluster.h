// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/job_manager/job_manager.h"
#include "test/unit/graph/programs.h"

namespace weir::testing {

inline constexpr TaskManagerId kAda{.high = 1, .low = 1};
inline constexpr TaskManagerId kBob{.high = 1, .low = 2};
inline constexpr ClientId kClient{7};

/// A JobManager, and fake workers and clients who write down what they are asked. A task does nothing by
/// itself: the test says what it reports.
class Cluster final : public JobManagerOutbox {
public:
  explicit Cluster(RestartOptions restart = {}, std::uint32_t slots = 2)
      : Cluster(JobManager::Options{.restart = restart, .state = {}}, slots) {}
  explicit Cluster(const JobManager::Options& options, std::uint32_t slots = 2) : manager(options, *this) {
    join(kAda, slots);
    join(kBob, slots);
  }

  void submit_task(TaskManagerId to, const TaskDeploymentDescriptor& task) override {
    tasks.emplace_back(to, task);
  }
  void cancel_task(TaskManagerId, ExecutionAttemptId attempt) override { cancelled.push_back(attempt); }
  void stop_task(TaskManagerId, ExecutionAttemptId attempt) override { stopped.push_back(attempt); }
  void release_partitions(TaskManagerId, ExecutionAttemptId) override {}
  void slots_due_after(Duration, JobId job, std::uint64_t version) override {
    overdue.emplace_back(job, version);
  }
  void ask_for_state_after(Duration, JobId job, std::uint64_t number) override {
    questions.emplace_back(job, number);
  }
  void tell(ClientId to, const JobStatusChanged& mail) override {
    CHECK(to == kClient);
    causes.push_back(mail.cause);
    story += std::string(story.empty() ? "" : " ") + std::string(name_of(mail.status));
  }
  void tell(ClientId, const ExecutionStateChanged& mail) override { steps.push_back(mail); }
  void tell(ClientId, const JobResult& mail) override { results.push_back(mail); }
  Status keep_library(JobId job, const std::string& library) override {
    if (library == "lost") return Error{ErrorCode::NotFound, "the library is lost"};
    libraries.emplace(job, library);
    return Status::ok();
  }
  void release_library(JobId job) override { CHECK(libraries.erase(job) == 1); }
  void archive(const JobDetails& job) override { archived.push_back(job); }
  void start_soon(JobId job) override { starts.push_back(job); }
  void restart_after(Duration, JobId job, std::uint64_t version) override {
    restarts.emplace_back(job, version);
  }

  void request_restore(const JobGraph& job, std::uint64_t number,
                       const std::vector<CheckpointedVertex>& vertices) override {
    restores.push_back({.job = job.id, .number = number, .outcome = Outcome::ok()});
    restored_vertices = vertices;
  }
  void checkpoint_round_started(JobId, std::uint64_t number, const CheckpointPlan& plan,
                                const std::vector<TaskManagerId>& task_managers) override {
    checkpoint_letters.push_back("round " + std::to_string(number));
    plans.push_back(plan);
    places = task_managers;
  }
  void checkpointed_task_runs(JobId, ExecutionAttemptId) override { checkpoint_letters.push_back("runs"); }
  void checkpointed_task_finished(JobId, ExecutionAttemptId, const TaskSnapshot&) override {
    checkpoint_letters.push_back("finished");
  }
  void checkpoint_round_ended(JobId, const std::string& reason) override {
    checkpoint_letters.push_back("round ended: " + reason);
  }
  void checkpoints_over(JobId, JobEnd end) override {
    checkpoint_letters.push_back("over " + std::to_string(static_cast<int>(end)));
  }

  bool keep_round(const DeployedRound& round) override {
    if (keeps_rounds) rounds.push_back(round);
    return keeps_rounds;
  }
  void adoption_due_after(Duration, JobId job) override { adoptions_due.push_back(job); }

  /// All rounds so far are on record.
  void keep_rounds() {
    for (const DeployedRound& round : std::vector(rounds))
      manager.on_round_kept(round, Outcome::ok(), now());
  }
  void join(TaskManagerId id, std::uint32_t slots) {
    manager.on_task_manager_joined(
        {.id = id, .data_address = "host", .slots = slots, .hardware = {}, .tasks = {}}, now());
  }
  Outcome submit(const JobGraph& graph,
                 ListeningBehaviour listening = ListeningBehaviour::ResultAndStateChanges) {
    const Outcome outcome = manager.on_submit({.graph = graph, .listening = listening}, kClient, now());
    if (outcome.accepted) manager.on_kept(graph.id);
    return outcome;
  }
  /// Submits the job and starts it, from nothing.
  void start(const JobGraph& graph) {
    REQUIRE(submit(graph).accepted);
    start_due(graph.id);
  }
  void start_due(JobId id) {
    manager.on_start_due(id, now());
    restore_from_nothing();
  }
  void restart_due(JobId id, std::uint64_t version) {
    manager.on_restart_due(id, version, now());
    restore_from_nothing();
  }
  /// Answers whoever asked for its state that there is none.
  void restore_from_nothing() {
    for (const RestoredState& answer : std::exchange(restores, {})) manager.on_restored(answer, now());
  }
  bool report(const TaskDeploymentDescriptor& task, ExecutionState state, std::string failure = {}) {
    return manager.on_task_state(
        {.job = task.job, .attempt = task.attempt, .state = state, .failure = std::move(failure)}, now());
  }
  void report_all(ExecutionState state) {
    for (const auto& [to, task] : tasks) (void)report(task, state);
  }
  WallTime now() { return now_ += 1ms; }

  JobManager manager;
  std::vector<std::pair<TaskManagerId, TaskDeploymentDescriptor>> tasks;
  std::vector<ExecutionAttemptId> cancelled;
  std::vector<ExecutionAttemptId> stopped;
  std::string story;
  std::vector<std::string> causes;
  std::vector<ExecutionStateChanged> steps;
  std::vector<JobResult> results;
  std::vector<JobDetails> archived;
  std::map<JobId, std::string> libraries;  // kept and not released
  std::vector<JobId> starts;
  std::vector<std::pair<JobId, std::uint64_t>> restarts;
  std::vector<std::pair<JobId, std::uint64_t>> overdue;
  std::vector<std::pair<JobId, std::uint64_t>> questions;  // for state, to be asked again
  std::vector<RestoredState> restores;  // wanted, and what the answer is if nobody says otherwise
  std::vector<CheckpointedVertex> restored_vertices;
  std::vector<std::string> checkpoint_letters;
  std::vector<CheckpointPlan> plans;
  std::vector<TaskManagerId> places;
  bool keeps_rounds = false;
  std::vector<DeployedRound> rounds;  // that are about to be deployed
  std::vector<JobId> adoptions_due;

private:
  WallTime now_;
};

inline JobGraph job(std::uint32_t readers = 1, std::uint32_t counters = 2, std::uint64_t id = 7) {
  JobGraph graph = job_of(word_count(readers, counters));
  graph.id = {.high = 7, .low = id};
  return graph;
}

}  // namespace weir::testing
