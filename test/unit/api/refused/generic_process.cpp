// SPDX-License-Identifier: Apache-2.0
// Refused: name the result: process<R>(function)
#include "api/program.h"

void weir::program(Environment& env) {
  auto numbers = env.from_collection<int>({1});
#ifdef WEIR_CONTROL
  numbers.process<int>([](int value, ProcessContext&, auto& out) { out(value); }).discard();
#else
  numbers.process([](int value, ProcessContext&, auto& out) { out(value); });
#endif
}
