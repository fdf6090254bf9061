// SPDX-License-Identifier: Apache-2.0
// Numbers from all sources to all sinks, spread in the way that --by names. Every number that arrives becomes
// a line; with --by key every key becomes one, with the sum of its numbers.
#include <cstdint>
#include <string>

#include "api/program.h"

namespace {

struct Number {
  std::int64_t key = 0;
  std::int64_t value = 0;
  std::string payload;  // long ones span segments
};

std::string line_of(const Number& number) {
  return std::to_string(number.value) + " " + std::to_string(number.payload.size());
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const auto count = static_cast<std::uint64_t>(params.get_int("count", 20'000));
  const std::string output = params.require("output");
  const std::string by = params.choose(
      "by", {"forward", "rebalance", "rescale", "shuffle", "broadcast", "global", "custom", "key"});

  env.disable_chaining();
  auto numbers = env.generate(count, [](std::uint64_t i) {
    const auto value = static_cast<std::int64_t>(i);
    return Number{value % 97, value, std::string(i % 1000 == 0 ? 100'000 : i % 50, 'x')};
  });
  const auto write = [&](auto stream) { stream.map(line_of).write_text(output); };
  if (by == "forward") write(numbers.forward());
  else if (by == "rebalance") write(numbers.rebalance());
  else if (by == "rescale") write(numbers.rescale());
  else if (by == "shuffle") write(numbers.shuffle());
  else if (by == "broadcast") write(numbers.broadcast());
  else if (by == "global") write(numbers.global());
  else if (by == "custom")
    write(numbers.partition_custom(
        [](std::int64_t key, std::uint32_t channels) { return static_cast<std::uint32_t>(key) % channels; },
        &Number::key));
  else
    numbers.key_by(&Number::key)
        .sum(&Number::value, Emit::Final)
        .map([](const Number& sum) { return std::to_string(sum.key) + " " + std::to_string(sum.value); })
        .write_text(output);
  env.job_name("Spread by " + by);
}
