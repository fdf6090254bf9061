// SPDX-License-Identifier: Apache-2.0
// Prints the lines of a file that contain a text, and counts them.
//
//   weir run --local -p 2 libline_grep.so --input PATH --pattern TEXT [--output PATH|-]
#include <string>

#include "api/program.h"

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string pattern = params.require("pattern");
  const std::string output = params.get("output", "-");

  auto lines = env.read_text(params.require("input"))
                   .filter([pattern, matched = LongCounter("matched-lines")](const std::string& line) {
                     const bool matches = line.find(pattern) != std::string::npos;
                     matched.add(matches);
                     return matches;
                   });
  if (output == "-") lines.print(/*with_subtask=*/false);
  else lines.write_text(output);
  env.job_name("LineGrep");
}
