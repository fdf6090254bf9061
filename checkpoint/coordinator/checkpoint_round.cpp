// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/coordinator/checkpoint_round.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

bool contains(const ProducerSubtasks& range, TaskPosition at) {
  return range.vertex == at.vertex && at.subtask >= range.first && at.subtask - range.first < range.count;
}

}  // namespace

CheckpointRound::CheckpointRound(CheckpointPlan plan) : plan_(std::move(plan)) {
  for (std::size_t v = 0; v < plan_.vertices.size(); ++v) {
    for (std::uint32_t i = 0; i < plan_.vertices[v].parallelism(); ++i) {
      const CheckpointedTask& planned = plan_.vertices[v].tasks[i];
      Task& task = tasks_[planned.attempt];
      task.position = {.vertex = v, .subtask = i};
      for (const ProducerSubtasks& read : planned.producers) task.live_producers += read.count;
    }
  }
  deployed_ = tasks_.size();
}

bool CheckpointRound::on_running(ExecutionAttemptId id) {
  const auto task = tasks_.find(id);
  if (task == tasks_.end() || task->second.state != State::Deployed) return false;
  task->second.state = State::Running;
  --deployed_;
  ++running_;
  return true;
}

std::vector<ExecutionAttemptId> CheckpointRound::on_finished(ExecutionAttemptId id,
                                                             const TaskSnapshot& snapshot) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || found->second.state == State::Finished) return {};
  --(found->second.state == State::Deployed ? deployed_ : running_);  // a short one may end unseen
  found->second.state = State::Finished;
  finished_[id] = snapshot;
  std::vector<ExecutionAttemptId> cut_off;
  for (auto& [consumer, task] : tasks_) {
    const auto& planned = plan_.vertices[task.position.vertex].tasks[task.position.subtask];
    std::uint32_t ended = 0;
    for (const ProducerSubtasks& read : planned.producers) ended += contains(read, found->second.position);
    if (ended == 0) continue;
    task.live_producers -= ended;
    if (task.live_producers == 0 && task.state != State::Finished) cut_off.push_back(consumer);
  }
  return cut_off;
}

bool CheckpointRound::sources_have_ended() const {
  if (running_ + deployed_ == 0) return false;
  return std::none_of(tasks_.begin(), tasks_.end(), [&](const auto& entry) {
    const Task& task = entry.second;
    const auto& planned = plan_.vertices[task.position.vertex].tasks[task.position.subtask];
    return planned.producers.empty() && task.state != State::Finished;
  });
}

std::vector<ExecutionAttemptId> CheckpointRound::live_tasks() const {
  std::vector<ExecutionAttemptId> live;
  for (const auto& [id, task] : tasks_)
    if (task.state != State::Finished) live.push_back(id);
  return live;
}

std::vector<ExecutionAttemptId> CheckpointRound::trigger_tasks() const {
  std::vector<ExecutionAttemptId> sources;
  for (const auto& [id, task] : tasks_)
    if (task.state != State::Finished && task.live_producers == 0) sources.push_back(id);
  return sources;
}

}  // namespace weir
