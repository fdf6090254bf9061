// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include <string>

#include "base/ids.h"
#include "checkpoint/coordinator/checkpoint_coordinator.h"
#include "checkpoint/snapshot/checkpoint_settings.h"
#include "messages/protocol.h"

namespace weir {

/// One job, as its CheckpointCoordinator is set up.
struct CoordinatedJobOptions {
  CheckpointCoordinator::Options coordinator;
  RestoreSettings restore;
  std::string savepoint_directory;  // where savepoints go whose asker names no place; empty: nowhere
  LeaderSessionId session;          // what it sends to tasks and to the JobManager goes under this
  JobManagerActor job_manager;
};

/// Starts the CheckpointCoordinator of a job. It ends itself and `keeper` when the job is over and nothing is
/// being written.
[[nodiscard]] CheckpointCoordinatorActor spawn_checkpoint_coordinator(caf::actor_system& system,
                                                                      CoordinatedJobOptions options,
                                                                      CheckpointKeeperActor keeper);

}  // namespace weir
