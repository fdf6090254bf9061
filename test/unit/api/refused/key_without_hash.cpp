// SPDX-License-Identifier: Apache-2.0
// Refused: a key has operator== and a KeyHash
#include <map>

#include "api/program.h"

#ifdef WEIR_CONTROL
using ChosenKey = int;
#else
using ChosenKey = std::map<int, int>;
#endif

void weir::program(Environment& env) {
  env.from_collection<int>({1}).key_by([](int) { return ChosenKey(); }).discard();
}
