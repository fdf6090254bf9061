// SPDX-License-Identifier: Apache-2.0
// A source as fast as it can be, and sinks that take a record every --pause milliseconds.
#include <poll.h>

#include <cstdint>
#include <string>

#include "api/program.h"

struct Block {
  std::int64_t number = 0;
  std::string payload;
};

void weir::program(Environment& env) {
  const auto pause = static_cast<int>(env.params().get_int("pause", 1));
  env.generate(1'000'000'000'000,
               [](std::uint64_t i) {
                 return Block{static_cast<std::int64_t>(i), std::string(1000, 'x')};
               })
      .rebalance()
      .for_each([pause](const Block&) { ::poll(nullptr, 0, pause); });
  env.job_name("Slow sink");
}
