// SPDX-License-Identifier: Apache-2.0
// Bugs that are planted into the simulation's copy of the logic (plants.py), to see whether it finds them.
#pragma once

#include <string_view>
#include <vector>

namespace weir::sim {

struct Plant {
  int number = 0;  // from 1
  std::string_view name;
  bool is_there = false;  // false: the line that it changes is not what it was
};
[[nodiscard]] const std::vector<Plant>& plants();

/// The one that is planted now; 0: none, the logic is as it is everywhere.
[[nodiscard]] int& planted();

}  // namespace weir::sim

/// What a planted line asks.
#define WEIR_PLANTED(number) (::weir::sim::planted() == (number))
