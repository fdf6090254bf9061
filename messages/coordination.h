// SPDX-License-Identifier: Apache-2.0
// JobManager <-> CheckpointCoordinator <-> whoever keeps checkpoints and jobs: what is said within the
// process of a JobManager about the state of its jobs. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "checkpoint/snapshot/handles.h"
#include "graph/deployed_round.h"
#include "graph/job_graph.h"
#include "messages/outcome.h"

namespace weir {

/// The job is about to start, or to start anew: with what state? Answered by RestoredState, once no
/// checkpoint is being written any more.
struct RequestRestore {
  std::uint64_t number = 0;  // of the request, within the job
  std::vector<CheckpointedVertex> vertices;  // their tasks have no attempts yet
  bool operator==(const RequestRestore&) const = default;
};

/// What all tasks of a job start with.
struct RestoredState {
  JobId job;
  std::uint64_t number = 0;
  Outcome outcome;              // refused: the state does not fit the job, or cannot be read
  CheckpointId checkpoint = 0;  // 0: there is none, they start from nothing
  std::vector<std::vector<TaskRestore>> tasks;  // by vertex and subtask; empty: from nothing
  std::vector<std::uint32_t> max_parallelism;   // by vertex; empty: as it is
  bool operator==(const RestoredState&) const = default;
};

/// All tasks were deployed. How to reach them travels beside, in the order of the plan.
struct StartCheckpointRound {
  std::uint64_t number = 0;
  CheckpointPlan plan;
  bool operator==(const StartCheckpointRound&) const = default;
};

/// A task of the round runs now.
struct TaskIsRunning {
  ExecutionAttemptId attempt;
  bool operator==(const TaskIsRunning&) const = default;
};

/// A task of the round has ended well, with this state.
struct TaskHasFinished {
  ExecutionAttemptId attempt;
  TaskSnapshot snapshot;
  bool operator==(const TaskHasFinished&) const = default;
};

/// The job runs no longer: no checkpoint of this round can complete.
struct EndCheckpointRound {
  std::string reason;
  bool operator==(const EndCheckpointRound&) const = default;
};

/// The job is over, and so is its CheckpointCoordinator.
struct CloseCheckpoints {
  JobEnd end = JobEnd::Suspended;
  bool operator==(const CloseCheckpoints&) const = default;
};

/// (CheckpointCoordinator to its JobManager) More checkpoints failed than the job tolerates.
struct FailJob {
  JobId job;
  std::uint64_t round = 0;
  Error cause;
  bool operator==(const FailJob&) const = default;
};

/// (CheckpointCoordinator to whoever keeps its checkpoints) What is there to go on from?
struct RecoverCheckpoints {
  std::string restore_path;  // where the job is to start if it has no checkpoint of its own; empty: nowhere
  bool operator==(const RecoverCheckpoints&) const = default;
};

struct RecoveredCheckpoints {
  Outcome outcome;
  std::vector<CompletedCheckpoint> checkpoints;  // oldest first
  bool operator==(const RecoveredCheckpoints&) const = default;
};

/// (the same) Are all files of this checkpoint there? Answered by FilesChecked.
struct CheckFiles {
  CompletedCheckpoint checkpoint;
  bool operator==(const CheckFiles&) const = default;
};

struct FilesChecked {
  Outcome outcome;
  bool operator==(const FilesChecked&) const = default;
};

/// (the same) A number for the next checkpoint.
struct NextCheckpointId {
  std::string savepoint;  // the directory of one that is about to be written; empty: of none
  bool operator==(const NextCheckpointId&) const = default;
};

struct CheckpointIdReply {
  Outcome outcome;
  CheckpointId id = 0;
  bool operator==(const CheckpointIdReply&) const = default;
};

/// (the same) See CheckpointOutbox::write().
struct WriteCheckpoint {
  CompletedCheckpoint checkpoint;
  bool may_be_restored = true;
  bool operator==(const WriteCheckpoint&) const = default;
};

struct CheckpointWritten {
  CheckpointId id = 0;
  Outcome outcome;
  bool operator==(const CheckpointWritten&) const = default;
};

/// (the same) See CheckpointOutbox::remove().
struct RemoveCheckpoint {
  CompletedCheckpoint checkpoint;
  std::vector<std::string> files;
  bool operator==(const RemoveCheckpoint&) const = default;
};

/// (the same) See CheckpointOutbox::discard().
struct DiscardCheckpoint {
  std::string root;
  std::string directory;
  std::vector<std::string> files;
  bool operator==(const DiscardCheckpoint&) const = default;
};

/// (the same) See CheckpointOutbox::sweep().
struct SweepCheckpoints {
  bool operator==(const SweepCheckpoints&) const = default;
};

/// (the same) Nothing follows. Whether the job is over, or only its leader; and whether somebody wants its
/// checkpoints nevertheless.
struct CloseKeeper {
  bool is_over = false;
  bool keeps_checkpoints = true;
  bool operator==(const CloseKeeper&) const = default;
};

/// (JobManager to whoever keeps jobs) This job was accepted: it must survive us. Answered by an Outcome.
struct KeepJob {
  JobGraph graph;
  bool operator==(const KeepJob&) const = default;
};

/// (the same) This job is over: it is not to be run again. Answered by an Outcome.
struct ForgetJob {
  JobId job;
  bool operator==(const ForgetJob&) const = default;
};

/// (the same) These attempts are about to be deployed. Answered by an Outcome.
struct KeepRound {
  DeployedRound round;
  bool operator==(const KeepRound&) const = default;
};

/// (the same) Which jobs were accepted and are not over?
struct RecoverJobs {
  bool operator==(const RecoverJobs&) const = default;
};

struct RecoveredJobs {
  Outcome outcome;
  std::vector<JobGraph> jobs;
  std::vector<DeployedRound> rounds;  // of these jobs, one by one
  bool operator==(const RecoveredJobs&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, RequestRestore& x) {
  return f(x.number, x.vertices);
}
template <class F>
typename F::result_type inspect(F& f, RestoredState& x) {
  return f(x.job, x.number, x.outcome, x.checkpoint, x.tasks, x.max_parallelism);
}
template <class F>
typename F::result_type inspect(F& f, StartCheckpointRound& x) {
  return f(x.number, x.plan);
}
template <class F>
typename F::result_type inspect(F& f, TaskIsRunning& x) {
  return f(x.attempt);
}
template <class F>
typename F::result_type inspect(F& f, TaskHasFinished& x) {
  return f(x.attempt, x.snapshot);
}
template <class F>
typename F::result_type inspect(F& f, EndCheckpointRound& x) {
  return f(x.reason);
}
template <class F>
typename F::result_type inspect(F& f, CloseCheckpoints& x) {
  return f(x.end);
}
template <class F>
typename F::result_type inspect(F& f, FailJob& x) {
  return f(x.job, x.round, x.cause);
}
template <class F>
typename F::result_type inspect(F& f, RecoverCheckpoints& x) {
  return f(x.restore_path);
}
template <class F>
typename F::result_type inspect(F& f, RecoveredCheckpoints& x) {
  return f(x.outcome, x.checkpoints);
}
template <class F>
typename F::result_type inspect(F& f, CheckFiles& x) {
  return f(x.checkpoint);
}
template <class F>
typename F::result_type inspect(F& f, FilesChecked& x) {
  return f(x.outcome);
}
template <class F>
typename F::result_type inspect(F& f, NextCheckpointId& x) {
  return f(x.savepoint);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointIdReply& x) {
  return f(x.outcome, x.id);
}
template <class F>
typename F::result_type inspect(F& f, WriteCheckpoint& x) {
  return f(x.checkpoint, x.may_be_restored);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointWritten& x) {
  return f(x.id, x.outcome);
}
template <class F>
typename F::result_type inspect(F& f, RemoveCheckpoint& x) {
  return f(x.checkpoint, x.files);
}
template <class F>
typename F::result_type inspect(F& f, DiscardCheckpoint& x) {
  return f(x.root, x.directory, x.files);
}
template <class F>
typename F::result_type inspect(F& f, CloseKeeper& x) {
  return f(x.is_over, x.keeps_checkpoints);
}
template <class F>
typename F::result_type inspect(F& f, KeepJob& x) {
  return f(x.graph);
}
template <class F>
typename F::result_type inspect(F& f, ForgetJob& x) {
  return f(x.job);
}
template <class F>
typename F::result_type inspect(F& f, KeepRound& x) {
  return f(x.round);
}
template <class F>
typename F::result_type inspect(F& f, RecoverJobs&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, RecoveredJobs& x) {
  return f(x.outcome, x.jobs, x.rounds);
}

}  // namespace weir
