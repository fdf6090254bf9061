// SPDX-License-Identifier: Apache-2.0
// The life of a task, and its state. What sources and sinks do is in tasks_of_source.cpp and
// tasks_of_sink.cpp.
#include "test/sim/tasks.h"

#include <cstring>
#include <utility>

#include "base/crc32c.h"
#include "test/sim/task_manager_node.h"

namespace weir::sim {

namespace {

/// The operator that heads the task's chain; it is the only one.
OperatorId operator_of(const TaskDeploymentDescriptor& task) { return {task.vertex.high, task.vertex.low}; }

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

}  // namespace

Status Tasks::submit(const TaskDeploymentDescriptor& descriptor) {
  if (tasks_.contains(descriptor.attempt)) return Status::ok();
  const auto task = std::make_shared<Task>();
  task->descriptor = descriptor;
  tasks_[descriptor.attempt] = task;
  cluster_.world.in(cluster_.world.random().spread(1ms, 60ms), node_, [this, task] {
    if (task->phase == Phase::Deploying) begin(task);
  });
  return Status::ok();
}

void Tasks::begin(const TaskPtr& task) {
  if (!restore(*task)) return end(task->descriptor.attempt, ExecutionState::Failed, "its state is not there");
  task->phase = Phase::Running;
  report(*task, ExecutionState::Running, "");
  if (task->is_source()) run_source(task);
  else run_sink(task);
}

bool Tasks::restore(Task& task) {
  task.state.positions.assign(task.is_source() ? 1 : task.descriptor.inputs.front().channels.size(), 0);
  const TaskRestore& restore = task.descriptor.restore;
  const auto found = restore.operators.find(operator_of(task.descriptor));
  if (found == restore.operators.end() || found->second.sources.empty()) return true;
  const StateHandle& handle = found->second.sources.front().state;
  if (handle.path.empty()) {
    std::string content(handle.content.size(), 0);
    std::memcpy(content.data(), handle.content.data(), content.size());
    task.state = decode_state(content);
    return true;
  }
  const std::string path = restore.root + "/" + handle.path;
  const std::string* content = cluster_.disk.find(path);
  if (content == nullptr) {
    if (observer_.is_wanted(task.descriptor.job, task.descriptor.attempt))
      cluster_.promises.on_state_missing(path);
    return false;
  }
  task.state = decode_state(*content);
  return true;
}

std::optional<TaskSnapshot> Tasks::store(const Task& task, const std::string& root, CheckpointId checkpoint,
                                         const std::string& content) {
  OperatorSnapshot part;
  part.state.bytes = content.size();
  part.state.crc = crc32c(bytes_of(content));
  if (cluster_.plan.keeps_state_in_files && checkpoint != 0) {
    part.state.path = "chk-" + std::to_string(checkpoint) + "/" + task.descriptor.attempt.hex();
    if (!cluster_.disk.write(root + "/" + part.state.path, content)) return std::nullopt;
  } else {
    part.state.content = bytes_of(content);
  }
  return TaskSnapshot{.operators = {{operator_of(task.descriptor), std::move(part)}}};
}

void Tasks::snapshot(const TaskPtr& task, const BarrierAligner::Barrier& barrier) {
  task->last_snapshot = barrier.checkpoint;
  const auto write = [this, task, barrier, content = encode(task->state)] {
    if (task->phase != Phase::Running) return;
    auto stored = store(*task, barrier.storage_root, barrier.checkpoint, content);
    if (!stored) return decline(*task, barrier.checkpoint, "the disk is full");
    observer_.acknowledged({.job = task->descriptor.job,
                            .attempt = task->descriptor.attempt,
                            .checkpoint = barrier.checkpoint,
                            .snapshot = *std::move(stored)});
  };
  cluster_.world.in(cluster_.world.random().spread(1ms, 100ms), node_, write);
}

void Tasks::decline(const Task& task, CheckpointId checkpoint, const std::string& reason) {
  observer_.declined({.job = task.descriptor.job,
                      .attempt = task.descriptor.attempt,
                      .checkpoint = checkpoint,
                      .reason = reason});
}

Tasks::TaskPtr Tasks::running(ExecutionAttemptId attempt) const {
  const auto found = tasks_.find(attempt);
  return found != tasks_.end() && found->second->phase == Phase::Running ? found->second : nullptr;
}

void Tasks::trigger_checkpoint(const TriggerCheckpoint& mail) {
  const TaskPtr task = running(mail.attempt);
  if (!task || mail.checkpoint <= task->last_snapshot) return;
  const BarrierAligner::Barrier barrier{.checkpoint = mail.checkpoint,
                                        .triggered_at = mail.triggered_at,
                                        .is_savepoint = mail.is_savepoint,
                                        .storage_root = mail.storage_root};
  if (!task->is_source()) return carry_out(task, 0, task->aligner->on_trigger(barrier));
  task->state.positions = {position(*task)};
  task->since = cluster_.world.now();
  emit(*task, {.barrier = barrier, .position = task->state.positions.front()});
  snapshot(task, barrier);
}

void Tasks::notify_checkpoint_complete(const NotifyCheckpointComplete& mail) {
  const TaskPtr task = running(mail.attempt);
  if (!task || task->is_source()) return;
  commit(*task, mail.checkpoint);
  finish_if_done(task);
}

void Tasks::end(ExecutionAttemptId attempt, ExecutionState state, const std::string& cause) {
  const auto found = tasks_.find(attempt);
  if (found == tasks_.end() || found->second->phase >= Phase::Ending) return;
  const TaskPtr task = found->second;
  task->phase = Phase::Ending;
  cluster_.world.in(cluster_.world.random().spread(500us, 60ms), node_, [this, task, state, cause] {
    task->phase = Phase::Over;
    report(*task, state, cause);
    tasks_.erase(task->descriptor.attempt);
  });
}

void Tasks::finish(const TaskPtr& task) {
  task->phase = Phase::Over;
  auto stored = store(*task, "", 0, encode(task->state));
  report(*task, ExecutionState::Finished, "", *std::move(stored));
}

void Tasks::report(const Task& task, ExecutionState state, const std::string& cause, TaskSnapshot snapshot) {
  if (cluster_.world.tells())
    cluster_.world.tell(cluster_.world.name(node_) + ": " + task.descriptor.display_name() + " #" +
                        std::to_string(task.descriptor.attempt_number) + " is " +
                        std::string(name_of(state)) + (cause.empty() ? "" : ": " + cause));
  observer_.state({.job = task.descriptor.job,
                   .attempt = task.descriptor.attempt,
                   .state = state,
                   .failure = cause,
                   .snapshot = std::move(snapshot)});
}

void Tasks::fail_all(const std::string& cause) {
  std::vector<ExecutionAttemptId> all;
  for (const auto& [attempt, task] : tasks_) all.push_back(attempt);
  for (const ExecutionAttemptId attempt : all) {
    if (tasks_.at(attempt)->phase == Phase::Over) tasks_.erase(attempt);
    else fail(attempt, cause);
  }
}

void Tasks::release_partitions(ExecutionAttemptId attempt) {
  const auto found = tasks_.find(attempt);
  if (found != tasks_.end() && found->second->phase == Phase::Over) tasks_.erase(found);
}

void Tasks::on_down(ConnectionId connection) {
  std::vector<ExecutionAttemptId> cut_off;
  for (const auto& [attempt, task] : tasks_) {
    bool uses_it = false;
    for (const auto& [reader, output] : task->outputs) uses_it |= output.connection == connection;
    for (const auto& input : task->connections) uses_it |= input == connection;
    if (uses_it && task->phase == Phase::Running) cut_off.push_back(attempt);
  }
  for (const ExecutionAttemptId attempt : cut_off) fail(attempt, "the connection to a TaskManager was lost");
}

}  // namespace weir::sim
