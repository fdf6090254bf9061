// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/environment.h"
#include "base/sync.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "execution/task/worker.h"
#include "graph/execution_graph.h"

namespace weir::testing {

struct JobOutcome {
  JobStatus status = JobStatus::Created;
  std::string failure;  // why; empty unless it failed
  std::map<std::string, std::int64_t> accumulators;
  IoCounters counters;  // summed over all tasks
};

/// Slots for all, and little memory.
inline Worker::Options small_worker() {
  return {.slots = 16, .network_memory_bytes = 16 << 20, .managed_memory_bytes = 1 << 20};
}

/// A few workers and the graph of one job at a time, without a control plane: what the actors do with mail is
/// done here by a loop. For tests and benchmarks of everything below the actors. Neighbouring subtasks run on
/// different workers, which exchange over TCP.
///
/// Threads: run() by one; cancel() and stop() by any.
class LocalJob : private TaskObserver, private ProgramSource {
public:
  using Build = std::function<void(Environment&)>;

  explicit LocalJob(Worker::Options options = small_worker(), std::uint32_t worker_count = 1);

  /// Builds the program, runs it to its end, and says how it went. A program that cannot be built has failed.
  JobOutcome run(const Build& program, std::uint32_t parallelism = 1);
  /// The same for a program from elsewhere.
  JobOutcome run(ProgramSource& programs, const JobGraph& graph);

  /// What the jobs so far have left behind is seen here.
  [[nodiscard]] const Worker& worker(std::uint32_t index = 0) const { return *workers_[index]; }

  /// Begins a checkpoint, or a savepoint, at the sources of the job that is running. Call it from
  /// when_running().
  void trigger_checkpoint(CheckpointId checkpoint, const std::string& root = {}, bool is_savepoint = false)
      WEIR_EXCLUDES(lock_);
  /// The same, at one vertex alone: a source, or one whose producers have finished.
  void trigger_checkpoint_at(std::size_t vertex, CheckpointId checkpoint);
  /// What all tasks handed in for it, those that have finished what they left; or the first refusal, or that
  /// it took too long.
  [[nodiscard]] Result<CompletedCheckpoint> await_checkpoint(CheckpointId checkpoint) WEIR_EXCLUDES(lock_);
  /// Waits until so many tasks have finished; false if that takes too long.
  [[nodiscard]] bool await_finished(std::size_t tasks) WEIR_EXCLUDES(lock_);
  /// Until each task has acknowledged it or refused; none of them may end meanwhile.
  void await_answers() WEIR_EXCLUDES(lock_);
  /// Tells all tasks that it is complete, or that it is not going to be.
  void complete_checkpoint(CheckpointId checkpoint);
  void abort_checkpoint(CheckpointId checkpoint);
  /// The jobs from here on start from it. One that it does not fit fails, as at the JobManager.
  void restore_from(CompletedCheckpoint checkpoint) { restored_ = std::move(checkpoint); }

  /// Asks the job that is running, or the next one, to end as Canceled.
  void cancel() WEIR_EXCLUDES(lock_);
  /// Has the sources that run end as if they had read everything.
  void stop();
  /// Called when the job runs, before anything ends.
  void when_running(std::function<void()> call) { when_running_ = std::move(call); }

private:
  [[nodiscard]] Result<std::shared_ptr<const Program>> load(const ProgramReference& reference) override;
  void on_task_state(const TaskExecutionState& report) override WEIR_EXCLUDES(lock_);
  void on_input_split_wanted(JobId, ExecutionAttemptId) override {}  // nobody hands them out
  void on_checkpoint_acknowledged(const CheckpointReport& report) override WEIR_EXCLUDES(lock_);
  void on_checkpoint_declined(JobId job, ExecutionAttemptId attempt, CheckpointId checkpoint,
                              const std::string& reason) override WEIR_EXCLUDES(lock_);
  void await_only(CheckpointId checkpoint) WEIR_EXCLUDES(lock_);
  [[nodiscard]] Status deal_out_state();
  /// Lets tasks begin that wait until all are open.
  void begin_if_all_run(const ExecutionGraph& graph);
  [[nodiscard]] TaskRestore restore_of(const TaskDeploymentDescriptor& task) const;
  void on_partition_consumable(JobId, const ResultPartitionId& partition) override WEIR_EXCLUDES(lock_);

  /// What has happened since one looked last.
  struct News {
    std::vector<TaskExecutionState> reports;
    std::vector<ResultPartitionId> consumable;
    bool cancel = false;
  };
  [[nodiscard]] News await_news() WEIR_EXCLUDES(lock_);
  void carry_out(ExecutionGraph& graph);
  /// Every subtask of index i in slot i / n of the i % n-th worker.
  [[nodiscard]] std::vector<AssignedSlot> slots_for(const effects::RequestSlots& wanted) const;
  [[nodiscard]] Worker& worker_of(const AssignedSlot& slot) { return *workers_[slot.task_manager.low]; }

  ProgramSource* programs_ = nullptr;  // of the job that runs
  std::function<void()> when_running_;
  Mutex lock_;
  CondVar changed_;
  /// By task, none twice.
  [[nodiscard]] std::map<ExecutionAttemptId, TaskSnapshot> handed_in() const WEIR_REQUIRES(lock_);

  CheckpointId triggered_ WEIR_GUARDED_BY(lock_) = 0;  // the latest; what is said of others is not heard
  std::vector<CheckpointReport> acknowledged_ WEIR_GUARDED_BY(lock_);
  std::map<ExecutionAttemptId, TaskSnapshot> finished_ WEIR_GUARDED_BY(lock_);
  std::string declined_ WEIR_GUARDED_BY(lock_);
  std::size_t refusals_ WEIR_GUARDED_BY(lock_) = 0;
  const JobGraph* job_ = nullptr;                  // the one that runs
  std::vector<TaskDeploymentDescriptor> deployed_;  // of it
  std::optional<CompletedCheckpoint> restored_;
  std::vector<std::vector<TaskRestore>> dealt_;  // of it, by vertex and subtask
  News news_ WEIR_GUARDED_BY(lock_);
  std::vector<std::unique_ptr<Worker>> workers_;  // last: their threads call all of the above
};

}  // namespace weir::testing
