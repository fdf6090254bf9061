// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/time.h"

namespace weir::sim {

/// All that is left to chance in a schedule: the same numbers for the same seed, on every machine.
class Random {
public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// SplitMix64.
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15U);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9U;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebU;
    return z ^ (z >> 31);
  }
  /// 0 to `end` - 1.
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : next() % end; }
  [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
  Duration between(Duration least, Duration most) {
    return least + Duration(static_cast<Duration::rep>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }
  /// Mostly short, sometimes long: each factor of two is as likely as the next.
  Duration spread(Duration least, Duration most) {
    Duration length = least;
    while (length < most && chance(50)) length *= 2;
    return length < most ? length : most;
  }

private:
  std::uint64_t state_;
};

}  // namespace weir::sim
