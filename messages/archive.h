// SPDX-License-Identifier: Apache-2.0
// All there is to see of one job, while it runs and after it ended. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "graph/execution_state.h"
#include "messages/job.h"
#include "messages/outcome.h"

namespace weir {

/// One subtask: its current attempt.
struct SubtaskDetails {
  std::uint32_t subtask = 0;
  ExecutionAttemptId attempt;
  std::uint32_t attempt_number = 0;
  ExecutionState state = ExecutionState::Created;
  std::array<WallTime, 8>
      entered{};             // when a state was entered, by ExecutionState; the epoch if it never was
  std::string data_address;  // of the TaskManager; empty without a slot
  std::string failure;       // empty unless Failed
  IoCounters counters;
  bool operator==(const SubtaskDetails&) const = default;
};

struct VertexDetails {
  JobVertexId vertex;
  std::string name;
  std::uint32_t max_parallelism = 0;
  ExecutionState state = ExecutionState::Created;  // one word for all subtasks
  std::vector<SubtaskDetails> subtasks;
  bool operator==(const VertexDetails&) const = default;
};

struct JobDetails {
  JobId job;
  std::string name;
  JobStatus status = JobStatus::Created;
  std::array<WallTime, 9> entered{};  // when a status was entered, by JobStatus; the epoch if it never was
  std::string failure;                // operator, subtask and what happened, of the latest round that failed
  std::string waiting_for;            // "waiting for 4 slots, 2 are free", or for state; empty: for nothing
  std::uint32_t restarts = 0;
  std::uint64_t late_reports = 0;  // of attempts that had ended or were never the job's: refused
  std::map<std::string, std::int64_t> accumulators;
  std::vector<VertexDetails> vertices;  // producers before consumers
  bool operator==(const JobDetails&) const = default;
};

/// The epoch while the job runs.
[[nodiscard]] WallTime ended_at(const JobDetails& job);
[[nodiscard]] JobOverview overview_of(const JobDetails& job);
/// The job must have ended.
[[nodiscard]] JobResult result_of(const JobDetails& job);

struct RequestJobDetails {
  JobId job;
  bool operator==(const RequestJobDetails&) const = default;
};

struct JobDetailsReply {
  Outcome outcome;  // refused: no such job, running or remembered
  JobDetails details;
  bool operator==(const JobDetailsReply&) const = default;
};

/// Remember this job: it ended.
struct ArchiveJob {
  JobDetails details;
  bool operator==(const ArchiveJob&) const = default;
};

struct RequestArchive {
  bool operator==(const RequestArchive&) const = default;
};

/// What the archivist remembers, and how many jobs ever ended how.
struct ArchiveOverview {
  std::vector<JobOverview> jobs;  // oldest first
  std::uint32_t finished = 0;
  std::uint32_t cancelled = 0;
  std::uint32_t failed = 0;
  bool operator==(const ArchiveOverview&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, SubtaskDetails& x) {
  return f(x.subtask, x.attempt, x.attempt_number, x.state, x.entered, x.data_address, x.failure, x.counters);
}
template <class F>
typename F::result_type inspect(F& f, VertexDetails& x) {
  return f(x.vertex, x.name, x.max_parallelism, x.state, x.subtasks);
}
template <class F>
typename F::result_type inspect(F& f, JobDetails& x) {
  return f(x.job, x.name, x.status, x.entered, x.failure, x.waiting_for, x.restarts, x.late_reports,
           x.accumulators, x.vertices);
}
template <class F>
typename F::result_type inspect(F& f, RequestJobDetails& x) {
  return f(x.job);
}
template <class F>
typename F::result_type inspect(F& f, JobDetailsReply& x) {
  return f(x.outcome, x.details);
}
template <class F>
typename F::result_type inspect(F& f, ArchiveJob& x) {
  return f(x.details);
}
template <class F>
typename F::result_type inspect(F& f, RequestArchive&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, ArchiveOverview& x) {
  return f(x.jobs, x.finished, x.cancelled, x.failed);
}

}  // namespace weir
