// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "graph/execution_graph.h"
#include "test/unit/graph/programs.h"

namespace weir::testing {

inline const std::string kRead = "Source: text -> split";
inline const std::string kCount = "sum -> Sink: print";

/// An ExecutionGraph with somebody who carries out its effects by writing them down. Attempts are numbered
/// from 1, the clock moves a millisecond an event, and subtask i of every vertex gets slot i, which is that
/// of TaskManager i.
class RunningJob {
public:
  explicit RunningJob(const JobGraph& job = job_of(word_count(1, 2)), RestartOptions restart = {})
      : graph_(*ExecutionGraph::build(job,
                                      {.restart_strategy = make_restart_strategy(restart),
                                       .new_attempt_id =
                                           [next = std::uint64_t{0}]() mutable {
                                             return ExecutionAttemptId{0, ++next};
                                           }},
                                      WallTime{})) {}

  static TaskManagerId manager(std::uint32_t i) { return {1, i}; }
  static AssignedSlot slot(std::uint32_t i) {
    return {.task_manager = manager(i),
            .data_address = "host" + std::to_string(i) + ":1",
            .slot = 0,
            .allocation = {2, i + 1}};
  }

  ExecutionGraph& graph() { return graph_; }
  JobStatus status() const { return graph_.status(); }
  WallTime tick() { return now_ += std::chrono::milliseconds(1); }

  const Execution& task(const std::string& vertex, std::uint32_t subtask) const {
    for (const ExecutionJobVertex& v : graph_.vertices()) {
      if (v.definition().name == vertex) return v.subtasks()[subtask].current();
    }
    FAIL("no such vertex");
    return graph_.vertices().front().subtasks().front().current();
  }
  ExecutionState state(const std::string& vertex, std::uint32_t subtask) const {
    return task(vertex, subtask).state();
  }

  bool report(ExecutionAttemptId attempt, ExecutionState state, std::string failure = {}) {
    return graph_.on_task_state(
        {.job = graph_.job_graph().id, .attempt = attempt, .state = state, .failure = std::move(failure)},
        tick());
  }
  bool report(const std::string& vertex, std::uint32_t subtask, ExecutionState state,
              std::string failure = {}) {
    return report(task(vertex, subtask).id(), state, std::move(failure));
  }
  /// The same of every attempt that has not ended.
  void report_all(ExecutionState state) {
    std::vector<ExecutionAttemptId> open;
    for (const ExecutionJobVertex& vertex : graph_.vertices()) {
      for (const ExecutionVertex& subtask : vertex.subtasks()) {
        if (!is_terminal(subtask.current().state())) open.push_back(subtask.current().id());
      }
    }
    for (const ExecutionAttemptId attempt : open) report(attempt, state);
  }

  void schedule() { graph_.schedule(tick()); }
  /// Answers the open request.
  void assign() {
    const auto requests = written<effects::RequestSlots>();
    REQUIRE_FALSE(requests.empty());
    std::vector<AssignedSlot> slots;
    for (const SlotRequest& request : requests.back().requests) slots.push_back(slot(request.vertex.subtask));
    graph_.on_slots_assigned(requests.back().version, std::move(slots), tick());
  }
  void deploy() {
    schedule();
    assign();
  }
  void run() {
    deploy();
    report_all(ExecutionState::Running);
  }
  void restart() {
    const auto due = written<effects::ScheduleRestart>();
    REQUIRE_FALSE(due.empty());
    graph_.on_restart_due(due.back().version, tick());
  }

  /// The effects of one kind since forget(), in order.
  template <class E>
  std::vector<E> written() {
    for (Effect& effect : graph_.take_effects()) log_.push_back(std::move(effect));
    std::vector<E> found;
    for (const Effect& effect : log_) {
      if (const auto* e = std::get_if<E>(&effect)) found.push_back(*e);
    }
    return found;
  }
  void forget() {
    (void)graph_.take_effects();
    log_.clear();
  }

  /// "CREATED RUNNING FINISHED": what the job has told of itself since forget().
  std::string story() {
    std::string text;
    for (const auto& change : written<effects::JobStatusChanged>()) {
      if (text.empty()) text = name_of(change.from);
      text += " " + std::string(name_of(change.to));
    }
    return text;
  }
  std::vector<ExecutionAttemptId> asked_to_cancel() {
    std::vector<ExecutionAttemptId> attempts;
    for (const auto& cancel : written<effects::CancelTask>()) attempts.push_back(cancel.attempt);
    return attempts;
  }
  std::vector<AssignedSlot> given_back() {
    std::vector<AssignedSlot> slots;
    for (const auto& release : written<effects::ReleaseSlot>()) slots.push_back(release.slot);
    return slots;
  }

private:
  ExecutionGraph graph_;
  WallTime now_{};
  std::vector<Effect> log_;
};

}  // namespace weir::testing
