// SPDX-License-Identifier: Apache-2.0
// Lines "SENSOR MILLIS" in, "SENSOR is silent since MILLIS" out.
#include "sensors.h"

#include <string>

void weir::program(Environment& env) {
  auto readings = env.read_text(env.params().require("input")).map([](const std::string& line) {
    const auto space = line.find(' ');
    return Reading{line.substr(0, space), std::stoll(line.substr(space + 1))};
  });
  alarms(readings)
      .map([](const Alarm& alarm) {
        return alarm.sensor + " is silent since " + std::to_string(alarm.since);
      })
      .print();
}
