// SPDX-License-Identifier: Apache-2.0
// Refused: keyed streams are connected by keys of one type
#include "api/program.h"

void weir::program(Environment& env) {
  auto numbers = env.from_collection<int>({1}).key_by([](int number) { return number; });
#ifdef WEIR_CONTROL
  numbers.connect(env.from_collection<int>({1}).key_by([](int number) { return number; }));
#else
  numbers.connect(
      env.from_collection<std::string>({"1"}).key_by([](const std::string& text) { return text; }));
#endif
}
