// SPDX-License-Identifier: Apache-2.0
#include "execution/task/workspaces.h"

#include <string>
#include <utility>

namespace weir {

Result<Workspace> Workspaces::make(std::uint32_t slot, double fraction) const {
  const std::uint32_t page_count = memory_.pages_for_fraction(fraction);
  if (page_count == 0) {
    return Error{ErrorCode::OutOfMemoryPages,
                 "its share of the slot's managed memory, " + std::to_string(memory_.pages_per_slot()) +
                     " pages of " + std::to_string(memory_.page_bytes()) +
                     " bytes, is less than a page; raise taskmanager.memory.size"};
  }
  auto pages = PageBudget::reserve(memory_, slot, page_count);
  if (!pages) return pages.error();
  Workspace workspace;
  workspace.pages = *std::move(pages);
  workspace.io = &io_;
  workspace.mode = mode_;
  return workspace;
}

double managed_memory_share(const StreamGraph& graph, const StreamNode& node) {
  if (node.managed_memory_weight == 0) return 0;
  double sum = 0;
  for (const StreamNode& each : graph.nodes()) {
    if (each.slot_sharing_group == node.slot_sharing_group) sum += each.managed_memory_weight;
  }
  return node.managed_memory_weight / sum;
}

}  // namespace weir
