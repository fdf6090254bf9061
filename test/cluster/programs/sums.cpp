// SPDX-License-Identifier: Apache-2.0
// Sums the numbers 0 to count - 1 by their remainder and writes "remainder sum" lines at the end. It takes
// checkpoints, and its time: --pause milliseconds every hundred numbers. So whatever happens in between, each
// number must have been counted exactly once.
#include <poll.h>

#include <cstdint>
#include <string>

#include "api/program.h"

namespace {

struct Number {
  std::int64_t key = 0;
  std::int64_t value = 0;
};

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const auto count = static_cast<std::uint64_t>(params.get_int("count", 10'000));
  const auto pause = static_cast<int>(params.get_int("pause", 10));
  const auto interval = std::chrono::milliseconds(params.get_int("interval", 100));
  env.enable_checkpointing(interval);
  env.generate(count,
               [pause](std::uint64_t i) {
                 if (i % 100 == 0) ::poll(nullptr, 0, pause);
                 const auto number = static_cast<std::int64_t>(i);
                 return Number{number % 7, number};
               })
      .uid("numbers")
      .key_by(&Number::key)
      .sum(&Number::value, Emit::Final)
      .uid("sums")
      .map([](const Number& sum) { return std::to_string(sum.key) + " " + std::to_string(sum.value); })
      .write_text(params.require("output"));
  env.job_name("Sums");
}
