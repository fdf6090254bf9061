// SPDX-License-Identifier: Apache-2.0
// Refused: the function keeps state by key, but the streams have no keys: put key_by() before each
#include <tuple>

#include "api/program.h"

struct Sum {
  static inline const auto kSum = weir::value_state<int>("sum");
  weir::ValueState<int> sum = {};

  auto states() const { return std::tuple(kSum); }
  void open(weir::RuntimeContext& context) { sum = context.state(kSum); }
  int first(int n) { return n; }
  int second(int n) { return n; }
};

void weir::program(Environment& env) {
  auto one = env.from_collection<int>({1});
  auto two = env.from_collection<int>({2});
  const auto itself = [](int n) { return n; };
#ifdef WEIR_CONTROL
  one.key_by(itself).connect(two.key_by(itself)).co_map(Sum{}).discard();
#else
  one.connect(two).co_map(Sum{}).discard();
#endif
}
