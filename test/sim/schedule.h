// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "test/sim/world.h"

namespace weir::sim {

/// What came of one schedule.
struct Verdict {
  std::uint64_t seed = 0;
  std::string violation;  // of what promise; empty: none
  std::uint64_t trace = 0;
  Duration simulated{};
  Tally tally;
  std::vector<std::string> story;  // only if it was asked for
};

/// A cluster runs a job while things break, then all is healed and the job must come to its end.
[[nodiscard]] Verdict run_schedule(std::uint64_t seed, bool tells = false);

/// Schedules `first` to `first + count - 1` of a seed.
[[nodiscard]] std::uint64_t seed_of(std::uint64_t seed, std::uint64_t schedule);

}  // namespace weir::sim
