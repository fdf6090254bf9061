// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "test/sim/task_manager_node.h"
#include "test/sim/tasks.h"

namespace weir::sim {

void Tasks::run_sink(const TaskPtr& task) {
  const std::size_t channels = task->state.positions.size();
  task->aligner.emplace(static_cast<std::uint32_t>(channels), BarrierAligner::Mode::ExactlyOnce);
  task->inputs.resize(channels);
  task->blocked.assign(channels, false);
  task->ended.assign(channels, false);
  task->connections.resize(channels);
  task->read = task->state.positions;
  // What the checkpoint holds is complete with it.
  if (task->descriptor.restore.checkpoint != 0) commit(*task, task->descriptor.restore.checkpoint);
  for (std::uint32_t channel = 0; channel < channels; ++channel) open_input(task, channel, 20);
}

void Tasks::open_input(const TaskPtr& task, std::uint32_t channel, int attempts_left) {
  if (task->phase != Phase::Running) return;
  if (attempts_left == 0) return fail(task->descriptor.attempt, "what it is to read is not there");
  const InputChannelDescriptor& input = task->descriptor.inputs.front().channels[channel];
  const auto answer = [this, task, channel, attempts_left](bool is_there) {
    if (is_there) return;
    cluster_.world.in(50ms, node_,
                      [this, task, channel, attempts_left] { open_input(task, channel, attempts_left - 1); });
  };
  const Deliver deliver = [this, task, channel](const Element& element) {
    on_element(task, channel, element);
  };
  if (input.location == InputChannelDescriptor::Location::Remote)
    return request_remote(task, channel, deliver, answer);
  subscribe(input.partition.producer, input.subpartition, std::nullopt,
            [this, deliver](const Element& element) {
              cluster_.world.in(1ms, node_, [deliver, element] { deliver(element); });
            },
            answer);
}

void Tasks::request_remote(const TaskPtr& task, std::uint32_t channel, const Deliver& deliver,
                           const std::function<void(bool)>& answer) {
  const InputChannelDescriptor& input = task->descriptor.inputs.front().channels[channel];
  const NodeId there = cluster_.node_of(input.address);
  const auto use = [this, task, channel, deliver, answer, there, producer = input.partition.producer,
                    subpartition = input.subpartition](std::optional<ConnectionId> connection) {
    if (!connection) return answer(false);
    task->connections[channel] = connection;
    Cluster& cluster = cluster_;
    cluster.post.send(*connection, node_, [&cluster, connection, here = node_, there, producer, subpartition,
                                           deliver, answer] {
      const auto back = [&cluster, connection, there](World::Event event) {
        cluster.post.send(*connection, there, std::move(event));
      };
      cluster.task_manager(there).tasks().subscribe(
          producer, subpartition, connection,
          [back, deliver](const Element& element) { back([deliver, element] { deliver(element); }); },
          [back, answer](bool is_there) { back([answer, is_there] { answer(is_there); }); });
    });
  };
  cluster_.post.connect(node_, there, use);
}

void Tasks::on_element(const TaskPtr& task, std::uint32_t channel, const Element& element) {
  if (task->phase != Phase::Running) return;
  task->inputs[channel].push_back(element);
  read_inputs(task);
}

void Tasks::read_inputs(const TaskPtr& task) {
  for (std::uint32_t channel = 0; channel < task->inputs.size(); ++channel) {
    auto& input = task->inputs[channel];
    while (!input.empty() && !task->blocked[channel] && task->phase == Phase::Running) {
      const Element element = std::move(input.front());
      input.pop_front();
      task->read[channel] = element.position;
      const bool is_end = element.barrier.checkpoint == 0;
      if (is_end) task->ended[channel] = true;
      carry_out(
          task, channel,
          is_end ? task->aligner->on_end(channel) : task->aligner->on_barrier(channel, element.barrier));
    }
  }
  if (task->phase != Phase::Running) return;
  const bool has_ended = std::find(task->ended.begin(), task->ended.end(), false) == task->ended.end();
  if (has_ended && !std::exchange(task->has_finished, true)) carry_out(task, 0, task->aligner->on_finished());
  finish_if_done(task);
}

void Tasks::carry_out(const TaskPtr& task, std::uint32_t channel, const BarrierAligner::Steps& steps) {
  for (const auto& aborted : steps.abort) decline(*task, aborted.checkpoint, std::string(aborted.reason));
  if (steps.snapshot != 0) {
    Batch batch{.checkpoint = steps.snapshot, .events = {}};
    for (std::size_t i = 0; i < task->read.size(); ++i)
      batch.events.emplace_back(task->state.positions[i], task->read[i]);
    task->state.positions = task->read;
    task->state.batches.push_back(std::move(batch));
    if (task->has_finished && task->last_word == 0) task->last_word = steps.snapshot;
    snapshot(task, {.checkpoint = steps.snapshot,
                    .triggered_at = steps.triggered_at,
                    .is_savepoint = steps.is_savepoint,
                    .storage_root = steps.storage_root});
  }
  if (steps.block_channel) task->blocked[channel] = true;
  if (!steps.unblock_all) return;
  const bool was_blocked = std::find(task->blocked.begin(), task->blocked.end(), true) != task->blocked.end();
  task->blocked.assign(task->blocked.size(), false);
  // Behind what is being read now.
  if (was_blocked) cluster_.world.in(Duration::zero(), node_, [this, task] {
      if (task->phase == Phase::Running) read_inputs(task);
    });
}

void Tasks::commit(Task& task, CheckpointId completed) {
  if (task.last_word != 0 && completed >= task.last_word) task.is_last_word_out = true;
  auto& batches = task.state.batches;
  for (auto next = batches.begin(); next != batches.end() && next->checkpoint <= completed;) {
    cluster_.promises.on_sink_commits(task.descriptor.job, task.descriptor.subtask_index, completed, *next);
    next = batches.erase(next);
  }
}

void Tasks::finish_if_done(const TaskPtr& task) {
  if (task->is_last_word_out && task->state.batches.empty() && task->state.positions == task->read)
    finish(task);
}

}  // namespace weir::sim
