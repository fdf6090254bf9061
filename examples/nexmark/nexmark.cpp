// SPDX-License-Identifier: Apache-2.0
// Asks one of the Nexmark queries of an auction house that the program makes up.
//
//   weir run --local -p 2 libnexmark.so --query q5 [--events N] [--events-per-second N] [--seed N]
//            [--output PATH|-|/dev/null]
//
// queries.h tells what each asks. Out come lines.
#include <chrono>
#include <cstdint>
#include <string>

#include "api/program.h"
#include "examples/nexmark/generator.h"
#include "examples/nexmark/queries.h"

namespace {

nexmark::Query query(const std::string& name) {
  const auto found = nexmark::kQueries.find(name);
  if (found != nexmark::kQueries.end()) return found->second;
  std::string names;
  for (const auto& [each, unused] : nexmark::kQueries) names += " " + each;
  throw weir::ProgramError("--query '" + name + "' is none of" + names);
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string name = params.require("query");
  const auto count = static_cast<std::uint64_t>(params.get_int("events", 100'000));
  nexmark::Generator::Options options;
  options.seed = static_cast<std::uint64_t>(params.get_int("seed", 1));
  options.events_per_second = params.get_int("events-per-second", options.events_per_second);
  const std::string output = params.get("output", "-");

  auto events = env.generate(count, [generator = nexmark::Generator(options)](std::uint64_t number) {
                     return generator.event(number);
                   })
                    .uid("events")
                    .assign_timestamps(&nexmark::Event::at, bounded_out_of_orderness(options.disorder));
  auto lines = query(name)(events);
  if (output == "-") lines.print(/*with_subtask=*/false);
  else if (output == "/dev/null") lines.discard();
  else lines.write_text(output);
  env.job_name("Nexmark " + name);
}
