// SPDX-License-Identifier: Apache-2.0
// Refused: state outlives the record that it comes from: use std::string
#include <string>
#include <string_view>

#include "api/program.h"

#ifdef WEIR_CONTROL
using Kept = std::string;
#else
using Kept = std::string_view;
#endif

struct Last {
  void open(weir::RuntimeContext& context) { last = context.state(weir::value_state<Kept>("last")); }
  int operator()(int value) { return value; }
  weir::ValueState<Kept> last;
};

void weir::program(Environment& env) {
  env.from_collection<int>({1}).key_by([](int value) { return value; }).map(Last{}).discard();
}
