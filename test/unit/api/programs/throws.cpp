// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "api/program.h"

void weir::program(Environment& env) {
  if (env.params().has("no-exception")) throw 42;
  throw std::runtime_error("this program cannot make up its mind");
}
