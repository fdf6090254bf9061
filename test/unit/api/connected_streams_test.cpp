// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"
#include "checkpoint/state/state.h"
#include "test/support/local_job.h"
#include "test/support/operator_ends.h"
#include "test/support/random_value.h"

using namespace weir;
using weir::testing::Gathered;
using weir::testing::LocalJob;

namespace {

using Texts = std::vector<std::string>;

struct Ride {
  std::int32_t id = 0;
  std::string from;
};
struct Fare {
  std::int32_t ride = 0;
  double paid = 0;
};

Texts sorted(Texts values) {
  std::ranges::sort(values);
  return values;
}

/// What a program's stream yields, sorted.
Texts run(std::uint32_t parallelism, const std::function<DataStream<std::string>(Environment&)>& program) {
  const auto collected = std::make_shared<Collected<std::string>>();
  const auto outcome = LocalJob(testing::small_worker(), 2)
                           .run([&](Environment& env) { program(env).collect(collected); }, parallelism);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  return sorted(collected->take());
}

/// Pairs rides with fares, whichever comes first, in memory of the subtask.
struct Matcher {
  std::map<std::int32_t, std::string> rides;
  std::map<std::int32_t, double> fares;

  void first(const Ride& ride, Out<std::string>& out) {
    rides[ride.id] = ride.from;
    match(ride.id, out);
  }
  void second(const Fare& fare, Out<std::string>& out) {
    fares[fare.ride] = fare.paid;
    match(fare.ride, out);
  }
  void match(std::int32_t id, Out<std::string>& out) {
    if (rides.contains(id) && fares.contains(id)) out(rides[id] + " " + std::to_string(fares[id]));
  }
};

/// The same in keyed state.
class StatefulMatcher : public TwoInputOperator<Ride, Fare, std::string> {
public:
  void open(OperatorContext& context) override {
    rides_ = context.keyed_state().state(value_state<std::string>("ride"));
    fares_ = context.keyed_state().state(value_state<double>("fare"));
  }
  void process_first(const Ride& ride, EventTime) override {
    rides_.set(ride.from);
    match();
  }
  void process_second(const Fare& fare, EventTime) override {
    fares_.set(fare.paid);
    match();
  }

private:
  void match() {
    const auto from = rides_.get();
    const auto paid = fares_.get();
    if (from && paid)
      next().process(*from + " " + std::to_string(*paid), EventTime::none());
  }

  ValueState<std::string> rides_;
  ValueState<double> fares_;
};

constexpr std::int32_t kRides = 200;

OperatorStream<Ride> rides(Environment& env) {
  return env.generate(kRides, [](std::uint64_t i) {
    return Ride{static_cast<std::int32_t>(i), "from " + std::to_string(i)};
  });
}
OperatorStream<Fare> fares(Environment& env) {
  return env.generate(kRides, [](std::uint64_t i) {
    return Fare{static_cast<std::int32_t>(kRides - 1 - i), static_cast<double>(i) / 4};
  });
}

Texts all_pairs() {
  Texts all;
  for (std::int32_t i = 0; i < kRides; ++i)
    all.push_back("from " + std::to_string(i) + " " + std::to_string((kRides - 1 - i) / 4.0));
  return sorted(all);
}

/// Writes down what it gets; its two faces are driven by the test.
class Recorder final : public TwoInputOperator<int, std::string, std::string> {
public:
  void process_first(const int& value, EventTime time) override {
    next().process(std::to_string(value), time);
  }
  void process_second(const std::string& value, EventTime time) override { next().process(value, time); }
};

/// What comes out of an operator, records and what is between them.
class Heard final : public Input<std::string> {
public:
  void process(const std::string& value, EventTime) override { lines.push_back(value); }
  void process_watermark(EventTime watermark) override {
    lines.push_back(watermark == EventTime::max() ? "max" : std::to_string(watermark.millis));
  }
  void process_status(StreamStatus status) override {
    lines.push_back(status == StreamStatus::Idle ? "idle" : "active");
  }
  [[nodiscard]] Texts take() { return std::exchange(lines, {}); }
  Texts lines;
};

struct Driven {
  Driven() {
    op.bind(context);
    op.set_output(heard);
  }
  OperatorContext context{{"recorder", 0, 1, 128}};
  Recorder op;
  Heard heard;
  InputOf<Recorder, 0> first{op};
  InputOf<Recorder, 1> second{op};
};

}  // namespace

TEST_CASE("two streams of different types become one, record by record") {
  for (const std::uint32_t parallelism : {1u, 3u}) {
    CHECK(run(parallelism, [](Environment& env) {
            return env.from_collection<int>({1, 2})
                .connect(env.from_collection<std::string>({"x", "y"}))
                .co_map([](int number) { return "number " + std::to_string(number); },
                        [](const std::string& text) { return "text " + text; });
          }) == Texts{"number 1", "number 2", "text x", "text y"});
    CHECK(run(parallelism, [](Environment& env) {
            return env.from_collection<int>({1, 2, 3})
                .rebalance()
                .connect(env.from_collection<std::string>({"ab", ""}).rebalance())
                .co_flat_map(
                    [](int number, Out<std::string>& out) {
                      if (number != 2) out(std::to_string(number));
                    },
                    [](const std::string& text, Out<std::string>& out) {
                      for (const char letter : text) out(std::string(1, letter));
                    });
          }) == Texts{"1", "3", "a", "b"});
  }
}

TEST_CASE("both inputs share one object in each subtask, and records of equal keys meet there") {
  CHECK(run(1, [](Environment& env) { return rides(env).connect(fares(env)).co_flat_map(Matcher{}); }) ==
        all_pairs());
  CHECK(run(3, [](Environment& env) {
          return rides(env).key_by(&Ride::id).connect(fares(env).key_by(&Fare::ride)).co_flat_map(Matcher{});
        }) == all_pairs());
}

TEST_CASE("both inputs of connected keyed streams share the state of their key") {
  for (const std::uint32_t parallelism : {1u, 4u}) {
    CHECK(run(parallelism, [](Environment& env) {
            using ByKey = KeyedTwoInput<StatefulMatcher, std::int32_t Ride::*, std::int32_t Fare::*>;
            return rides(env)
                .key_by(&Ride::id)
                .connect(fares(env).key_by(&Fare::ride))
                .transform<ByKey>("match", [] { return std::make_unique<ByKey>(&Ride::id, &Fare::ride); });
          }) == all_pairs());
  }
}

TEST_CASE("an input may be a union, and an operator may read one stream twice") {
  CHECK(run(2, [](Environment& env) {
          auto numbers = env.from_collection<int>({1, 2});
          return numbers.union_with(env.from_collection<int>({3}))
              .connect(numbers)
              .co_map([](int number) { return "a" + std::to_string(number); },
                      [](int number) { return "b" + std::to_string(number); });
        }) == Texts{"a1", "a2", "a3", "b1", "b2"});
}

TEST_CASE("a process function of two inputs knows the time of each record and has side outputs") {
  constexpr OutputTag<int> kNegative{"negative"};
  struct Function {
    OutputTag<int> negative;
    void first(const int& value, ProcessContext& context, Out<std::string>& out) {
      if (value < 0) context.emit(negative, value);
      else out("first " + std::to_string(value) + (context.timestamp().is_none() ? "" : "@"));
    }
    void second(const double& value, ProcessContext& context, Out<std::string>& out) {
      if (value < 0) context.emit(negative, static_cast<int>(value));
      else out("second");
    }
  };
  const auto negative = std::make_shared<Collected<int>>();
  CHECK(run(1, [&](Environment& env) {
          auto all = env.from_collection<int>({1, -2, 3})
                         .connect(env.from_collection<double>({-4.0, 0.5}))
                         .process(Function{kNegative});
          all.side_output(kNegative).collect(negative);
          return all;
        }) == Texts{"first 1", "first 3", "second"});
  auto got = negative->take();
  std::ranges::sort(got);
  CHECK(got == std::vector{-4, -2});
}

TEST_CASE("a failure in either function carries the operator's name") {
  const auto outcome = LocalJob().run([](Environment& env) {
    env.job_name("two");
    env.from_collection<int>({1})
        .connect(env.from_collection<std::string>({"no number"}))
        .co_map([](int number) { return number; }, [](const std::string& text) { return std::stoi(text); })
        .discard();
  });
  CHECK(outcome.failure.find("operator \"Co-Map\" (1/1) of job \"two\": stoi") != std::string::npos);
}

TEST_CASE(
    "the time of an operator of two inputs is that of the one behind, and an idle one is not waited for") {
  Driven driven;
  driven.first.process_watermark({5});
  CHECK(driven.heard.take().empty());
  driven.first.process(1, EventTime::none());
  driven.second.process_watermark({3});
  CHECK(driven.heard.take() == Texts{"1", "3"});
  CHECK(driven.op.current_watermark() == EventTime{3});
  driven.second.process_status(StreamStatus::Idle);
  CHECK(driven.heard.take() == Texts{"5"});
  driven.first.process_watermark({9});
  driven.first.process_status(StreamStatus::Idle);
  driven.second.process_status(StreamStatus::Active);
  CHECK(driven.heard.take() == Texts{"9", "idle", "active"});
  driven.second.process_watermark({7});
  driven.second.process_watermark({10});
  driven.second.process_watermark(EventTime::max());
  driven.first.process_status(StreamStatus::Active);
  driven.first.process_watermark({11});
  driven.first.process_watermark(EventTime::max());
  CHECK(driven.heard.take() == Texts{"10", "idle", "active", "11", "max"});
}

TEST_CASE("whatever two inputs say, time goes on when both have, and never back") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  for (int round = 0; round < 5'000; ++round) {
    Driven driven;
    std::int64_t said[2] = {0, 0};
    std::int64_t known = 0;
    for (int step = 0; step < 30; ++step) {
      const auto input = random() % 2;
      said[input] += static_cast<std::int64_t>(random() % 5);
      if (said[input] > 0) {
        if (input == 0) driven.first.process_watermark({said[0]});
        else driven.second.process_watermark({said[1]});
      }
      const std::int64_t earlier = std::min(said[0], said[1]);
      Texts expected;
      if (earlier > known) expected.push_back(std::to_string(known = earlier));
      REQUIRE(driven.heard.take() == expected);
    }
  }
}
