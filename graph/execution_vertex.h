// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "graph/execution_effects.h"
#include "graph/execution_state.h"
#include "graph/intermediate_result.h"
#include "graph/job_graph.h"

namespace weir {

/// One attempt to run one subtask, as the JobManager knows it.
class Execution {
public:
  Execution(ExecutionAttemptId id, std::uint32_t attempt_number, WallTime now);

  [[nodiscard]] ExecutionAttemptId id() const { return id_; }
  [[nodiscard]] std::uint32_t attempt_number() const { return attempt_number_; }  // from 0
  [[nodiscard]] ExecutionState state() const { return state_; }
  /// When the state was entered; the epoch if it never was.
  [[nodiscard]] WallTime entered(ExecutionState state) const {
    return entered_[static_cast<std::size_t>(state)];
  }
  /// Whether a slot was assigned; it stays known after the end.
  [[nodiscard]] bool has_slot() const { return !slot_.allocation.is_none(); }
  [[nodiscard]] const AssignedSlot& slot() const { return slot_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }  // empty unless Failed
  [[nodiscard]] const IoCounters& counters() const { return counters_; }
  [[nodiscard]] const std::map<std::string, std::int64_t>& accumulators() const { return accumulators_; }

  /// Aborts on a move that the table does not allow.
  void move_to(ExecutionState state, WallTime now);
  void assign(AssignedSlot slot) { slot_ = std::move(slot); }
  void set_failure(std::string failure) { failure_ = std::move(failure); }
  /// Takes over what the task has counted so far.
  void count(const IoCounters& counters, const std::map<std::string, std::int64_t>& accumulators);

private:
  ExecutionAttemptId id_;
  std::uint32_t attempt_number_;
  ExecutionState state_ = ExecutionState::Created;
  std::array<WallTime, 8> entered_{};  // by ExecutionState
  AssignedSlot slot_;
  std::string failure_;
  IoCounters counters_;
  std::map<std::string, std::int64_t> accumulators_;
};

/// One subtask: its current attempt, and those before it.
class ExecutionVertex {
public:
  static constexpr std::size_t kPriorAttemptsKept = 16;

  ExecutionVertex(std::uint32_t subtask, Execution first) : subtask_(subtask), current_(std::move(first)) {}

  [[nodiscard]] std::uint32_t subtask() const { return subtask_; }
  [[nodiscard]] const Execution& current() const { return current_; }
  [[nodiscard]] Execution& current() { return current_; }
  /// Oldest first.
  [[nodiscard]] const std::deque<Execution>& prior() const { return prior_; }

  /// Its first attempt was begun by a JobManager before us. That of ours must not have been deployed.
  void adopt(Execution running);
  /// Begins the next attempt. The current one must have ended.
  void reset(ExecutionAttemptId next, WallTime now);

private:
  std::uint32_t subtask_;
  Execution current_;
  std::deque<Execution> prior_;
};

/// One vertex of the job, times its parallelism.
class ExecutionJobVertex {
public:
  /// Where an input comes from: positions in ExecutionGraph::vertices() and in that vertex's results().
  struct Input {
    std::size_t producer = 0;
    std::size_t result = 0;
    std::uint32_t input_index = 0;
  };

  ExecutionJobVertex(JobVertex definition, std::vector<ExecutionVertex> subtasks, std::vector<Input> inputs,
                     std::vector<IntermediateResult> results);

  [[nodiscard]] const JobVertex& definition() const { return definition_; }
  [[nodiscard]] const std::vector<ExecutionVertex>& subtasks() const { return subtasks_; }
  [[nodiscard]] std::vector<ExecutionVertex>& subtasks() { return subtasks_; }
  [[nodiscard]] const std::vector<Input>& inputs() const { return inputs_; }
  [[nodiscard]] const std::vector<IntermediateResult>& results() const { return results_; }

  /// The number of key groups of what it is restored from.
  void set_max_parallelism(std::uint32_t groups) { definition_.max_parallelism = groups; }
  void set_consumer_max_parallelism(std::size_t result, std::uint32_t groups) {
    results_[result].set_consumer_max_parallelism(groups);
  }

  /// "Keyed Sum (2/4)"
  [[nodiscard]] std::string display_name(std::uint32_t subtask) const;
  /// One word for all subtasks: Failed, Canceling or Canceled if one is; else Running if one runs or only
  /// some are finished; Finished if all are; else Created.
  [[nodiscard]] ExecutionState aggregate_state() const;

private:
  JobVertex definition_;
  std::vector<ExecutionVertex> subtasks_;
  std::vector<Input> inputs_;
  std::vector<IntermediateResult> results_;
};

}  // namespace weir
