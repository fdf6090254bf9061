// SPDX-License-Identifier: Apache-2.0
// Takes the numbers 1 to N by single steps to 1, in a loop, and writes each with its number of steps: N lines
// "NUMBER STEPS", whatever happens meanwhile.
//
//   --count N --output DIRECTORY --checkpoint-ms N
#include <chrono>
#include <cstdint>
#include <string>

#include "api/program.h"

namespace {

struct Walk {
  std::int64_t start = 0;
  std::int64_t at = 0;
  std::int64_t steps = 0;
};

Walk stepped(Walk walk) {
  if (walk.at == 1) return walk;
  walk.at = walk.at % 2 == 0 ? walk.at / 2 : 3 * walk.at + 1;
  ++walk.steps;
  return walk;
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const auto count = static_cast<std::uint64_t>(params.get_int("count", 1000));
  env.enable_checkpointing(std::chrono::milliseconds(params.get_int("checkpoint-ms", 50)));
  env.restart_strategy(FixedDelay{.attempts = 10, .delay = std::chrono::milliseconds(100)});

  auto walks = env.generate(count, [](std::uint64_t number) {
                    const auto start = static_cast<std::int64_t>(number) + 1;
                    return Walk{start, start, 0};
                  })
                   .uid("numbers")
                   .iterate();
  walks.name("Walks").uid("walks");
  auto next = walks.key_by(&Walk::at).map(stepped);
  walks.close_with(next.filter([](const Walk& walk) { return walk.at != 1; }));
  next.filter([](const Walk& walk) { return walk.at == 1; })
      .map([](const Walk& walk) { return std::to_string(walk.start) + " " + std::to_string(walk.steps); })
      .write_files(params.require("output"))
      .uid("files");
  env.job_name("Walks");
}
