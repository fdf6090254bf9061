// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include <memory>

#include "ha/checkpoint_keeper.h"
#include "messages/protocol.h"

namespace weir {

/// Starts whoever keeps the checkpoints of one job. `has_files`: it may wait for a disk, and gets a thread of
/// its own to do so.
[[nodiscard]] CheckpointKeeperActor spawn_checkpoint_keeper(caf::actor_system& system,
                                                            std::shared_ptr<CheckpointKeeper> keeper,
                                                            bool has_files);

}  // namespace weir
