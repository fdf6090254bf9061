// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace weir {

using namespace std::chrono_literals;

using Duration = std::chrono::nanoseconds;
/// A point on the machine's monotonic clock: for deadlines and intervals, never shown to people.
using TimePoint = std::chrono::steady_clock::time_point;
/// A point on the wall clock in milliseconds since 1970: for what people and other machines read.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// The time at which a record's event happened, in milliseconds since 1970, as its producer says.
struct EventTime {
  std::int64_t millis = std::numeric_limits<std::int64_t>::min();

  /// The mark of a record that has no time of its own.
  [[nodiscard]] static constexpr EventTime none() { return {}; }
  /// Later than all: no record follows.
  [[nodiscard]] static constexpr EventTime max() { return {std::numeric_limits<std::int64_t>::max()}; }
  [[nodiscard]] constexpr bool is_none() const { return *this == none(); }

  auto operator<=>(const EventTime&) const = default;
};

/// Where logic that waits gets its time from. Production reads the machine; tests turn the hands.
///
/// Threads: any.
class Clock {
public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
public:
  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall_now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace weir
