// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace weir {

/// How long to wait before the next attempt: twice as long each time up to a limit, and not past a deadline,
/// which counts from the first failure. Pure.
class Backoff {
public:
  struct Limits {
    Duration first = 100ms;
    Duration longest = 10s;
    Duration deadline = 60s;
  };

  explicit Backoff(Limits limits) : limits_(limits), next_(limits.first) {}

  /// When to try again after an attempt that failed at `now`; nothing: give up.
  [[nodiscard]] std::optional<TimePoint> on_failed(TimePoint now) {
    if (give_up_at_ == TimePoint::max()) give_up_at_ = now + limits_.deadline;
    const auto when = now + next_;
    next_ = std::min(2 * next_, limits_.longest);
    if (when > give_up_at_) return std::nullopt;
    return when;
  }

private:
  Limits limits_;
  Duration next_;
  TimePoint give_up_at_ = TimePoint::max();  // until the first failure
};

}  // namespace weir
