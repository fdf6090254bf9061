// SPDX-License-Identifier: Apache-2.0
#include "test/sim/planted.h"

namespace weir::sim {

const std::vector<Plant>& plants() {
  static const std::vector<Plant> all = {
#include "test/sim/plants.inc"
  };
  return all;
}

int& planted() {
  static thread_local int number = 0;
  return number;
}

}  // namespace weir::sim
