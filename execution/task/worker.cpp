// SPDX-License-Identifier: Apache-2.0
#include "execution/task/worker.h"

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/sync.h"
#include "execution/task/network_environment.h"
#include "execution/task/snapshot_writers.h"
#include "execution/task/task.h"
#include "execution/task/timer_service.h"
#include "execution/task/workspaces.h"
#include "memory/memory_manager.h"

namespace weir {

namespace {

constexpr Duration kHousekeepingInterval = 200ms;

NetworkEnvironment::Options network_options(const Worker::Options& options) {
  return {.memory_bytes = options.network_memory_bytes,
          .segment_bytes = options.segment_bytes,
          .buffers_per_channel = options.buffers_per_channel,
          .floating_buffers_per_gate = options.floating_buffers_per_gate,
          .bind_address = options.data_bind_address,
          .port = options.data_port,
          .identity = options.data_identity,
          .streams = options.data_streams,
          .temporary_directory = options.temporary_directory};
}

IoManager::Options spill_options(const Worker::Options& options) {
  if (!options.spill_directories.empty()) return {options.spill_directories, options.spill_files};
  return {{options.temporary_directory}, options.spill_files};
}

StateEnvironment::Options state_options(const Worker::Options& options) {
  StateEnvironment::Options state = options.state;
  if (state.directory.empty()) state.directory = options.temporary_directory;
  return state;
}

Error submitted_twice(const TaskDeploymentDescriptor& task) {
  return {.code = ErrorCode::Refused,
          .what = task.display_name() + " was submitted twice",
          .blame = Blame::Bug};
}

}  // namespace

/// Order: `lock` guards the table of tasks only; tasks and the network are called without it.
struct Worker::State {
  State(Options chosen, ProgramSource& source, TaskObserver& listener)
      : options(chosen),
        programs(source),
        observer(listener),
        network(network_options(chosen)),
        managed_memory(chosen.managed_memory_bytes, chosen.segment_bytes, chosen.slots),
        io(spill_options(chosen)),
        workspaces(managed_memory, io, chosen.spill_mode),
        state(state_options(chosen)),
        feedback({.memory_bytes = chosen.feedback_memory_bytes, .directory = chosen.temporary_directory}),
        watchdog(chosen.cancellation),
        housekeeping(timers, kHousekeepingInterval, [this] { on_tick(now()); }) {}

  [[nodiscard]] TimePoint now() const {
    return options.clock == nullptr ? SystemClock{}.now() : options.clock->now();
  }
  void on_tick(TimePoint now) WEIR_EXCLUDES(lock);
  void on_overdue(const CancellationWatchdog::Overdue& overdue) WEIR_EXCLUDES(lock);
  /// Has the task end by `call`, one of cancel() or fail(), and watches it until it did.
  template <class Call>
  void end(Task& task, Call&& call) WEIR_EXCLUDES(lock);

  /// Before the task starts.
  void have_consumers_told(const Task& task, const std::vector<std::shared_ptr<ResultPartition>>& outputs);
  void on_report(const TaskExecutionState& report);
  [[nodiscard]] std::shared_ptr<Task> find(ExecutionAttemptId attempt) WEIR_EXCLUDES(lock);
  [[nodiscard]] std::vector<std::shared_ptr<Task>> running_tasks() WEIR_EXCLUDES(lock);
  void join_ended() WEIR_EXCLUDES(lock);

  const Options options;
  ProgramSource& programs;
  TaskObserver& observer;

  NetworkEnvironment network;
  MemoryManager managed_memory;
  IoManager io;
  const Workspaces workspaces;
  StateEnvironment state;
  FeedbackChannels feedback;
  SnapshotWriters snapshot_writers;
  mutable Mutex lock;
  std::map<ExecutionAttemptId, std::shared_ptr<Task>> tasks WEIR_GUARDED_BY(lock);
  std::vector<std::shared_ptr<Task>> ended WEIR_GUARDED_BY(lock);  // their threads are about to end, or have
  CancellationWatchdog watchdog WEIR_GUARDED_BY(lock);

  TimerService timers;
  PeriodicTimer housekeeping;  // last: it calls all of the above
};

Worker::Worker(Options options, ProgramSource& programs, TaskObserver& observer)
    : state_(std::make_unique<State>(options, programs, observer)) {}

Worker::~Worker() {
  for (const auto& task : state_->running_tasks()) state_->end(*task, [](Task& each) { each.cancel(); });
  state_->network.close();
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
  if (state.find(task.attempt)) return submitted_twice(task);
  auto bell = std::make_unique<Bell>();
  auto wiring = state.network.wire(task, *bell);
  if (!wiring) return wiring.error();

  const auto outputs = wiring->outputs;
  const ExecutionAttemptId attempt = task.attempt;
  const JobId job = task.job;
  auto started = std::make_shared<Task>(
      std::move(task), *std::move(wiring), std::move(bell),
      Task::Host{.programs = state.programs,
                 .timers = state.timers,
                 .snapshot_writers = state.snapshot_writers,
                 .state = state.state,
                 .workspaces = state.workspaces,
                 .checkpoints = state.observer,
                 .feedback = state.feedback,
                 .latency_interval = state.options.latency_interval},
      [&state](const auto& report) { state.on_report(report); },
      [&state, job, attempt] { state.observer.on_input_split_wanted(job, attempt); });
  {
    MutexLock held(state.lock);
    if (!state.tasks.emplace(attempt, started).second) return submitted_twice(started->descriptor());
  }
  state.have_consumers_told(*started, outputs);
  state.network.add_partitions(outputs);
  started->start();
  return Status::ok();
}

void Worker::State::have_consumers_told(const Task& task,
                                        const std::vector<std::shared_ptr<ResultPartition>>& outputs) {
  const JobId job = task.descriptor().job;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!task.descriptor().outputs[i].tells_consumers) continue;
    outputs[i]->when_consumable(
        [this, job, id = outputs[i]->id()] { observer.on_partition_consumable(job, id); });
  }
}

void Worker::State::on_report(const TaskExecutionState& report) {
  if (is_terminal(report.state)) {
    if (report.state != ExecutionState::Finished) network.release_partitions_of(report.attempt);
    MutexLock held(lock);
    const auto found = tasks.find(report.attempt);
    WEIR_CHECK(found != tasks.end(), "a task reports its end once");
    ended.push_back(std::move(found->second));
    tasks.erase(found);
    watchdog.forget(report.attempt);
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

template <class Call>
void Worker::State::end(Task& task, Call&& call) {
  {
    MutexLock held(lock);
    const auto attempt = task.descriptor().attempt;
    if (tasks.contains(attempt)) watchdog.watch(attempt, now());
  }
  call(task);
}

void Worker::State::on_tick(TimePoint now) {
  network.on_tick(now);
  std::vector<CancellationWatchdog::Overdue> overdue;
  {
    MutexLock held(lock);
    overdue = watchdog.on_tick(now);
  }
  for (const auto& each : overdue) on_overdue(each);
}

void Worker::State::on_overdue(const CancellationWatchdog::Overdue& overdue) {
  const auto task = find(overdue.attempt);
  if (task == nullptr) return;  // it has just ended
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(overdue.waited_for).count();
  const std::string what = "task " + task->descriptor().display_name() + " of job \"" +
                           task->descriptor().job_name + "\" was asked to end " + std::to_string(seconds) +
                           " s ago and still runs: a function of the program does not return";
  if (!overdue.is_given_up) {
    log::warn("worker", what);
    return task->remind();
  }
  WEIR_CHECK(options.on_fatal, what);
  options.on_fatal(what);
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
  if (const auto task = state_->find(attempt)) state_->end(*task, [](Task& each) { each.cancel(); });
  state_->network.release_partitions_of(
      attempt);  // it may just have finished: nobody will read what it wrote
}

void Worker::trigger_checkpoint(ExecutionAttemptId attempt, const BarrierAligner::Barrier& barrier,
                                bool ends_source) {
  if (const auto task = state_->find(attempt)) task->trigger_checkpoint(barrier, ends_source);
}

void Worker::on_checkpoint_complete(ExecutionAttemptId attempt, CheckpointId checkpoint) {
  if (const auto task = state_->find(attempt)) task->on_checkpoint_complete(checkpoint);
}

void Worker::on_checkpoint_aborted(ExecutionAttemptId attempt, CheckpointId checkpoint) {
  if (const auto task = state_->find(attempt)) task->on_checkpoint_aborted(checkpoint);
}

void Worker::stop(ExecutionAttemptId attempt) {
  if (const auto task = state_->find(attempt)) task->stop_source();
}

void Worker::begin(ExecutionAttemptId attempt) {
  if (const auto task = state_->find(attempt)) task->begin();
}

void Worker::on_input_split(ExecutionAttemptId attempt, InputSplitDesk::Answer answer) {
  if (const auto task = state_->find(attempt)) task->on_input_split(std::move(answer));
}

void Worker::update_partition(ExecutionAttemptId attempt, const InputChannelDescriptor& channel) {
  if (const auto task = state_->find(attempt)) task->on_partition_update(channel);
}

void Worker::fail(ExecutionAttemptId attempt, std::string cause) {
  if (const auto task = state_->find(attempt)) state_->end(*task, [&](Task& each) { each.fail(cause); });
}

void Worker::fail_all(const std::string& cause) {
  for (const auto& task : state_->running_tasks()) {
    state_->end(*task, [&](Task& each) { each.fail(cause); });
  }
  state_->network.release_all_partitions();
}

void Worker::release_partitions(ExecutionAttemptId attempt) {
  state_->network.release_partitions_of(attempt);
}

void Worker::join_cluster(const LinkIdentity& identity) { state_->network.join_cluster(identity); }

Result<std::string> Worker::data_address() const { return state_->network.data_address(); }

std::vector<TaskProgress> Worker::progress() const {
  std::vector<TaskProgress> all;
  for (const auto& task : state_->running_tasks()) all.push_back(task->progress());
  return all;
}

std::uint32_t Worker::task_count() const {
  MutexLock held(state_->lock);
  return static_cast<std::uint32_t>(state_->tasks.size());
}

std::uint32_t Worker::free_network_segments() const { return state_->network.free_segments(); }

}  // namespace weir
