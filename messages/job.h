// SPDX-License-Identifier: Apache-2.0
// Client, web <-> JobManager: what is said about jobs. Plain values: no CAF header is needed to make, compare
// or test one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "graph/execution_state.h"
#include "graph/job_graph.h"
#include "messages/outcome.h"

namespace weir {

/// How much of a job its client wants to hear.
enum class ListeningBehaviour : std::uint8_t {
  Detached,               // that it was accepted
  Result,                 // and how it ended
  ResultAndStateChanges,  // and every step in between
};

/// Run this job. Answered by an Outcome; what follows is mail, by behaviour.
struct SubmitJob {
  JobGraph graph;
  ListeningBehaviour listening = ListeningBehaviour::Detached;
  bool operator==(const SubmitJob&) const = default;
};

/// Tell me about a job that runs already, as if I had submitted it.
struct AttachToJob {
  JobId job;
  ListeningBehaviour listening = ListeningBehaviour::Result;
  bool operator==(const AttachToJob&) const = default;
};

/// End this job. The Outcome says that cancelling began; the JobResult says that it is over.
struct CancelJob {
  JobId job;
  bool operator==(const CancelJob&) const = default;
};

/// Have the sources of this job end as if they had read everything: it works off what is under way and
/// finishes. Refused unless it runs and all of its sources can.
struct StopJob {
  JobId job;
  bool operator==(const StopJob&) const = default;
};

struct RequestJobStatus {
  JobId job;
  bool operator==(const RequestJobStatus&) const = default;
};

struct JobStatusReply {
  Outcome outcome;  // refused: no such job, running or remembered
  JobStatus status = JobStatus::Created;
  bool operator==(const JobStatusReply&) const = default;
};

struct ListJobs {
  bool operator==(const ListJobs&) const = default;
};

/// One line of a list of jobs.
struct JobOverview {
  JobId job;
  std::string name;
  JobStatus status = JobStatus::Created;
  WallTime started;
  WallTime ended;  // the epoch while it runs
  bool operator==(const JobOverview&) const = default;
};

struct JobList {
  std::vector<JobOverview> jobs;  // running ones first, then those that ended, oldest first
  bool operator==(const JobList&) const = default;
};

struct RequestClusterOverview {
  bool operator==(const RequestClusterOverview&) const = default;
};

struct ClusterOverview {
  std::uint32_t task_managers = 0;
  std::uint32_t slots_total = 0;
  std::uint32_t slots_free = 0;
  std::uint32_t jobs_running = 0;
  std::uint32_t jobs_finished = 0;
  std::uint32_t jobs_cancelled = 0;
  std::uint32_t jobs_failed = 0;
  std::uint64_t messages_refused = 0;  // of deposed leaders, of TaskManagers given up, of attempts that ended
  bool operator==(const ClusterOverview&) const = default;
};

/// A job took a step.
struct JobStatusChanged {
  JobId job;
  JobStatus status = JobStatus::Created;
  std::string
      cause;  // why it fails, restarts or is suspended, or what it waits for while it runs; else empty
  WallTime at;
  bool operator==(const JobStatusChanged&) const = default;
};

/// A task of a job took a step.
struct ExecutionStateChanged {
  JobId job;
  JobVertexId vertex;
  ExecutionAttemptId attempt;
  std::string task;  // "Keyed Sum (2/4)"
  ExecutionState state = ExecutionState::Created;
  std::string cause;  // empty unless Failed
  WallTime at;
  bool operator==(const ExecutionStateChanged&) const = default;
};

/// How a job ended. A client gets exactly one.
struct JobResult {
  JobId job;
  JobStatus status = JobStatus::Created;  // Finished, Canceled or Failed
  std::string failure;                    // operator, subtask and what happened; empty unless Failed
  std::chrono::milliseconds net_runtime{};
  std::map<std::string, std::int64_t> accumulators;
  bool operator==(const JobResult&) const = default;
};

/// (JobManager to itself) The client knows that its job was accepted: start it.
struct StartJob {
  JobId job;
  bool operator==(const StartJob&) const = default;
};

/// (JobManager to itself) The delay before a restart is over. An outdated version does nothing.
struct RestartJob {
  JobId job;
  std::uint64_t version = 0;
  bool operator==(const RestartJob&) const = default;
};

/// (JobManager to itself) What the job starts with could not be read: ask again. An outdated number does
/// nothing.
struct AskForState {
  JobId job;
  std::uint64_t number = 0;  // of the request that was refused
  bool operator==(const AskForState&) const = default;
};

/// (JobManager to itself) The job has waited long enough for slots. An outdated version does nothing.
struct SlotsOverdue {
  JobId job;
  std::uint64_t version = 0;
  bool operator==(const SlotsOverdue&) const = default;
};

/// (JobManager to itself) The tasks of a job that a JobManager before us left running were waited for long
/// enough. One that is adopted or started anew is not concerned.
struct AdoptionOverdue {
  JobId job;
  bool operator==(const AdoptionOverdue&) const = default;
};

/// The refusal of whatever is asked about a job that is neither running nor remembered.
[[nodiscard]] inline Outcome no_such_job(JobId job) {
  return Outcome::refused({ErrorCode::UnknownJob, "there is no job " + job.hex()});
}

template <class F>
typename F::result_type inspect(F& f, SubmitJob& x) {
  return f(x.graph, x.listening);
}
template <class F>
typename F::result_type inspect(F& f, AttachToJob& x) {
  return f(x.job, x.listening);
}
template <class F>
typename F::result_type inspect(F& f, CancelJob& x) {
  return f(x.job);
}
template <class F>
typename F::result_type inspect(F& f, StopJob& x) {
  return f(x.job);
}
template <class F>
typename F::result_type inspect(F& f, RequestJobStatus& x) {
  return f(x.job);
}
template <class F>
typename F::result_type inspect(F& f, JobStatusReply& x) {
  return f(x.outcome, x.status);
}
template <class F>
typename F::result_type inspect(F& f, ListJobs&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, JobOverview& x) {
  return f(x.job, x.name, x.status, x.started, x.ended);
}
template <class F>
typename F::result_type inspect(F& f, JobList& x) {
  return f(x.jobs);
}
template <class F>
typename F::result_type inspect(F& f, RequestClusterOverview&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, ClusterOverview& x) {
  return f(x.task_managers, x.slots_total, x.slots_free, x.jobs_running, x.jobs_finished, x.jobs_cancelled,
           x.jobs_failed, x.messages_refused);
}
template <class F>
typename F::result_type inspect(F& f, JobStatusChanged& x) {
  return f(x.job, x.status, x.cause, x.at);
}
template <class F>
typename F::result_type inspect(F& f, ExecutionStateChanged& x) {
  return f(x.job, x.vertex, x.attempt, x.task, x.state, x.cause, x.at);
}
template <class F>
typename F::result_type inspect(F& f, JobResult& x) {
  return f(x.job, x.status, x.failure, x.net_runtime, x.accumulators);
}
template <class F>
typename F::result_type inspect(F& f, StartJob& x) {
  return f(x.job);
}
template <class F>
typename F::result_type inspect(F& f, RestartJob& x) {
  return f(x.job, x.version);
}
template <class F>
typename F::result_type inspect(F& f, AskForState& x) {
  return f(x.job, x.number);
}
template <class F>
typename F::result_type inspect(F& f, SlotsOverdue& x) {
  return f(x.job, x.version);
}
template <class F>
typename F::result_type inspect(F& f, AdoptionOverdue& x) {
  return f(x.job);
}

}  // namespace weir
