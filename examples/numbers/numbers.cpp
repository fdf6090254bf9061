// SPDX-License-Identifier: Apache-2.0
// Sums the numbers 0 to count - 1 by their remainder, and prints "(remainder,sum)".
//
//   weir run --local -p 2 libnumbers.so [--count N] [--keys K] [--emit updates|final]
#include <cstdint>

#include "api/program.h"

struct Number {
  std::int64_t key = 0;
  std::int64_t value = 0;
};

void weir::program(Environment& env) {
  const auto& params = env.params();
  const auto count = params.get_int("count", 1'000'000);
  const auto keys = params.get_int("keys", 10);
  if (count < 0 || keys < 1) throw ProgramError("--count is at least 0 and --keys at least 1");
  const auto emit = params.choose("emit", {"final", "updates"}) == "final" ? Emit::Final : Emit::Updates;

  env.generate(static_cast<std::uint64_t>(count),
               [keys](std::uint64_t i) {
                 const auto number = static_cast<std::int64_t>(i);
                 return Number{number % keys, number};
               })
      .key_by(&Number::key)
      .sum(&Number::value, emit)
      .uid("sums")
      .print(/*with_subtask=*/false);
  env.job_name("Numbers");
}
