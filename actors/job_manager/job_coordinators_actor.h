// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "actors/job_manager/job_manager.h"
#include "ha/job_storage.h"
#include "messages/protocol.h"

namespace weir {

/// The CheckpointCoordinators of a JobManager: one a job, from the job's first start to its end. They end
/// with the JobManager.
///
/// Threads: the JobManager actor's.
class JobCoordinators {
public:
  /// `owner` outlives this.
  JobCoordinators(JobManagerActor::pointer owner, StateDefaults defaults, std::shared_ptr<JobStorage> storage)
      : owner_(owner), defaults_(std::move(defaults)), storage_(std::move(storage)) {}

  /// Those that are started from now on speak under this session.
  void lead_under(LeaderSessionId session) { session_ = session; }

  /// Starts the job's coordinator at the first call.
  void request_restore(const JobGraph& job, std::uint64_t number,
                       const std::vector<CheckpointedVertex>& vertices);
  /// The job is over: its coordinator is ours no longer, and waits to be told how it ended. Null: it has
  /// none.
  [[nodiscard]] CheckpointCoordinatorActor release(JobId job);

  /// Null: there is none.
  [[nodiscard]] CheckpointCoordinatorActor find(JobId job) const;
  /// Mail to one that is gone vanishes.
  template <class... Mail>
  void tell(JobId job, const Mail&... mail) const {
    if (const auto coordinator = find(job)) caf::anon_send(coordinator, mail...);
  }

private:
  [[nodiscard]] CheckpointCoordinatorActor start(const JobGraph& job);

  const JobManagerActor::pointer owner_;
  const StateDefaults defaults_;
  const std::shared_ptr<JobStorage> storage_;
  LeaderSessionId session_;
  std::map<JobId, CheckpointCoordinatorActor> coordinators_;
};

}  // namespace weir
