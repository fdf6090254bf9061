// SPDX-License-Identifier: Apache-2.0
// Lines "visitor" in; "(visitor,1)", "(visitor,2)", ... out as they come, in part files: a visit that counts
// twice, or not at all, changes what is written.
#include <cstdint>
#include <string>

#include "api/program.h"
#include "test/golden/programs/middle.h"

namespace {

struct Visit {
  std::string visitor;
  std::int64_t number = 0;
};

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  golden::let_take_checkpoints(env);
  env.read_text(params.require("input"))
      .uid("lines")
      .filter(golden::Middle(params))
      .map([](const std::string& line) { return Visit{line, 1}; })
      .key_by(&Visit::visitor)
      .sum(&Visit::number)
      .uid("visits")
      .write_files(params.require("output"))
      .uid("files");
}
