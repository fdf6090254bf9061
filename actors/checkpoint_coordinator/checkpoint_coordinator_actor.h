// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include "actors/checkpoint_coordinator/coordinated_job.h"
#include "base/ids.h"
#include "messages/protocol.h"

namespace weir {

/// One job, as its CheckpointCoordinator is set up.
struct CoordinatedJobOptions {
  CoordinatedJob::Options job;
  LeaderSessionId session;  // what it sends to tasks and to the JobManager goes under this
  JobManagerActor job_manager;
};

/// Starts the CheckpointCoordinator of a job. It ends itself and `keeper` when the job is over and nothing is
/// being written.
[[nodiscard]] CheckpointCoordinatorActor spawn_checkpoint_coordinator(caf::actor_system& system,
                                                                      CoordinatedJobOptions options,
                                                                      CheckpointKeeperActor keeper);

}  // namespace weir
