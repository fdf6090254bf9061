// SPDX-License-Identifier: Apache-2.0
// Refused: the function keeps state by key, but the stream has no keys: put key_by() before it
#include <tuple>

#include "api/program.h"

struct Count {
  static auto states() { return std::tuple(weir::value_state<int>("count")); }
  void open(weir::RuntimeContext& context) { count = context.state(weir::value_state<int>("count")); }
  int operator()(int) {
    count.update([](int& n) { ++n; });
    return *count.get();
  }
  weir::ValueState<int> count;
};

void weir::program(Environment& env) {
  auto numbers = env.from_collection<int>({1});
#ifdef WEIR_CONTROL
  numbers.key_by([](int value) { return value; }).map(Count{}).discard();
#else
  numbers.map(Count{}).discard();
#endif
}
