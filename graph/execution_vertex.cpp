// SPDX-License-Identifier: Apache-2.0
#include "graph/execution_vertex.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace weir {

Execution::Execution(ExecutionAttemptId id, std::uint32_t attempt_number, WallTime now)
    : id_(id), attempt_number_(attempt_number) {
  entered_[static_cast<std::size_t>(ExecutionState::Created)] = now;
}

void Execution::move_to(ExecutionState state, WallTime now) {
  WEIR_CHECK(may_move(state_, state), "an attempt made a move that the table does not allow");
  state_ = state;
  entered_[static_cast<std::size_t>(state)] = now;
}

void Execution::count(const IoCounters& counters, const std::map<std::string, std::int64_t>& accumulators) {
  counters_ = counters;
  accumulators_ = accumulators;
}

void ExecutionVertex::adopt(Execution running) {
  WEIR_CHECK(current_.state() == ExecutionState::Created, "the attempt was deployed already");
  current_ = std::move(running);
}

void ExecutionVertex::reset(ExecutionAttemptId next, WallTime now) {
  WEIR_CHECK(is_terminal(current_.state()), "the attempt before has not ended");
  if (prior_.size() == kPriorAttemptsKept) prior_.pop_front();
  const std::uint32_t number = current_.attempt_number() + 1;
  prior_.push_back(std::exchange(current_, Execution(next, number, now)));
}

ExecutionJobVertex::ExecutionJobVertex(JobVertex definition, std::vector<ExecutionVertex> subtasks,
                                       std::vector<Input> inputs, std::vector<IntermediateResult> results)
    : definition_(std::move(definition)),
      subtasks_(std::move(subtasks)),
      inputs_(std::move(inputs)),
      results_(std::move(results)) {}

std::string ExecutionJobVertex::display_name(std::uint32_t subtask) const {
  return definition_.name + " (" + std::to_string(subtask + 1) + "/" +
         std::to_string(definition_.parallelism) + ")";
}

ExecutionState ExecutionJobVertex::aggregate_state() const {
  using enum ExecutionState;
  const auto count = [this](ExecutionState state) {
    return std::count_if(subtasks_.begin(), subtasks_.end(), [state](const ExecutionVertex& subtask) {
      return subtask.current().state() == state;
    });
  };
  for (const ExecutionState decisive : {Failed, Canceling, Canceled, Running}) {
    if (count(decisive) > 0) return decisive;
  }
  const auto finished = static_cast<std::size_t>(count(Finished));
  if (finished == 0) return Created;
  return finished == subtasks_.size() ? Finished : Running;
}

}  // namespace weir
