// SPDX-License-Identifier: Apache-2.0
#include "execution/task/worker.h"

#include <map>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "execution/task/task.h"
#include "execution/task/timer_service.h"
#include "memory/memory_manager.h"
#include "memory/network_buffer_pool.h"
#include "network/input_gate.h"
#include "network/partition_registry.h"
#include "network/result_partition.h"

namespace weir {

namespace {
constexpr Duration kHousekeepingInterval = 200ms;
}  // namespace

/// Order: `lock` guards the table of tasks only; tasks, pools and the registry are called without it.
struct Worker::State {
  State(Options chosen, ProgramSource& source, TaskObserver& listener)
      : options(chosen),
        programs(source),
        observer(listener),
        segments(static_cast<std::uint32_t>(chosen.network_memory_bytes / chosen.segment_bytes),
                 chosen.segment_bytes),
        managed_memory(chosen.managed_memory_bytes, chosen.segment_bytes, chosen.slots),
        housekeeping(timers, kHousekeepingInterval, [this] { registry.on_tick(SystemClock{}.now()); }) {}

  [[nodiscard]] Result<TaskWiring> wire(const TaskDeploymentDescriptor& task, Bell& bell);
  void on_report(const TaskExecutionState& report);
  [[nodiscard]] std::shared_ptr<Task> find(ExecutionAttemptId attempt) WEIR_EXCLUDES(lock);
  [[nodiscard]] std::vector<std::shared_ptr<Task>> running_tasks() WEIR_EXCLUDES(lock);
  void join_ended() WEIR_EXCLUDES(lock);

  const Options options;
  ProgramSource& programs;
  TaskObserver& observer;

  NetworkBufferPool segments;
  MemoryManager managed_memory;
  PartitionRegistry registry;
  TimerService timers;
  PeriodicTimer housekeeping;

  mutable Mutex lock;
  std::map<ExecutionAttemptId, std::shared_ptr<Task>> tasks WEIR_GUARDED_BY(lock);
  std::vector<std::shared_ptr<Task>> ended WEIR_GUARDED_BY(lock);  // their threads are about to end, or have
};

Worker::Worker(Options options, ProgramSource& programs, TaskObserver& observer)
    : state_(std::make_unique<State>(options, programs, observer)) {}

Worker::~Worker() {
  for (const auto& task : state_->running_tasks()) task->cancel();
  state_->registry.close();
  while (true) {
    const auto still_there = state_->running_tasks();
    if (still_there.empty()) break;
    for (const auto& task : still_there) task->join();
  }
  state_->join_ended();
}

Status Worker::submit(TaskDeploymentDescriptor task) {
  State& state = *state_;
  state.join_ended();
  if (task.slot >= state.options.slots) {
    return Error{ErrorCode::Refused,
                 task.display_name() + " is for slot " + std::to_string(task.slot) + " of " +
                     std::to_string(state.options.slots),
                 Blame::Bug};
  }
  if (state.find(task.attempt)) {
    return Error{ErrorCode::Refused, task.display_name() + " was submitted twice", Blame::Bug};
  }
  auto bell = std::make_unique<Bell>();
  auto wiring = state.wire(task, *bell);
  if (!wiring) return wiring.error();

  const auto outputs = wiring->outputs;
  const ExecutionAttemptId attempt = task.attempt;
  auto started =
      std::make_shared<Task>(std::move(task), *std::move(wiring), std::move(bell), state.programs,
                             state.timers, [&state](const auto& report) { state.on_report(report); });
  {
    MutexLock held(state.lock);
    state.tasks.emplace(attempt, started);
  }
  for (const auto& output : outputs) state.registry.add(output);
  started->start();
  return Status::ok();
}

Result<TaskWiring> Worker::State::wire(const TaskDeploymentDescriptor& task, Bell& bell) {
  TaskWiring wiring;
  for (const ResultPartitionDescriptor& output : task.outputs) {
    const std::uint32_t count = output.subpartition_count;
    auto pool =
        segments.create_pool(count, count * options.buffers_per_channel + options.floating_buffers_per_gate);
    if (!pool)
      return Error{pool.error().code, task.display_name() + ": " + pool.error().what, pool.error().blame};
    wiring.outputs.push_back(std::make_shared<ResultPartition>(output.id, count, *std::move(pool)));
  }
  for (const InputGateDescriptor& input : task.inputs) {
    std::vector<std::unique_ptr<InputChannel>> channels;
    for (const InputChannelDescriptor& channel : input.channels) {
      if (channel.location != InputChannelDescriptor::Location::Local) {
        return Error{ErrorCode::Refused,
                     task.display_name() + " reads from another worker, at " + channel.address +
                         ": this build runs all tasks of a job in one",
                     Blame::Environment};
      }
      channels.push_back(
          std::make_unique<LocalInputChannel>(registry, channel.partition, channel.subpartition));
    }
    wiring.inputs.push_back(std::make_unique<InputGate>(std::move(channels), bell));
  }
  return wiring;
}

void Worker::State::on_report(const TaskExecutionState& report) {
  if (is_terminal(report.state)) {
    if (report.state != ExecutionState::Finished) registry.release_all_of(report.attempt);
    MutexLock held(lock);
    const auto found = tasks.find(report.attempt);
    ended.push_back(std::move(found->second));
    tasks.erase(found);
  }
  observer.on_task_state(report);
}

std::shared_ptr<Task> Worker::State::find(ExecutionAttemptId attempt) {
  MutexLock held(lock);
  const auto found = tasks.find(attempt);
  return found == tasks.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Task>> Worker::State::running_tasks() {
  MutexLock held(lock);
  std::vector<std::shared_ptr<Task>> all;
  for (const auto& [attempt, task] : tasks) all.push_back(task);
  return all;
}

void Worker::State::join_ended() {
  std::vector<std::shared_ptr<Task>> mine;
  {
    MutexLock held(lock);
    mine.swap(ended);
  }
  for (const auto& task : mine) task->join();
}

void Worker::cancel(ExecutionAttemptId attempt) {
  if (const auto task = state_->find(attempt)) task->cancel();
  state_->registry.release_all_of(attempt);  // it may just have finished: nobody will read what it wrote
}

void Worker::fail(ExecutionAttemptId attempt, std::string cause) {
  if (const auto task = state_->find(attempt)) task->fail(cause);
}

void Worker::fail_all(const std::string& cause) {
  for (const auto& task : state_->running_tasks()) task->fail(cause);
}

void Worker::release_partitions(ExecutionAttemptId attempt) { state_->registry.release_all_of(attempt); }

std::uint32_t Worker::task_count() const {
  MutexLock held(state_->lock);
  return static_cast<std::uint32_t>(state_->tasks.size());
}

std::uint32_t Worker::free_network_segments() const { return state_->segments.available_segments(); }

}  // namespace weir
