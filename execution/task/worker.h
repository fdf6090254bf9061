// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checkpoint/barrier_aligner.h"
#include "base/time.h"
#include "execution/task/cancellation_watchdog.h"
#include "execution/task/input_split_desk.h"
#include "execution/task/checkpoint_responder.h"
#include "execution/task/program.h"
#include "execution/task/state_environment.h"
#include "graph/deployment.h"
#include "graph/execution_state.h"
#include "memory/io_manager.h"
#include "memory/memory_segment.h"
#include "network/tcp/byte_stream.h"
#include "network/tcp/link_identity.h"

namespace weir {

/// Hears what becomes of tasks. A port: the TaskManager actor sends it on as mail.
///
/// Threads: any; called from task threads, must not block. Running is told when entered, terminal states only
///          after the task's resources are free, each once.
class TaskObserver : public CheckpointResponder {
public:
  virtual void on_task_state(const TaskExecutionState& state) = 0;
  /// A source wants the next part of its input. Comes back as Worker::on_input_split().
  virtual void on_input_split_wanted(JobId job, ExecutionAttemptId attempt) = 0;
  void on_checkpoint_acknowledged(const CheckpointReport&) override {}
  void on_checkpoint_declined(JobId, ExecutionAttemptId, CheckpointId, const std::string&) override {}
  /// There is something to read in a partition whose descriptor says that it tells its consumers. Once.
  virtual void on_partition_consumable(JobId, const ResultPartitionId&) {}
};

/// The machinery of one TaskManager process: its slots, its network memory, its tasks.
///
/// Threads: any.
/// Errors:  submit() refuses a slot out of range, an attempt it already has, and a task that its memory
///          cannot carry. Whatever goes wrong later is told to the observer.
class Worker {
public:
  struct Options {
    std::uint32_t slots = 1;
    std::uint64_t network_memory_bytes = 64ull << 20;
    std::uint32_t segment_bytes = kDefaultSegmentBytes;
    std::uint32_t buffers_per_channel = 2;
    std::uint32_t floating_buffers_per_gate = 16;  // with the exclusive ones this keeps a local channel busy
    std::uint64_t managed_memory_bytes = 64ull << 20;
    /// Where operators put what does not fit into that, a disk each; none: with other temporary files.
    std::vector<std::string> spill_directories;
    IoMode spill_mode = IoMode::Async;
    FileSystem* spill_files = nullptr;  // outlives the worker; none: the machine's

    std::string data_bind_address = "127.0.0.1";
    /// Where other workers read what tasks of this one write. None: they do not, and there is no socket and
    /// no I/O thread until a task reads from elsewhere. 0: any free port.
    std::optional<std::uint16_t> data_port;
    /// Cluster and token must be equal in all workers. None: known when join_cluster() is called.
    std::optional<LinkIdentity> data_identity;
    std::shared_ptr<StreamFactory> data_streams;  // such as a TlsContext; null: in clear

    /// Where blocking exchanges wait for their readers, and what goes round in an iteration and is more than
    /// this, in each of its subtasks; empty: the system's directory for temporary files.
    std::string temporary_directory;
    std::uint64_t feedback_memory_bytes = 16ull << 20;

    /// How often sources send latency markers, unless their program says otherwise; 0: never.
    Duration latency_interval{};

    StateEnvironment::Options state;  // without a directory of its own: the one for temporary files

    CancellationWatchdog::Options cancellation;
    /// A task was given up by the watchdog: this process cannot be trusted with its slots any more and should
    /// end. `why` is a line to log. None: the process aborts. Threads: a timer's; may not come back.
    std::function<void(const std::string& why)> on_fatal;
    const Clock* clock = nullptr;  // outlives the worker; none: the machine's
  };

  /// `programs` and `observer` outlive this.
  Worker(Options options, ProgramSource& programs, TaskObserver& observer);
  /// Cancels what still runs and waits for it.
  ~Worker();

  /// Who this worker is to others from now on; until then it exchanges data with none. Nothing changes if it
  /// was that already; else its links are closed, and tasks that read over them fail.
  void join_cluster(const LinkIdentity& identity);

  /// Registers the task's partitions and starts its thread.
  [[nodiscard]] Status submit(TaskDeploymentDescriptor task);
  /// Asks a task to end; its end is told to the observer. An attempt that is unknown or already ended is no
  /// error. One that does not end is reminded and then given up (Options::cancellation).
  void cancel(ExecutionAttemptId attempt);
  /// Has a task's source end as if it had read everything; the task finishes, and so do those who read from
  /// it. Nothing happens to one without a source, nor to an attempt that is unknown or already ended.
  void stop(ExecutionAttemptId attempt);
  /// Lets a task begin whose TaskRestore::waits. Nothing happens to others.
  void begin(ExecutionAttemptId attempt);
  /// What the attempt's source wanted; an error fails the task. Nothing happens to one that is unknown or has
  /// ended.
  void on_input_split(ExecutionAttemptId attempt, InputSplitDesk::Answer answer);
  /// Begins a checkpoint at a task: it ends in an acknowledgement or a refusal, told to the observer, unless
  /// the task ends first.
  void trigger_checkpoint(ExecutionAttemptId attempt, const BarrierAligner::Barrier& barrier,
                          bool ends_source);
  void on_checkpoint_complete(ExecutionAttemptId attempt, CheckpointId checkpoint);
  void on_checkpoint_aborted(ExecutionAttemptId attempt, CheckpointId checkpoint);
  /// The place of a producer that had none when the attempt was submitted. Nothing happens to one that is
  /// unknown, has ended, or knew.
  void update_partition(ExecutionAttemptId attempt, const InputChannelDescriptor& channel);
  /// Ends a task as Failed with this cause.
  void fail(ExecutionAttemptId attempt, std::string cause);
  /// The same for every task, as when the JobManager is lost. What finished ones wrote is dropped.
  void fail_all(const std::string& cause);
  /// Drops what a finished attempt wrote and nobody will read.
  void release_partitions(ExecutionAttemptId attempt);

  /// "host:port", as other workers are to be told; empty without data_port. Errors: it could not be opened.
  [[nodiscard]] Result<std::string> data_address() const;

  /// What the tasks that have not ended have done so far, as a heartbeat tells it.
  [[nodiscard]] std::vector<TaskProgress> progress() const;
  [[nodiscard]] std::uint32_t task_count() const;
  [[nodiscard]] std::uint32_t free_network_segments() const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
