// SPDX-License-Identifier: Apache-2.0
// Refused: windows that merge (sessions) need contents that merge
#include "api/program.h"

using namespace std::chrono_literals;

struct Click {
  int user = 0;
  int count = 0;
};

void weir::program(Environment& env) {
  const auto add = [](int sum, const Click& click) { return sum + click.count; };
  auto clicks = env.from_collection<Click>({{1, 1}}).key_by(&Click::user);
#ifdef WEIR_CONTROL
  clicks.window(TumblingEventTime(5s)).fold(0, add).discard();
#else
  clicks.window(EventTimeSessions(5s)).fold(0, add).discard();
#endif
}
