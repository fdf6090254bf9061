// SPDX-License-Identifier: Apache-2.0
// Functions that do to their TaskManager what nobody should: --do segfault, or ignore that they are
// cancelled.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string>

#include "api/program.h"

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string what = params.choose("do", {"segfault", "ignore"});
  const std::string once = params.get("once", "");  // a file: whoever removes it does it
  env.generate(1'000'000'000'000, [](std::uint64_t i) { return static_cast<std::int64_t>(i); })
      .rebalance()
      .for_each([what, once](std::int64_t) {
        if (what == "ignore") {
          while (true) ::poll(nullptr, 0, 1000);
        }
        if (!once.empty() && ::unlink(once.c_str()) == 0) ::raise(SIGSEGV);
      });
  env.job_name("Hostile");
}
