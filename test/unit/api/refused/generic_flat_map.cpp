// SPDX-License-Identifier: Apache-2.0
// Refused: name the result: flat_map<R>(function)
#include "api/program.h"

void weir::program(Environment& env) {
  auto numbers = env.from_collection<int>({1});
#ifdef WEIR_CONTROL
  numbers.flat_map<int>([](int value, auto& out) { out(value); }).discard();
#else
  numbers.flat_map([](int value, auto& out) { out(value); });
#endif
}
