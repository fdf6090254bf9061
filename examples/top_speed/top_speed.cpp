// SPDX-License-Identifier: Apache-2.0
// Says of each car, each time that it has gone fifty metres, its top speed of the last ten seconds. Lines are
// "CAR,KMH,METRES,MILLIS", in the order of their times; out come "CAR KMH METRES MILLIS" of the moment when
// it was fastest.
//
//   weir run --local -p 2 libtop_speed.so --input PATH [--output PATH|-] [--metres N] [--seconds N]
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/fields.h"

namespace {

struct Car {
  std::int32_t id = 0;
  std::int32_t kmh = 0;
  double metres = 0;
  std::int64_t at = 0;
};

Car parse(const std::string& line) {
  std::string_view rest = line;
  Car car;
  car.id = fields::number<std::int32_t>(fields::next(rest, ','));
  car.kmh = fields::number<std::int32_t>(fields::next(rest, ','));
  car.metres = fields::number<double>(fields::next(rest, ','));
  car.at = fields::number<std::int64_t>(rest);
  return car;
}

double distance(const Car& from, const Car& to) { return to.metres - from.metres; }

std::string told(const Car& car) {
  return std::to_string(car.id) + " " + std::to_string(car.kmh) + " " +
         std::to_string(static_cast<std::int64_t>(car.metres)) + " " + std::to_string(car.at);
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const auto metres = static_cast<double>(params.get_int("metres", 50));
  const std::chrono::seconds seconds(params.get_int("seconds", 10));
  const std::string output = params.get("output", "-");

  // One subtask reads, so that each car's records stay in order.
  auto lines = env.read_text(params.require("input"));
  lines.parallelism(1);
  auto cars = lines.map(&parse);
  cars.parallelism(1);
  auto timed = cars.assign_timestamps(&Car::at, ascending_timestamps());
  timed.parallelism(1);
  auto fastest = timed.key_by(&Car::id)
                     .window(GlobalWindows{})
                     .trigger(delta_trigger<Car>(metres, &distance))
                     .evictor(TimeEvictor(seconds))
                     .max_by(&Car::kmh)
                     .uid("fastest")
                     .map(&told);
  if (output == "-") fastest.print(/*with_subtask=*/false);
  else fastest.write_text(output);
  env.job_name("Top Speed");
}
