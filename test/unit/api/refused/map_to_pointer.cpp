// SPDX-License-Identifier: Apache-2.0
// Refused: Session
#include "api/program.h"

struct Session {
  int id = 0;
#ifndef WEIR_CONTROL
  int* socket = nullptr;  // means nothing on another machine
#endif
};

void weir::program(Environment& env) {
  env.from_collection<int>({1}).map([](int id) { return Session{id}; }).discard();
}
