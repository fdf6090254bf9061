// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include <cstddef>

#include "actors/archivist/memory_archivist.h"
#include "messages/protocol.h"

namespace weir {

/// Starts an archivist that remembers the last `capacity` jobs.
[[nodiscard]] ArchivistActor spawn_archivist(caf::actor_system& system,
                                             std::size_t capacity = MemoryArchivist::kDefaultCapacity);

}  // namespace weir
