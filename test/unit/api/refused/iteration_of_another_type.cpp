// SPDX-License-Identifier: Apache-2.0
// Refused: an iteration is closed with records of the type that it began with
#include "api/program.h"

void weir::program(Environment& env) {
  auto loop = env.from_collection<int>({1}).iterate();
#ifdef WEIR_CONTROL
  loop.close_with(loop.map([](int n) { return n - 1; }));
#else
  loop.close_with(loop.map([](int n) { return n / 2.0; }));
#endif
}
