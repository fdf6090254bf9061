// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/coordinator/pending_checkpoint.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace weir {

PendingCheckpoint::PendingCheckpoint(CompletedCheckpoint frame, const CheckpointPlan& plan,
                                     TimePoint deadline, std::optional<SavepointRequest> request)
    : content_(std::move(frame)), deadline_(deadline), request_(std::move(request)) {
  for (std::size_t v = 0; v < plan.vertices.size(); ++v) {
    const CheckpointedVertex& vertex = plan.vertices[v];
    for (const CheckpointedOperator& member : vertex.operators) {
      content_.operators[member.id] = {.name = member.name,
                                       .uid = member.uid,
                                       .parallelism = vertex.parallelism(),
                                       .max_parallelism = vertex.max_parallelism,
                                       .subtasks = {}};
    }
    for (std::uint32_t i = 0; i < vertex.parallelism(); ++i) {
      awaited_[vertex.tasks[i].attempt] = {.position = {.vertex = v, .subtask = i},
                                           .name = "\"" + vertex.name + "\" (" + std::to_string(i + 1) + "/" +
                                                   std::to_string(vertex.parallelism()) + ")"};
    }
  }
}

PendingCheckpoint::Answer PendingCheckpoint::acknowledge(ExecutionAttemptId task,
                                                         const TaskSnapshot& snapshot) {
  const auto awaited = awaited_.find(task);
  if (awaited == awaited_.end()) return answered_.contains(task) ? Answer::Duplicate : Answer::Unknown;
  for (const auto& [id, state] : snapshot.operators) {
    const auto known = content_.operators.find(id);
    if (known != content_.operators.end()) known->second.subtasks[awaited->second.position.subtask] = state;
  }
  answered_.insert(task);
  awaited_.erase(awaited);
  return Answer::Taken;
}

std::string PendingCheckpoint::missing() const {
  if (awaited_.empty()) return {};
  const auto by_position = [](const auto& a, const auto& b) { return a.second.position < b.second.position; };
  const std::string& first = std::min_element(awaited_.begin(), awaited_.end(), by_position)->second.name;
  return awaited_.size() == 1 ? first : first + " and " + std::to_string(awaited_.size() - 1) + " more";
}

CheckpointOrder PendingCheckpoint::order() const {
  return {.checkpoint = content_.id,
          .triggered_at = content_.triggered_at,
          .root = content_.root,
          .is_savepoint = content_.is_savepoint,
          .ends_sources = request_ && request_->ends_sources};
}

void PendingCheckpoint::complete(WallTime now) {
  WEIR_CHECK(is_complete() && !is_being_written_, "a checkpoint completes once, when all have answered");
  content_.completed_at = now;
  is_being_written_ = true;
}

}  // namespace weir
