// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "messages/protocol.h"

namespace weir {

/// Ends what CAF offers to every peer and nobody here asks for: to change the configuration, to start actors.
void close_back_doors(caf::actor_system& system);

/// Ends what CAF began for the peers that it has met, whether they are still there or not: for each an actor
/// that would start actors there, which nobody here asks for, and which it would keep as long as it runs. For
/// processes that meet peers without end.
///
/// Threads: any. Does nothing where there is no network.
void forget_helpers(caf::actor_system& system);

/// Lets other processes reach the JobManager at host and port (0: any free one); the answer is the port.
///
/// Threads: not one of the actor system. Waits.
/// Errors:  the address is taken, or not ours.
[[nodiscard]] Result<std::uint16_t> publish(const JobManagerActor& job_manager, const std::string& host,
                                            std::uint16_t port);

/// Finds the JobManager at "host:port" and calls one of the two in the actor's own time. The actor must have
/// a thread of its own: whether anybody is there is found out while it waits.
///
/// Errors: nobody listens there, or no answer comes in time, or who answers is no JobManager of ours.
void look_up(LeaderFinderActor::base& self, const std::string& address,
             std::chrono::milliseconds patience, std::function<void(const JobManagerActor&)> on_found,
             std::function<void(const Error&)> on_failed);

}  // namespace weir
