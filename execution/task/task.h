// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bell.h"
#include "base/sync.h"
#include "base/thread.h"
#include "execution/task/input_split_desk.h"
#include "checkpoint/barrier_aligner.h"
#include "checkpoint/snapshot/handles.h"
#include "execution/task/checkpoint_responder.h"
#include "execution/task/feedback_channel.h"
#include "execution/task/mailbox.h"
#include "execution/task/program.h"
#include "execution/task/snapshot_writers.h"
#include "execution/task/state_environment.h"
#include "execution/task/task_metrics.h"
#include "execution/task/task_wiring.h"
#include "execution/task/timer_service.h"
#include "execution/task/workspaces.h"
#include "graph/deployment.h"
#include "graph/execution_state.h"

namespace weir {

class StreamTask;

/// One attempt to run one subtask: its thread, its state, and the wall behind which its exceptions stay.
///
/// Threads: start() and the destructor by the worker; the rest by any.
/// Order:   CREATED -> DEPLOYING -> RUNNING -> FINISHED, or -> CANCELING -> CANCELED, or -> FAILED at any
///          time before CANCELING. A terminal state is told once, when everything the task held is free.
///          lock_ is a leaf.
class Task {
public:
  /// Told of Running and of the terminal state, on the task's thread.
  using Report = std::function<void(const TaskExecutionState&)>;

  /// What the tasks of a worker share. All of it outlives them.
  struct Host {
    ProgramSource& programs;
    TimerService& timers;
    SnapshotWriters& snapshot_writers;
    StateEnvironment& state;
    const Workspaces& workspaces;
    CheckpointResponder& checkpoints;
    FeedbackChannels& feedback;
    Duration latency_interval{};
  };

  /// `bell` is the one that the gates of `wiring` ring. `ask_for_split` is called on the task's thread if the
  /// descriptor has input splits; the answer is on_input_split().
  Task(TaskDeploymentDescriptor descriptor, TaskWiring wiring, std::unique_ptr<Bell> bell, const Host& host,
       Report report, std::function<void()> ask_for_split = {});
  ~Task();

  void start();
  /// Asks its source to end, as if it had read everything: the task ends as Finished. Nothing happens to one
  /// without a source.
  void stop_source() { mailbox_.raise(Mailbox::kStop); }
  /// It is open, as all others are, and may begin. Nothing happens to one that did not wait for that.
  void begin() { mailbox_.raise(Mailbox::kBegin); }
  /// A checkpoint begins at this task. No answer comes if it ends before it takes notice.
  void trigger_checkpoint(const BarrierAligner::Barrier& barrier, bool ends_source);
  void on_checkpoint_complete(CheckpointId checkpoint);
  void on_checkpoint_aborted(CheckpointId checkpoint);
  /// What its source asked for has come.
  void on_input_split(InputSplitDesk::Answer answer);
  /// A producer that had no place has one: reads it from there.
  void on_partition_update(const InputChannelDescriptor& channel);
  /// Asks it to end as Canceled. Nothing happens to one that has ended.
  void cancel();
  /// It was asked to end and has not: wakes it, wherever it waits for letters.
  void remind() { mailbox_.raise(Mailbox::kCancel); }
  /// Asks it to end as Failed with this cause. The first cause stays.
  void fail(const std::string& cause);

  /// Waits for the thread to end. One caller at a time, never the task itself.
  void join() { thread_.join(); }

  [[nodiscard]] const TaskDeploymentDescriptor& descriptor() const { return descriptor_; }
  [[nodiscard]] ExecutionState state() const WEIR_EXCLUDES(lock_);
  [[nodiscard]] TaskProgress progress() const;

private:
  void run();
  void run_guarded();
  void connect(const InputChannelDescriptor& channel);
  void run_program();
  /// False if cancel() or fail() was quicker.
  [[nodiscard]] bool move_to(ExecutionState next) WEIR_EXCLUDES(lock_);
  void stop(ExecutionState next, const std::string& cause) WEIR_EXCLUDES(lock_);
  void fail_from_inside(const std::string& operator_name, const std::string& cause) WEIR_EXCLUDES(lock_);
  void release_wiring(ExecutionState outcome, const std::string& cause);
  [[nodiscard]] TaskExecutionState report_of(ExecutionState state) const;

  const TaskDeploymentDescriptor descriptor_;
  const std::string about_;  // the task, as a crash report calls it
  TaskWiring wiring_;
  const std::unique_ptr<Bell> bell_;
  const Host host_;
  const Report report_;
  Mailbox mailbox_;
  TaskMetrics metrics_;
  StreamTask* stream_task_ = nullptr;  // while there is one; the task's own
  TaskSnapshot final_snapshot_;
  bool would_fail_again_ = false;
  InputSplitDesk splits_;

  mutable Mutex lock_;
  ExecutionState state_ WEIR_GUARDED_BY(lock_) = ExecutionState::Created;
  std::string failure_ WEIR_GUARDED_BY(lock_);
  bool is_wired_ WEIR_GUARDED_BY(lock_) = true;  // the gates still stand

  Thread thread_;  // last: joined before anything else goes
};

}  // namespace weir
