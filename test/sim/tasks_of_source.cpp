// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "test/sim/task_manager_node.h"
#include "test/sim/tasks.h"

namespace weir::sim {

std::uint64_t Tasks::position(const Task& task) const {
  const auto ran = std::chrono::duration_cast<std::chrono::milliseconds>(cluster_.world.now() - task.since);
  const auto counted = static_cast<std::uint64_t>(ran.count()) * cluster_.plan.events_per_second / 1000;
  return std::min(task.state.positions.front() + counted, cluster_.plan.events_per_source);
}

void Tasks::run_source(const TaskPtr& task) {
  if (!task->outputs.empty()) task->state.positions = {position(*task)};
  task->since = cluster_.world.now();
  for (std::uint32_t reader = 0; reader < 2; ++reader) task->outputs[reader];
  const std::uint64_t left = cluster_.plan.events_per_source - task->state.positions.front();
  const Duration length = std::chrono::milliseconds(1000 * left / cluster_.plan.events_per_second + 50);
  cluster_.world.in(length, node_, [this, task] {
    if (task->phase != Phase::Running) return;
    // A checkpoint meanwhile has set the position, and none has moved it on further than time has.
    const bool must_wait = cluster_.plan.ends_late && !cluster_.has_recovered();
    if (must_wait || position(*task) < cluster_.plan.events_per_source) return run_source(task);
    task->state.positions = {cluster_.plan.events_per_source};
    emit(*task, {.barrier = {}, .position = cluster_.plan.events_per_source});
    finish(task);
  });
}

void Tasks::emit(Task& task, const Element& element) {
  for (auto& [reader, output] : task.outputs) {
    if (output.deliver) output.deliver(element);
    else output.sent.push_back(element);
  }
}

void Tasks::subscribe(ExecutionAttemptId producer, std::uint32_t reader,
                      std::optional<ConnectionId> connection, const Deliver& deliver,
                      const std::function<void(bool)>& answer) {
  const auto found = tasks_.find(producer);
  const bool is_there = found != tasks_.end() && found->second->outputs.contains(reader) &&
                        found->second->phase != Phase::Ending;
  answer(is_there);
  if (!is_there) return;
  Output& output = found->second->outputs.at(reader);
  output.deliver = deliver;
  output.connection = connection;
  for (const Element& element : std::exchange(output.sent, {})) deliver(element);
}

}  // namespace weir::sim
