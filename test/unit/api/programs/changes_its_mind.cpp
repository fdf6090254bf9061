// SPDX-License-Identifier: Apache-2.0
// Builds another graph each time, as a program does that looks at a clock.
#include <cstdint>
#include <string>

#include "api/program.h"

void weir::program(Environment& env) {
  static int builds = 0;
  env.generate(10, [](std::uint64_t i) { return i; }).name("build " + std::to_string(++builds)).discard();
}
