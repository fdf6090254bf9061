// SPDX-License-Identifier: Apache-2.0
// Sensors that fall silent: what the program and its tests share.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <api/program.h>

struct Reading {
  std::string sensor;
  std::int64_t at = 0;  // ms
};

/// A sensor has said nothing since then.
struct Alarm {
  std::string sensor;
  std::int64_t since = 0;
  auto operator<=>(const Alarm&) const = default;
};

/// Tells of a sensor when it has been silent for a minute.
class Silence {
public:
  void open(weir::OperatorContext& context) {
    last_ = context.keyed_state().state(weir::value_state<std::int64_t>("last"));
  }

  void process(const Reading& reading, weir::KeyedContext<std::string>& context, weir::Out<Alarm>&) {
    if (const std::int64_t* last = last_.get()) {
      if (reading.at <= *last) return;
      if (reading.at < *last + kPatience) context.timers().remove_event_time(*last + kPatience);
    }
    last_.set(reading.at);
    context.timers().add_event_time(reading.at + kPatience);
  }

  void on_timer(std::int64_t time, weir::TimerContext<std::string>& context, weir::Out<Alarm>& out) {
    out({context.key(), time - kPatience});
    if (last_.value_or(0) == time - kPatience) last_.clear();
  }

private:
  static constexpr std::int64_t kPatience = 60'000;

  weir::ValueState<std::int64_t> last_;
};

inline weir::DataStream<Alarm> alarms(weir::DataStream<Reading> readings) {
  using namespace std::chrono_literals;
  return readings.assign_timestamps(&Reading::at, weir::bounded_out_of_orderness(5s))
      .key_by(&Reading::sensor)
      .process(Silence{})
      .uid("silence");
}
