// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include <memory>

#include "ha/job_storage.h"
#include "messages/protocol.h"

namespace weir {

/// Starts whoever keeps the jobs of a JobManager. `has_thread`: it has one of its own, as it waits for disks.
[[nodiscard]] JobKeeperActor spawn_job_keeper(caf::actor_system& system, std::shared_ptr<JobStorage> storage,
                                              bool has_thread);

}  // namespace weir
