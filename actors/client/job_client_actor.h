// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include <future>
#include <memory>

#include "actors/client/job_client.h"
#include "base/time.h"
#include "messages/protocol.h"

namespace weir {

/// A client of whoever leads, as `finder` knows it, that waits `patience` for each answer. `system` outlives
/// it.
[[nodiscard]] std::unique_ptr<JobClient> connect(caf::actor_system& system, LeaderFinderActor finder,
                                                 Duration patience = 60s);

/// Starts the client of one job. It submits when it is told of a leader, and ends with its answer.
[[nodiscard]] JobClientActor spawn_job_client(caf::actor_system& system, JobGraph graph,
                                              JobSubmission::Options options, JobListener* listener,
                                              std::shared_ptr<std::promise<Result<JobResult>>> answer);

}  // namespace weir
