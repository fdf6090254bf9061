// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "checkpoint/coordinator/ports.h"
#include "graph/deployed_round.h"
#include "graph/execution_state.h"
#include "graph/job_graph.h"

namespace weir {

/// One who wants to lead. A port: the JobManager turns both calls into mail.
///
/// Threads: called by any thread of the election; must not block.
/// Order:   a grant is followed by its revocation before there is another grant.
class LeaderContender {
public:
  virtual ~LeaderContender() = default;
  virtual void grant_leadership(LeaderSessionId session) = 0;
  virtual void revoke_leadership() = 0;
};

/// Decides which JobManager leads.
///
/// Threads: start(), confirm() and stop() by the owner.
class LeaderElection {
public:
  virtual ~LeaderElection() = default;
  /// `contender` outlives this, or stop() comes first.
  virtual void start(LeaderContender& contender) = 0;
  /// The contender took the grant: publish where it is found. An outdated session publishes nothing.
  virtual void confirm(LeaderSessionId session, const std::string& address) = 0;
  /// Steps down. No call to the contender begins after this returns.
  virtual void stop() = 0;
};

/// Where the leader is, and under which session to speak to it.
struct LeaderAddress {
  std::string address;  // "host:port"; empty: there is no leader
  LeaderSessionId session;
  bool operator==(const LeaderAddress&) const = default;
};

/// One who follows the leader. A port: TaskManagers and clients turn the call into mail.
///
/// Threads: called by any thread of the retrieval; must not block.
class LeaderListener {
public:
  virtual ~LeaderListener() = default;
  virtual void on_leader(const LeaderAddress& leader) = 0;
};

/// Tells who leads, each time that changes.
///
/// Threads: start() and stop() by the owner.
class LeaderRetrieval {
public:
  virtual ~LeaderRetrieval() = default;
  /// `listener` outlives this, or stop() comes first.
  virtual void start(LeaderListener& listener) = 0;
  /// No call to the listener begins after this returns.
  virtual void stop() = 0;
};

/// What a job's checkpoints are kept by.
struct CheckpointStores {
  std::unique_ptr<CompletedCheckpointStore> completed;
  std::unique_ptr<CheckpointIdCounter> ids;
};

/// Opens the stores of a job that begins or goes on.
///
/// Threads: any.
class CheckpointStoreFactory {
public:
  virtual ~CheckpointStoreFactory() = default;
  /// `root` is the directory of the job's checkpoints; empty: it has none.
  [[nodiscard]] virtual CheckpointStores open(JobId job, const std::string& root) = 0;
};

/// Keeps the jobs that were submitted and have not ended, beyond the life of this process.
///
/// Threads: one at a time; its calls may take long.
class SubmittedJobGraphStore {
public:
  virtual ~SubmittedJobGraphStore() = default;
  [[nodiscard]] virtual Status put(const JobGraph& job) = 0;
  /// One that is not there is no error.
  [[nodiscard]] virtual Status remove(JobId job) = 0;
  [[nodiscard]] virtual Result<std::vector<JobGraph>> recover() = 0;

  // Of a job that is kept, what runs for it. Where nobody else can lead, nobody asks.
  /// In the place of the round before.
  [[nodiscard]] virtual Status put_round(const DeployedRound&) { return Status::ok(); }
  /// Deployed by nobody: there was none.
  [[nodiscard]] virtual Result<DeployedRound> round_of(JobId) { return DeployedRound{}; }

  /// Behind recover(): removes what is left of jobs whose end is on record, since whoever led died before it
  /// was removed. These are the jobs, with those of which nothing was left.
  virtual std::vector<JobId> sweep() { return {}; }
};

/// How a job ended.
struct JobVerdict {
  JobId job;
  std::string name;
  JobStatus status = JobStatus::Finished;  // globally terminal
  std::string failure;                     // empty unless Failed
  WallTime started;
  WallTime ended;
  std::map<std::string, std::int64_t> accumulators;
  std::string checkpoints_to_delete;  // their directory; empty: there is none, or somebody wants them kept
  bool operator==(const JobVerdict&) const = default;
};
template <class F>
typename F::result_type inspect(F& f, JobVerdict& x) {
  return f(x.job, x.name, x.status, x.failure, x.started, x.ended, x.accumulators, x.checkpoints_to_delete);
}

/// Keeps how jobs ended, beyond the life of this process. A job whose end is recorded is never run again.
///
/// Threads: any; its calls return at once.
class JobVerdictStore {
public:
  virtual ~JobVerdictStore() = default;
  /// Goes on record with the removal of the job from its store: both or neither. Then people may be told.
  [[nodiscard]] virtual Status record(const JobVerdict& verdict) = 0;
  /// Of the latest jobs, in the order in which they ended: those that the recovery of the jobs has found.
  [[nodiscard]] virtual Result<std::vector<JobVerdict>> recover() = 0;
};

}  // namespace weir
