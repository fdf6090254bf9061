// SPDX-License-Identifier: Apache-2.0
// Refused: open() of a function takes a weir::RuntimeContext&
#include "api/program.h"

struct Twice {
#ifdef WEIR_CONTROL
  void open(weir::RuntimeContext&) {}
#else
  void open() {}
#endif
  int operator()(int value) const { return 2 * value; }
};

void weir::program(Environment& env) { env.from_collection<int>({1}).map(Twice{}).discard(); }
