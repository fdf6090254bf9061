// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace weir::sim {

/// Plants one bug after the other, each in a process of its own and as many at a time as there are cores, and
/// says what each was found by. Only a broken promise finds one: a process that dies is no proof of anything.
/// True: all were found within so many schedules of the seed.
[[nodiscard]] bool find_all_plants(std::uint64_t seed, std::uint64_t first, std::uint64_t schedules);

}  // namespace weir::sim
