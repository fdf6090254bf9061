// SPDX-License-Identifier: Apache-2.0
// Refused: put key_by() before it, or take window_all()
#include "api/program.h"

using namespace std::chrono_literals;

struct Click {
  int user = 0;
  int count = 0;
};

void weir::program(Environment& env) {
  auto clicks = env.from_collection<Click>({{1, 1}});
#ifdef WEIR_CONTROL
  clicks.key_by(&Click::user).window(TumblingEventTime(5s)).sum(&Click::count).discard();
#else
  clicks.window(TumblingEventTime(5s));
#endif
}
