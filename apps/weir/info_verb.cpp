// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>

#include "api/program_loader.h"
#include "apps/weir/verbs.h"
#include "graph/job_graph_generator.h"

namespace weir {

int run_info(const CommandLine& line) {
  if (line.rest().empty()) return fail("info wants a program: weir info [OPTIONS] PROGRAM.so [ARGS...]");
  const auto parallelism = line.count("parallelism", 1);
  if (!parallelism) return fail(parallelism.error().what);

  ProgramLoader loader;
  const auto program =
      loader.build(line.rest().front(), {line.rest().begin() + 1, line.rest().end()}, *parallelism);
  if (!program) return fail(program.error().what);
  std::cout << "----------------------- Execution Plan -----------------------\n"
            << execution_plan_json((*program)->stream_graph()) << '\n'
            << "--------------------------------------------------------------\n";
  return kExitOk;
}

}  // namespace weir
