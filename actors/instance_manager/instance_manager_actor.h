// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include "actors/instance_manager/instance_manager.h"
#include "messages/protocol.h"

namespace weir {

/// Starts an InstanceManager that tells `listener` who joins and who is lost. It takes nobody before it is
/// granted leadership.
[[nodiscard]] InstanceManagerActor spawn_instance_manager(caf::actor_system& system,
                                                          InstanceManager::Options options,
                                                          InstanceListener listener);

}  // namespace weir
