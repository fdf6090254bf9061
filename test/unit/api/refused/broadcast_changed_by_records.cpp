// SPDX-License-Identifier: Apache-2.0
// Refused: only broadcast records may change what all subtasks share
#include "api/program.h"

constexpr weir::MapStateTag<int, int> kRules{"rules"};

struct Reader {
  void first(const int& value, const weir::BroadcastContext& context, weir::Out<int>& out) {
    out(context.broadcast(kRules).find(value) == nullptr ? 0 : 1);
  }
  void second(const int& rule, weir::BroadcastContext& context, weir::Out<int>&) {
    context.broadcast(kRules).put(rule, 1);
  }
};
struct Changer : Reader {
  void first(const int& value, weir::BroadcastContext& context, weir::Out<int>&) {
    context.broadcast(kRules).put(value, 1);
  }
};

void weir::program(Environment& env) {
  auto numbers = env.from_collection<int>({1});
  auto both = numbers.connect(numbers.broadcast(kRules));
#ifdef WEIR_CONTROL
  both.process(Reader{}).discard();
#else
  both.process(Changer{}).discard();
#endif
}
