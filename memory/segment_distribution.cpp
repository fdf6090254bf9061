// SPDX-License-Identifier: Apache-2.0
#include "memory/segment_distribution.h"

#include <algorithm>
#include <cstddef>

#include "base/result.h"

namespace weir {

std::vector<std::uint32_t> distribute_segments(std::uint32_t total, std::span<const SegmentDemand> demands) {
  std::uint64_t required = 0;
  for (const auto& demand : demands) required += demand.required;
  WEIR_CHECK(required <= total, "more segments were promised than there are");

  const std::uint64_t excess = total - required;
  // Nobody can take more than all of the excess: so one without limit does not crowd out the others.
  const auto appetite = [excess](const SegmentDemand& demand) {
    return std::min<std::uint64_t>(excess, demand.max - demand.required);
  };
  std::uint64_t appetites = 0;
  for (const auto& demand : demands) appetites += appetite(demand);
  const std::uint64_t spread = std::min(excess, appetites);

  // Rounding the running sum rather than each share: the shares add up to `spread`, each at most one off.
  std::vector<std::uint32_t> sizes;
  sizes.reserve(demands.size());
  std::uint64_t appetites_so_far = 0;
  std::uint64_t given = 0;
  for (const auto& demand : demands) {
    appetites_so_far += appetite(demand);
    const std::uint64_t share = appetites == 0 ? 0 : spread * appetites_so_far / appetites - given;
    given += share;
    sizes.push_back(demand.required + static_cast<std::uint32_t>(share));
  }
  return sizes;
}

}  // namespace weir
