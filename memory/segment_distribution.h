// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace weir {

/// How many segments a pool must have to work at all, and how many it can make use of.
struct SegmentDemand {
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t required = 0;
  std::uint32_t max = kUnlimited;  // >= required
};

/// Shares `total` segments out: each demand gets what it requires, and what is left goes to them in
/// proportion to what they can still take, rounded so that nothing of it is lost. Pure; the same order of
/// demands gives the same shares.
///
/// Unit:    segments. The sum of the answer never exceeds `total`.
/// Errors:  the sum of `required` must not exceed `total`.
[[nodiscard]] std::vector<std::uint32_t> distribute_segments(std::uint32_t total,
                                                             std::span<const SegmentDemand> demands);

}  // namespace weir
