// SPDX-License-Identifier: Apache-2.0
// Windows, joins and timers as programs write them, run as jobs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/joins.h"
#include "api/program.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

struct Click {
  std::string user;
  std::int64_t at = 0;
  std::int64_t value = 0;
};
using Clicks = std::vector<Click>;
using Lines = std::vector<std::string>;

/// Clicks with their times, in order, and a watermark that is `behind` them.
class TimedClicks final : public SourceFunction<Click> {
public:
  TimedClicks(Clicks clicks, std::int64_t behind) : clicks_(std::move(clicks)), behind_(behind) {}
  void run(SourceContext<Click>& context) override {
    for (const Click& click : clicks_) {
      context.collect(click, {click.at});
      context.emit_watermark({click.at - behind_});
    }
  }

private:
  const Clicks clicks_;
  const std::int64_t behind_;
};

OperatorStream<Click> clicks(Environment& env, const Clicks& list, std::int64_t behind = 0) {
  auto stream =
      env.add_source<Click>("clicks", [list, behind] { return std::make_unique<TimedClicks>(list, behind); });
  stream.parallelism(1);
  return stream;
}

struct Outcome {
  Lines lines;  // sorted
  JobOutcome job;
};

/// What a program's stream of text says.
Outcome run(const std::function<DataStream<std::string>(Environment&)>& program,
            std::uint32_t parallelism = 2) {
  const auto said = std::make_shared<Collected<std::string>>();
  Outcome outcome;
  outcome.job = LocalJob().run([&](Environment& env) { program(env).collect(said); }, parallelism);
  CHECK_MESSAGE(outcome.job.status == JobStatus::Finished, outcome.job.failure);
  outcome.lines = said->take();
  std::ranges::sort(outcome.lines);
  return outcome;
}

std::string line(const std::string& user, const TimeWindow& window, std::int64_t value) {
  return user + " [" + std::to_string(window.start) + "," + std::to_string(window.end) + ") " +
         std::to_string(value);
}

struct Total {
  using Accumulator = std::int64_t;
  void add(std::int64_t& sum, const Click& click) const { sum += click.value; }
  void merge(std::int64_t& into, std::int64_t from) const { into += from; }
  std::int64_t result(std::int64_t sum) const { return sum; }
};

const Clicks kClicks{
    {"ada", 1000, 1}, {"bob", 2000, 2}, {"ada", 4000, 4}, {"ada", 11'000, 8}, {"bob", 12'000, 16}};

void tell(const std::string& user, const TimeWindow& window, std::int64_t sum, Out<std::string>& out) {
  out(line(user, window, sum));
}

}  // namespace

TEST_CASE("each key's records are grouped by windows") {
  const auto windowed = [](auto assigner) {
    return run([assigner](Environment& env) -> DataStream<std::string> {
             return clicks(env, kClicks).key_by(&Click::user).window(assigner).aggregate(Total{}, &tell);
           }).lines;
  };
  CHECK(windowed(TumblingEventTime(10s)) ==
        Lines{"ada [0,10000) 5", "ada [10000,20000) 8", "bob [0,10000) 2", "bob [10000,20000) 16"});
  CHECK(windowed(EventTimeSessions(5s)) ==
        Lines{"ada [1000,9000) 5", "ada [11000,16000) 8", "bob [12000,17000) 16", "bob [2000,7000) 2"});
  CHECK(windowed(SlidingEventTime(10s, 5s)) ==
        Lines{"ada [-5000,5000) 5", "ada [0,10000) 5", "ada [10000,20000) 8", "ada [5000,15000) 8",
              "bob [-5000,5000) 2", "bob [0,10000) 2", "bob [10000,20000) 16", "bob [5000,15000) 16"});
}

TEST_CASE("sums, minima and records of windows keep their type") {
  const auto most = run([](Environment& env) -> DataStream<std::string> {
    return clicks(env, kClicks)
        .key_by(&Click::user)
        .window(TumblingEventTime(10s))
        .max_by(&Click::value)
        .map([](const Click& c) { return c.user + std::to_string(c.at) + "/" + std::to_string(c.value); });
  });
  CHECK(most.lines == Lines{"ada11000/8", "ada4000/4", "bob12000/16", "bob2000/2"});
  const auto sums = run([](Environment& env) -> DataStream<std::string> {
    return clicks(env, kClicks)
        .key_by(&Click::user)
        .window(TumblingEventTime(10s))
        .sum(&Click::value)
        .map([](const Click& c) { return c.user + std::to_string(c.at) + "/" + std::to_string(c.value); });
  });
  CHECK(sums.lines == Lines{"ada1000/5", "ada11000/8", "bob12000/16", "bob2000/2"});
}

TEST_CASE("windows of all records are in one subtask, and need no key") {
  const auto said = run([](Environment& env) -> DataStream<std::string> {
    return clicks(env, kClicks)
        .window_all(TumblingEventTime(10s))
        .process([](const TimeWindow& window, const WindowElements<Click>& all, Out<std::string>& out) {
          out(line("all", window, static_cast<std::int64_t>(all.size())));
        });
  });
  CHECK(said.lines == Lines{"all [0,10000) 3", "all [10000,20000) 2"});
}

TEST_CASE("windows by count speak when they have enough, or at each slide") {
  const Clicks five{{"ada", 1, 1}, {"ada", 2, 2}, {"ada", 3, 4}, {"ada", 4, 8}, {"ada", 5, 16}};
  const auto sum = [](const std::string&, const GlobalWindow&, std::int64_t total, Out<std::string>& out) {
    out(std::to_string(total));
  };
  CHECK(run([&](Environment& env) -> DataStream<std::string> {
          return clicks(env, five).key_by(&Click::user).count_window(2).aggregate(Total{}, sum);
        }).lines == Lines{"12", "3"});
  CHECK(run([&](Environment& env) -> DataStream<std::string> {
          return clicks(env, five).key_by(&Click::user).count_window(3, 2).aggregate(Total{}, sum);
        }).lines == Lines{"14", "3"});
}

TEST_CASE("records that are too late go to a side output, or are counted") {
  constexpr OutputTag<Click> kLate{"late"};
  const Clicks late{{"ada", 1000, 1}, {"ada", 11'000, 2}, {"ada", 2000, 4}, {"ada", 25'000, 8}};
  const auto lost = std::make_shared<Collected<std::string>>();
  const auto windows = [&](Environment& env) {
    return clicks(env, late).key_by(&Click::user).window(TumblingEventTime(10s));
  };
  run([&](Environment& env) -> DataStream<std::string> {
    auto said = windows(env).late_to(kLate).aggregate(Total{}, &tell);
    said.side_output(kLate).map([](const Click& c) { return c.user + std::to_string(c.at); }).collect(lost);
    return said;
  });
  CHECK(lost->take() == Lines{"ada2000"});

  const auto dropped = run(
      [&](Environment& env) -> DataStream<std::string> { return windows(env).aggregate(Total{}, &tell); });
  CHECK(dropped.job.accumulators.at("numLateRecordsDropped") == 1);
  const auto allowed = run([&](Environment& env) -> DataStream<std::string> {
    return windows(env).allowed_lateness(10s).aggregate(Total{}, &tell);
  });
  CHECK(allowed.lines ==
        Lines{"ada [0,10000) 1", "ada [0,10000) 5", "ada [10000,20000) 2", "ada [20000,30000) 8"});
}

TEST_CASE("a record without a time fails a job with windows of event time") {
  const auto outcome = LocalJob().run([](Environment& env) {
    env.from_collection<Click>({{"ada", 1, 1}})
        .key_by(&Click::user)
        .window(TumblingEventTime(1s))
        .sum(&Click::value)
        .discard();
  });
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("has no time") != std::string::npos);
  CHECK(outcome.failure.find("Window Sum") != std::string::npos);
}

TEST_CASE("windows of the clock speak at the end of the input at the latest") {
  const auto said = run([](Environment& env) -> DataStream<std::string> {
    return env.from_collection<Click>({{"ada", 0, 1}, {"ada", 0, 2}})
        .key_by(&Click::user)
        .window(TumblingProcessingTime(1h))
        .aggregate(Total{}, [](const std::string& user, const TimeWindow&, std::int64_t sum,
                               Out<std::string>& out) { out(user + std::to_string(sum)); });
  });
  REQUIRE(!said.lines.empty());
  CHECK(said.lines.front().starts_with("ada"));
}

namespace {

/// Says a user's name when nothing has come from him for five seconds.
struct Quiet {
  ValueState<std::int64_t> last;

  void open(OperatorContext& context) {
    last = context.keyed_state().state(value_state<std::int64_t>("last"));
  }
  void process(const Click& click, KeyedContext<std::string>& context, Out<std::string>&) {
    if (const auto* const old = last.get()) context.timers().remove_event_time(*old + 5000);
    last.set(click.at);
    context.timers().add_event_time(click.at + 5000);
  }
  void on_timer(std::int64_t time, TimerContext<std::string>& context, Out<std::string>& out) {
    out(context.key() + "@" + std::to_string(time));
  }
};

/// Says each record again when the wall clock has gone on a little.
struct Echo {
  void process(const Click&, KeyedContext<std::string>& context, Out<std::string>&) {
    context.timers().add_processing_time(context.timers().processing_time() + 20);
  }
  void on_timer(std::int64_t, TimerContext<std::string>& context, Out<std::string>& out) {
    CHECK(context.time_domain() == TimeDomain::ProcessingTime);
    out(context.key());
  }
};

/// Ends when the echo has been heard.
class UntilHeard final : public SourceFunction<Click> {
public:
  explicit UntilHeard(std::shared_ptr<std::atomic<int>> heard) : heard_(std::move(heard)) {}
  void run(SourceContext<Click>& context) override {
    context.collect({"ada", 0, 0});
    while (context.is_running() && *heard_ == 0) context.await_until(SystemClock{}.now() + 1ms);
  }

private:
  std::shared_ptr<std::atomic<int>> heard_;
};

}  // namespace

TEST_CASE("timers of event time fire when the watermark is there") {
  const auto said = run([](Environment& env) -> DataStream<std::string> {
    return clicks(env, kClicks).key_by(&Click::user).process(Quiet{});
  });
  // Ada clicks at 11000 before the watermark tells of 9000.
  CHECK(said.lines == Lines{"ada@16000", "bob@17000", "bob@7000"});
}

TEST_CASE("timers of the wall clock wake a task that has nothing to read") {
  const auto heard = std::make_shared<std::atomic<int>>(0);
  const auto outcome = LocalJob().run([&](Environment& env) {
    auto source = env.add_source<Click>("source", [heard] { return std::make_unique<UntilHeard>(heard); });
    source.parallelism(1);
    source.key_by(&Click::user).process(Echo{}).for_each([heard](const std::string& user) {
      if (user == "ada") ++*heard;
    });
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(*heard == 1);
}

namespace {

struct Fare {
  std::string ride;
  std::int64_t at = 0;
  std::int64_t cents = 0;
};

class TimedFares final : public SourceFunction<Fare> {
public:
  explicit TimedFares(std::vector<Fare> fares) : fares_(std::move(fares)) {}
  void run(SourceContext<Fare>& context) override {
    for (const Fare& fare : fares_) context.collect(fare, {fare.at});
  }

private:
  const std::vector<Fare> fares_;
};

OperatorStream<Fare> fares(Environment& env) {
  auto stream = env.add_source<Fare>("fares", [] {
    return std::make_unique<TimedFares>(
        std::vector<Fare>{{"ada", 1500, 100}, {"bob", 9000, 200}, {"cy", 100, 300}});
  });
  stream.parallelism(1);
  return stream;
}

std::string pair_line(const Click& click, const Fare& fare) {
  return click.user + std::to_string(click.value) + ":" + std::to_string(fare.cents);
}

}  // namespace

TEST_CASE("two streams are joined by windows") {
  const auto said = run([](Environment& env) -> DataStream<std::string> {
    return join<Click, Fare>(clicks(env, kClicks), fares(env))
        .where(&Click::user)
        .equal_to(&Fare::ride)
        .window(TumblingEventTime(10s))
        .apply(&pair_line);
  });
  CHECK(said.lines == Lines{"ada1:100", "ada4:100", "bob2:200"});
}

TEST_CASE("a co-group sees both sides, also if one is empty") {
  const auto said = run([](Environment& env) -> DataStream<std::string> {
    return join<Click, Fare>(clicks(env, kClicks), fares(env))
        .where(&Click::user)
        .equal_to(&Fare::ride)
        .window(TumblingEventTime(10s))
        .co_group([](const std::string& key, const std::vector<Click>& left, const std::vector<Fare>& right,
                     Out<std::string>& out) {
          out(key + " " + std::to_string(left.size()) + "/" + std::to_string(right.size()));
        });
  });
  CHECK(said.lines == Lines{"ada 1/0", "ada 2/1", "bob 1/0", "bob 1/1", "cy 0/1"});
}

TEST_CASE("two streams are joined by the distance of their times") {
  const auto said = run([](Environment& env) -> DataStream<std::string> {
    return interval_join<Click>(clicks(env, kClicks), &Click::user, fares(env), &Fare::ride, -3s, 7s)
        .apply(&pair_line);
  });
  CHECK(said.lines == Lines{"ada1:100", "ada4:100", "bob16:200", "bob2:200"});
}
