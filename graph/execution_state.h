// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "checkpoint/snapshot/handles.h"

namespace weir {

/// The life of one attempt to run one subtask.
///
///     CREATED -> SCHEDULED -> DEPLOYING -> RUNNING -> FINISHED
///        |           |            |           |
///        |           |            +-----+-----+-----> CANCELING -> CANCELED
///        |           |                                                ^
///        +-----------+------------------------------------------------+
///        (every state but CANCELING and the terminal ones) ---------> FAILED
///
/// A worker's task skips SCHEDULED. DEPLOYING -> FINISHED: a short task may end before it is seen to run.
enum class ExecutionState : std::uint8_t {
  Created,
  Scheduled,
  Deploying,
  Running,
  Finished,
  Canceling,
  Canceled,
  Failed
};

/// The life of a job.
///
///     CREATED -----> RUNNING -----> FINISHED
///        |              |
///        +------+-------+---------> CANCELLING ----> CANCELED
///               |                    ^      |
///               |                    |      v
///               +-----------------> FAILING -------> FAILED
///                                      |
///                                      v
///                                  RESTARTING -----> CREATED, CANCELED, FAILED, RESTARTING again
///     (every status but the terminal ones) --------> SUSPENDED
///
/// Failed, Canceled and Finished are globally terminal; Suspended is terminal for this JobManager.
enum class JobStatus : std::uint8_t {
  Created,
  Running,
  Failing,
  Failed,
  Cancelling,
  Canceled,
  Finished,
  Restarting,
  Suspended
};

/// Upper-case names as Flink's users know them: "RUNNING".
[[nodiscard]] std::string_view name_of(ExecutionState state);
[[nodiscard]] std::string_view name_of(JobStatus status);

[[nodiscard]] bool is_terminal(ExecutionState state);
[[nodiscard]] bool is_globally_terminal(JobStatus status);
[[nodiscard]] bool is_terminal(JobStatus status);  // globally, or Suspended

// The one table of legal moves. Every other file asks; none decides.
[[nodiscard]] bool may_move(ExecutionState from, ExecutionState to);
[[nodiscard]] bool may_move(JobStatus from, JobStatus to);

/// What a task has done so far: what came out of its gates, and what went into its partitions.
struct IoCounters {
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  bool operator==(const IoCounters&) const = default;
};

/// What a TaskManager says of one attempt: UpdateTaskExecutionState carries it.
struct TaskExecutionState {
  JobId job;
  ExecutionAttemptId attempt;
  ExecutionState state = ExecutionState::Created;
  std::string failure;  // why; empty unless Failed
  bool would_fail_again = false;  // however often it is started: the job is not
  IoCounters counters;
  std::map<std::string, std::int64_t> accumulators;  // what the user's functions counted, by name
  TaskSnapshot snapshot;  // its state as it ended: later checkpoints hold it; empty unless Finished
  bool operator==(const TaskExecutionState&) const = default;
};

/// What a TaskManager says now and then of an attempt that has not ended.
struct TaskProgress {
  JobId job;
  ExecutionAttemptId attempt;
  IoCounters counters;
  std::map<std::string, std::int64_t> accumulators;
  bool operator==(const TaskProgress&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, IoCounters& x) {
  return f(x.records_in, x.records_out, x.bytes_in, x.bytes_out);
}
template <class F>
typename F::result_type inspect(F& f, TaskExecutionState& x) {
  return f(x.job, x.attempt, x.state, x.failure, x.would_fail_again, x.counters, x.accumulators,
           x.snapshot);
}
template <class F>
typename F::result_type inspect(F& f, TaskProgress& x) {
  return f(x.job, x.attempt, x.counters, x.accumulators);
}

}  // namespace weir
