// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "checkpoint/snapshot/handles.h"

namespace weir {

/// What a task is told that begins a checkpoint.
struct CheckpointOrder {
  CheckpointId checkpoint = 0;
  WallTime triggered_at;
  std::string root;
  bool is_savepoint = false;
  bool ends_sources = false;
  bool operator==(const CheckpointOrder&) const = default;
};

/// One savepoint request, as its asker numbers it.
enum class SavepointRequestId : std::uint64_t {};

/// What the CheckpointCoordinator asks of the world. The actor sends mail; a test writes it down.
///
/// Order:   mail to one task arrives in the order of the calls. write(), remove() and discard() are carried
///          out in the order of the calls. None calls back before it returns.
/// Errors:  mail to a task that is gone vanishes; what cannot be deleted stays and is logged.
class CheckpointOutbox {
public:
  virtual ~CheckpointOutbox() = default;

  // To tasks.
  /// All others are open, too. Nothing happens to one that did not wait.
  virtual void begin(ExecutionAttemptId task) = 0;
  virtual void trigger(ExecutionAttemptId task, const CheckpointOrder& order) = 0;
  virtual void notify_complete(ExecutionAttemptId task, CheckpointId checkpoint) = 0;
  virtual void notify_aborted(ExecutionAttemptId task, CheckpointId checkpoint) = 0;

  // To whoever keeps checkpoints.
  /// Comes back as on_id(). `savepoint`: the directory in which one is about to be written, so that it does
  /// not stay half for ever should we die meanwhile; empty: the id is for a checkpoint.
  virtual void request_id(const std::string& savepoint) = 0;
  /// Makes the checkpoint one that survives us, and if `may_be_restored` one from which the job goes on when
  /// we do not. Comes back as on_written().
  virtual void write(const CompletedCheckpoint& checkpoint, bool may_be_restored) = 0;
  /// From here on the job does not go on from it; then deletes `files` of it (paths below its root).
  virtual void remove(const CompletedCheckpoint& checkpoint, const std::vector<std::string>& files) = 0;
  /// Deletes files of what never became a checkpoint, and `directory` if nothing is left in it.
  virtual void discard(const std::string& root, const std::string& directory,
                       const std::vector<std::string>& files) = 0;
  /// No task of the job runs any more: deletes what those that ran have left, and no checkpoint names.
  virtual void sweep() = 0;

  // To the job, and to those who asked.
  /// More checkpoints failed in a row than are tolerated.
  virtual void fail_job(const Error& cause) = 0;
  virtual void answer(SavepointRequestId request, const Result<std::string>& path) = 0;
  /// No write is under way any more: this is what the job is to start from. Null: from nothing.
  virtual void restore(const CompletedCheckpoint* latest) = 0;
  /// The same, and nothing is right to start from: whether the latest was stored is not known here.
  virtual void refuse_restore(const Error& doubt) = 0;
};

/// Keeps what one job may start from, beyond the life of this process.
///
/// Threads: one at a time; its calls may take long.
/// Errors:  say which checkpoint, and what the disk said.
class CompletedCheckpointStore {
public:
  virtual ~CompletedCheckpointStore() = default;
  /// From here on recover() yields it, or this failed and it never does.
  [[nodiscard]] virtual Status add(const CompletedCheckpoint& checkpoint) = 0;
  /// The same of one that others wrote: a savepoint, or what another job left. Nothing in it is touched.
  [[nodiscard]] virtual Status adopt(const CompletedCheckpoint& checkpoint) = 0;
  /// From here on recover() does not yield it. One that is not there is no error.
  [[nodiscard]] virtual Status remove(const CompletedCheckpoint& checkpoint) = 0;
  /// Oldest first. Fails if there are some but the latest cannot be read: starting from an older one is only
  /// right if nobody outside has seen what the latest committed, which only a person can know.
  [[nodiscard]] virtual Result<std::vector<CompletedCheckpoint>> recover() = 0;
};

/// Numbers the checkpoints of one job: each call gives more than all before it, over all processes.
///
/// Threads: one at a time; its calls may take long.
class CheckpointIdCounter {
public:
  virtual ~CheckpointIdCounter() = default;
  [[nodiscard]] virtual Result<CheckpointId> next() = 0;
  /// None that is given from now on, here or by a later leader, is below it.
  [[nodiscard]] virtual Result<CheckpointId> upcoming() = 0;
  /// All that follow are above this one.
  [[nodiscard]] virtual Status skip_to(CheckpointId above) = 0;
  /// The job is over: nothing is left of the counter.
  [[nodiscard]] virtual Status forget() = 0;
};

}  // namespace weir
