// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/time.h"

namespace weir {

/// A stretch of time: `end` does not belong to it.
///
/// Unit: ms since 1970, of events or of the wall clock.
struct TimeWindow {
  std::int64_t start = 0;
  std::int64_t end = 0;

  auto operator<=>(const TimeWindow&) const = default;

  /// The last moment that belongs to it: the time of what is said of the window.
  [[nodiscard]] std::int64_t max_timestamp() const { return end - 1; }
  /// Overlaps or touches.
  [[nodiscard]] bool meets(const TimeWindow& other) const { return start <= other.end && end >= other.start; }
  [[nodiscard]] bool contains(const TimeWindow& other) const {
    return start <= other.start && other.end <= end;
  }
  /// The least window that contains both.
  [[nodiscard]] TimeWindow cover(const TimeWindow& other) const {
    return {std::min(start, other.start), std::max(end, other.end)};
  }
};

/// The one window for everything. It has no end: a trigger says when it speaks.
struct GlobalWindow {
  auto operator<=>(const GlobalWindow&) const = default;
  [[nodiscard]] std::int64_t max_timestamp() const { return std::numeric_limits<std::int64_t>::max(); }
};

namespace window_math {

inline constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();

/// The sum, or as far as numbers go.
[[nodiscard]] constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? kBeforeAll : kForever;
}

/// The last moment up to `time` that is a whole number of `step` from `offset`, also before 1970.
[[nodiscard]] constexpr std::int64_t last_step(std::int64_t time, std::int64_t step, std::int64_t offset) {
  const std::int64_t since = saturating_add(time, -offset);
  std::int64_t past = since % step;
  if (past < 0) past += step;
  return saturating_add(time, -past);
}

[[nodiscard]] constexpr std::int64_t millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace window_math

}  // namespace weir
