// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "execution/operators/workspace.h"
#include "graph/stream_graph.h"
#include "memory/io_manager.h"
#include "memory/memory_manager.h"

namespace weir {

/// Hands out the memory and the disks of a worker to operators that hold more than state.
///
/// Threads: any.
class Workspaces {
public:
  /// Both outlive this.
  Workspaces(MemoryManager& memory, IoManager& io, IoMode mode) : memory_(memory), io_(io), mode_(mode) {}

  /// Errors: the slot has not so much left, or that is not even a page.
  [[nodiscard]] Result<Workspace> make(std::uint32_t slot, double fraction) const;

private:
  MemoryManager& memory_;
  IoManager& io_;
  const IoMode mode_;
};

/// The share of a slot's managed memory that a node's operator may have: its weight beside those of all that
/// can run in the same slot. 0: it wants none.
[[nodiscard]] double managed_memory_share(const StreamGraph& graph, const StreamNode& node);

}  // namespace weir
