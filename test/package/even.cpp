// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <api/program.h>

void weir::program(Environment& env) {
  env.generate(10, [](std::uint64_t i) { return i; })
      .filter([](std::uint64_t i) { return i % 2 == 0; })
      .print();
}
