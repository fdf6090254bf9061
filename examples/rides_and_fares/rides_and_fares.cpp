// SPDX-License-Identifier: Apache-2.0
// Puts the fare of a taxi ride beside the ride. Either may come first; what waits longer than its patience is
// told of by itself.
//
//   weir run --local -p 2 librides_and_fares.so --rides PATH --fares PATH [--output PATH|-]
//            [--patience-ms N] [--disorder-ms N]
//
// Rides are lines "RIDE,MILLIS,TAXI,FROM,TO", fares lines "RIDE,MILLIS,CENTS". Out come
// "RIDE TAXI FROM-TO CENTS", "RIDE was not paid" and "RIDE was paid and is not known".
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/fields.h"

namespace {

struct Ride {
  std::string taxi;
  std::string from;
  std::string to;
};

struct Fare {
  std::int64_t cents = 0;
};

/// A ride or a fare: of one type, so that both come to one function, which has timers by key.
struct Event {
  std::int64_t ride_id = 0;
  std::int64_t at = 0;
  std::optional<Ride> ride;
  std::optional<Fare> fare;
};

Event parse_ride(const std::string& line) {
  std::string_view rest = line;
  Event event;
  event.ride_id = fields::number<std::int64_t>(fields::next(rest, ','));
  event.at = fields::number<std::int64_t>(fields::next(rest, ','));
  event.ride.emplace();
  event.ride->taxi = fields::next(rest, ',');
  event.ride->from = fields::next(rest, ',');
  event.ride->to = rest;
  return event;
}

Event parse_fare(const std::string& line) {
  std::string_view rest = line;
  Event event;
  event.ride_id = fields::number<std::int64_t>(fields::next(rest, ','));
  event.at = fields::number<std::int64_t>(fields::next(rest, ','));
  event.fare = Fare{fields::number<std::int64_t>(rest)};
  return event;
}

constexpr weir::OutputTag<std::string> kAlone{"alone"};

/// Keeps the first of a pair until the second comes, or until a timer says that none will.
class Pair {
public:
  explicit Pair(std::chrono::milliseconds patience) : patience_(patience.count()) {}

  void open(weir::OperatorContext& context) {
    waiting_ = context.keyed_state().state(weir::value_state<Event>("waiting"));
  }

  void process(const Event& event, weir::KeyedContext<std::int64_t>& context, weir::Out<std::string>& out) {
    const Event* const other = waiting_.get();
    if (other == nullptr || other->ride.has_value() == event.ride.has_value()) {
      waiting_.set(event);
      context.timers().add_event_time(event.at + patience_);
      return;
    }
    const Ride& ride = event.ride ? *event.ride : *other->ride;
    const Fare& fare = event.fare ? *event.fare : *other->fare;
    out(std::to_string(event.ride_id) + " " + ride.taxi + " " + ride.from + "-" + ride.to + " " +
        std::to_string(fare.cents));
    context.timers().remove_event_time(other->at + patience_);
    waiting_.clear();
  }

  void on_timer(std::int64_t, weir::TimerContext<std::int64_t>& context, weir::Out<std::string>&) {
    const bool is_ride = waiting_.get()->ride.has_value();
    context.emit(kAlone, std::to_string(context.key()) +
                             (is_ride ? " was not paid" : " was paid and is not known"));
    waiting_.clear();
  }

private:
  std::int64_t patience_;
  weir::ValueState<Event> waiting_;
};

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::chrono::milliseconds patience(params.get_int("patience-ms", 3'600'000));
  const std::chrono::milliseconds disorder(params.get_int("disorder-ms", 60'000));
  const std::string output = params.get("output", "-");

  // Each stream has a time of its own; behind the union time is where the slower one is.
  auto rides = env.read_text(params.require("rides"))
                   .map(&parse_ride)
                   .assign_timestamps(&Event::at, bounded_out_of_orderness(disorder));
  auto fares = env.read_text(params.require("fares"))
                   .map(&parse_fare)
                   .assign_timestamps(&Event::at, bounded_out_of_orderness(disorder));
  auto paired = rides.union_with(fares).key_by(&Event::ride_id).process(Pair(patience)).uid("pairs");
  auto all = paired.union_with(paired.side_output(kAlone)).map([](const std::string& line) { return line; });
  if (output == "-") all.print(/*with_subtask=*/false);
  else all.write_text(output);
  env.job_name("Rides and Fares");
}
