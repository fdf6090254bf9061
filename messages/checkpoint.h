// SPDX-License-Identifier: Apache-2.0
// JobManager <-> TaskManager about checkpoints, and client <-> JobManager about savepoints. Plain values: no
// CAF header is needed to make, compare or test one.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "checkpoint/snapshot/handles.h"
#include "messages/outcome.h"

namespace weir {

/// All tasks of the job are open: read and write records. To one whose TaskRestore::waits; else nothing
/// happens.
struct BeginTask {
  ExecutionAttemptId attempt;
  bool operator==(const BeginTask&) const = default;
};

/// Begin this checkpoint: send its barrier, then hand in your state. Goes to running tasks all of whose
/// producers have ended (sources have none): such a task first reads what it has been sent to the end. To
/// others the barriers come. One whose turn has come already, by a barrier, has nothing more to do.
struct TriggerCheckpoint {
  ExecutionAttemptId attempt;
  CheckpointId checkpoint = 0;
  WallTime triggered_at;
  std::string storage_root;    // directory below which the paths of all handles lie
  bool is_savepoint = false;   // all state goes below the root, whole; nothing is shared
  bool ends_sources = false;   // the source sends nothing behind this barrier and ends
  bool operator==(const TriggerCheckpoint&) const = default;
};

/// All tasks handed in their state, and it is safe: what was held back for this checkpoint and earlier ones
/// may be made visible. Best effort; some may never come.
struct NotifyCheckpointComplete {
  ExecutionAttemptId attempt;
  CheckpointId checkpoint = 0;
  bool operator==(const NotifyCheckpointComplete&) const = default;
};

/// This checkpoint will not complete: stop working on it. Best effort.
struct NotifyCheckpointAborted {
  ExecutionAttemptId attempt;
  CheckpointId checkpoint = 0;
  bool operator==(const NotifyCheckpointAborted&) const = default;
};

/// What one task's part of a checkpoint took.
struct CheckpointMetrics {
  Duration alignment{};  // from the first barrier to the last
  Duration sync{};       // the task stood still
  Duration async{};      // it ran on while its state was written
  std::uint64_t bytes = 0;  // of all its state
  bool operator==(const CheckpointMetrics&) const = default;
};

/// A task handed in its state.
struct AcknowledgeCheckpoint {
  JobId job;
  ExecutionAttemptId attempt;
  CheckpointId checkpoint = 0;
  TaskSnapshot snapshot;
  CheckpointMetrics metrics;
  bool operator==(const AcknowledgeCheckpoint&) const = default;
};

/// A task will not hand in its state for this checkpoint; it has none of its files left.
struct DeclineCheckpoint {
  JobId job;
  ExecutionAttemptId attempt;
  CheckpointId checkpoint = 0;
  std::string reason;
  bool operator==(const DeclineCheckpoint&) const = default;
};

/// What becomes of a job whose savepoint is complete.
enum class AfterSavepoint : std::uint8_t { GoOn, Cancel, Stop };

/// Write all state of this job to a directory that nothing but its user ever deletes. The answer comes when
/// that is done or has failed; then the job runs on.
struct TriggerSavepoint {
  JobId job;
  std::string directory;  // in which the savepoint's own is made; empty: as the cluster says
  AfterSavepoint then = AfterSavepoint::GoOn;
  bool operator==(const TriggerSavepoint&) const = default;
};

struct SavepointReply {
  Outcome outcome;
  std::string path;  // of the savepoint's directory; empty if refused
  bool operator==(const SavepointReply&) const = default;
};

/// Delete a savepoint: its metadata and all state that it names. Answered by an Outcome.
struct DisposeSavepoint {
  std::string path;  // of the savepoint's directory
  bool operator==(const DisposeSavepoint&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, BeginTask& x) {
  return f(x.attempt);
}
template <class F>
typename F::result_type inspect(F& f, TriggerCheckpoint& x) {
  return f(x.attempt, x.checkpoint, x.triggered_at, x.storage_root, x.is_savepoint, x.ends_sources);
}
template <class F>
typename F::result_type inspect(F& f, NotifyCheckpointComplete& x) {
  return f(x.attempt, x.checkpoint);
}
template <class F>
typename F::result_type inspect(F& f, NotifyCheckpointAborted& x) {
  return f(x.attempt, x.checkpoint);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointMetrics& x) {
  return f(x.alignment, x.sync, x.async, x.bytes);
}
template <class F>
typename F::result_type inspect(F& f, AcknowledgeCheckpoint& x) {
  return f(x.job, x.attempt, x.checkpoint, x.snapshot, x.metrics);
}
template <class F>
typename F::result_type inspect(F& f, DeclineCheckpoint& x) {
  return f(x.job, x.attempt, x.checkpoint, x.reason);
}
template <class F>
typename F::result_type inspect(F& f, TriggerSavepoint& x) {
  return f(x.job, x.directory, x.then);
}
template <class F>
typename F::result_type inspect(F& f, SavepointReply& x) {
  return f(x.outcome, x.path);
}
template <class F>
typename F::result_type inspect(F& f, DisposeSavepoint& x) {
  return f(x.path);
}

}  // namespace weir
