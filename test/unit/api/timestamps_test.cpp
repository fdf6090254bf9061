// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/watermarks.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"
#include "execution/operators/operator_snapshots.h"
#include "test/support/local_job.h"
#include "test/support/random_value.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

using Texts = std::vector<std::string>;

struct Reading {
  std::int64_t at = 0;
  std::int32_t value = 0;
};

std::string text_of(EventTime time) {
  if (time == EventTime::max()) return "max";
  return time.is_none() ? "none" : std::to_string(time.millis);
}

/// Writes down everything that comes out: records as value@time, and what is between them.
class Heard final : public Input<Reading> {
public:
  void process(const Reading& reading, EventTime time) override {
    lines.push_back(std::to_string(reading.value) + "@" + text_of(time));
  }
  void process_watermark(EventTime watermark) override { lines.push_back(text_of(watermark)); }
  void process_status(StreamStatus status) override {
    lines.push_back(status == StreamStatus::Idle ? "idle" : "active");
  }
  [[nodiscard]] Texts take() { return std::exchange(lines, {}); }
  Texts lines;
};

/// An assigner with a clock that the test turns.
template <class Generator>
struct Stage {
  Stage(WatermarkStrategy<Generator> strategy, std::chrono::milliseconds interval = 200ms)
      : op(&Reading::at, std::move(strategy), interval) {
    context.use_processing_time(clock);
    op.bind(context);
    op.set_output(heard);
    op.open(context);
  }
  void read(std::int64_t at, std::int32_t value = 0) { op.process({at, value}, EventTime{-1}); }
  void clock_at(std::int64_t now) {
    clock.set(now);
    op.on_processing_time();
  }

  HandClock clock;
  OperatorContext context{{"times", 0, 1, 128}};
  AssignTimestamps<Reading, std::int64_t Reading::*, Generator> op;
  Heard heard;
};
template <class Generator>
Stage(WatermarkStrategy<Generator>) -> Stage<Generator>;
template <class Generator>
Stage(WatermarkStrategy<Generator>, std::chrono::milliseconds) -> Stage<Generator>;

}  // namespace

TEST_CASE("a bounded stream's time is its latest record's less the bound, said at each interval") {
  Stage stage(bounded_out_of_orderness(100ms));
  stage.clock_at(200);
  CHECK(stage.heard.take().empty());  // there is no time before the first record
  stage.read(1000, 1);
  stage.read(950, 2);
  stage.clock_at(399);
  CHECK(stage.heard.take() == Texts{"1@1000", "2@950"});
  stage.clock_at(400);
  stage.clock_at(400);
  stage.clock_at(600);
  CHECK(stage.heard.take() == Texts{"899"});  // a record of 900 is still in time
  stage.read(1001, 3);
  stage.clock_at(10'000);
  CHECK(stage.heard.take() == Texts{"3@1001", "900"});
}

TEST_CASE("times near the beginning of all times do not wrap round") {
  Stage stage(bounded_out_of_orderness(1h));
  stage.read(EventTime::none().millis + 2);
  stage.read(EventTime::none().millis);
  stage.clock_at(200);
  CHECK(stage.heard.take() == Texts{"0@" + std::to_string(EventTime::none().millis + 2), "0@none"});
}

TEST_CASE("ascending times may repeat, and a record that goes back passes") {
  Stage stage(ascending_timestamps());
  stage.read(5, 1);
  stage.read(5, 2);
  stage.clock_at(200);
  stage.read(4, 3);
  stage.clock_at(400);
  stage.read(6, 4);
  stage.clock_at(600);
  CHECK(stage.heard.take() == Texts{"1@5", "2@5", "4", "3@4", "4@6", "5"});
}

TEST_CASE("a punctuated stream's records say themselves how far time is, and the record goes first") {
  Stage stage(punctuated([](const Reading& reading, EventTime time) {
    return reading.value % 2 == 0 ? time : EventTime::none();
  }));
  stage.read(1, 1);
  stage.read(2, 2);
  stage.read(1, 4);  // what goes back is not said
  stage.read(9, 6);
  stage.clock_at(1000);
  CHECK(stage.heard.take() == Texts{"1@1", "2@2", "2", "4@1", "6@9", "9"});
}

TEST_CASE("a generator of one's own is told of records and asked by the clock") {
  struct Counting {
    std::int64_t records = 0;
    void on_record(const Reading&, EventTime) { ++records; }
    [[nodiscard]] EventTime watermark() const { return {records * 10}; }
  };
  Stage stage(watermark_generator(Counting{}), 50ms);
  stage.read(7);
  stage.read(7);
  stage.clock_at(50);
  CHECK(stage.heard.take() == Texts{"0@7", "0@7", "20"});
}

TEST_CASE("of the time that a stream had before only the end passes") {
  Stage stage(bounded_out_of_orderness(0ms));
  stage.op.process_watermark({1'000'000});
  stage.read(5);
  stage.op.process_watermark(EventTime::max());
  stage.op.finish();
  CHECK(stage.heard.take() == Texts{"0@5", "max"});
}

TEST_CASE("a source that was stopped leaves time where its records were") {
  Stage stage(bounded_out_of_orderness(0ms));
  stage.read(5);
  stage.op.finish();
  CHECK(stage.heard.take() == Texts{"0@5", "4"});
}

TEST_CASE("a silent stream is idle until its next record") {
  Stage stage(bounded_out_of_orderness(0ms).with_idleness(500ms));
  stage.read(10, 1);
  stage.clock_at(200);
  stage.clock_at(400);
  stage.clock_at(600);
  CHECK(stage.heard.take() == Texts{"1@10", "9"});
  stage.clock_at(800);
  CHECK(stage.heard.take() == Texts{"idle"});
  stage.clock_at(1000);
  stage.read(20, 2);
  stage.read(21, 3);
  stage.clock_at(1200);
  CHECK(stage.heard.take() == Texts{"active", "2@20", "3@21", "20"});
  stage.clock_at(1400);
  stage.clock_at(1700);
  stage.op.process_watermark(EventTime::max());
  CHECK(stage.heard.take() == Texts{"idle", "active", "max"});
}

TEST_CASE("a stream that never had a record becomes idle, too") {
  Stage stage(no_watermarks().with_idleness(300ms));
  stage.clock_at(200);
  stage.clock_at(400);
  CHECK(stage.heard.take() == Texts{"idle"});
}

TEST_CASE("what is idle before the assigner is so behind it, whatever the assigner thinks itself") {
  Stage stage(bounded_out_of_orderness(0ms).with_idleness(300ms));
  stage.op.process_status(StreamStatus::Idle);
  stage.clock_at(400);
  stage.op.process_status(StreamStatus::Active);
  CHECK(stage.heard.take() == Texts{"idle"});
  stage.read(1);
  CHECK(stage.heard.take() == Texts{"active", "0@1"});
}

TEST_CASE("without an interval the clock does nothing") {
  Stage stage(bounded_out_of_orderness(0ms).with_idleness(1ms), 0ms);
  stage.read(5);
  CHECK(stage.clock.next_wake() == std::numeric_limits<std::int64_t>::max());
  stage.clock_at(100'000);
  CHECK(stage.heard.take() == Texts{"0@5"});
}

TEST_CASE("the time of arrival is that of the clock, and never goes back") {
  HandClock clock;
  clock.set(1000);
  OperatorContext context({"arrival", 0, 1, 128});
  context.use_processing_time(clock);
  AssignIngestionTime<Reading> op(100ms);
  Heard heard;
  op.bind(context);
  op.set_output(heard);
  op.open(context);
  const auto clock_at = [&](std::int64_t now) {
    clock.set(now);
    op.on_processing_time();
  };
  op.process({0, 1}, {7});
  clock_at(1100);
  op.process({0, 2}, {7});
  op.process_watermark({5});
  clock_at(1250);
  op.process({0, 3}, {7});
  op.process_watermark(EventTime::max());
  CHECK(heard.take() == Texts{"1@1000", "1099", "2@1100", "1249", "3@1250", "max"});
}

TEST_CASE("whatever the order of records within the bound, none is late") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  for (int round = 0; round < 2'000; ++round) {
    const auto bound = static_cast<std::int64_t>(random() % 50);
    Stage stage(bounded_out_of_orderness(std::chrono::milliseconds(bound)));
    std::int64_t latest = static_cast<std::int64_t>(random() % 1000) - 500;
    std::int64_t clock = 0;
    EventTime watermark = EventTime::none();
    for (int step = 0; step < 40; ++step) {
      const auto back = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound + 1));
      const auto forth = random() % 3 == 0 ? static_cast<std::int64_t>(random() % 30) : 0;
      const std::int64_t time = step == 0 ? latest : latest - back + forth;
      latest = std::max(latest, time);
      REQUIRE(EventTime{time} > watermark);  // the model: it is not late
      stage.read(time);
      REQUIRE(stage.heard.take() == Texts{"0@" + std::to_string(time)});
      if (random() % 4 != 0) continue;
      stage.clock_at(clock += 200);
      const Texts said = stage.heard.take();
      const EventTime expected{latest - bound - 1};
      REQUIRE(said == (expected > watermark ? Texts{text_of(expected)} : Texts{}));
      watermark = std::max(watermark, expected);
    }
  }
}

TEST_CASE("times may be said in milliseconds, as time points and as event times") {
  CHECK(to_event_time(5) == EventTime{5});
  CHECK(to_event_time(EventTime{6}) == EventTime{6});
  CHECK(to_event_time(std::chrono::sys_time<std::chrono::microseconds>(-1us)) == EventTime{-1});
  CHECK(to_event_time(std::chrono::sys_seconds(2s)) == EventTime{2000});
}

TEST_CASE("records of a job have the times that were assigned, behind every exchange") {
  const auto times = std::make_shared<Collected<std::int64_t>>();
  const auto outcome = LocalJob(testing::small_worker(), 2).run(
      [&](Environment& env) {
        env.generate(100, [](std::uint64_t i) { return static_cast<std::int64_t>(i); })
            .assign_timestamps([](std::int64_t number) { return number * 10; }, ascending_timestamps())
            .key_by([](std::int64_t number) { return number % 7; })
            .process<std::int64_t>([](std::int64_t number, ProcessContext& context, auto& out) {
              if (context.timestamp() == EventTime{number * 10}) out(number);
            })
            .collect(times);
      },
      2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(times->take().size() == 100);
}

TEST_CASE("a job's assigners speak by the clock while records come, and an idle subtask holds nobody back") {
  // Subtask 0 sends records until the operator behind has heard of their time; subtask 1 sends nothing.
  struct Source final : SourceFunction<std::int64_t> {
    explicit Source(std::shared_ptr<std::atomic<bool>> heard) : heard_(std::move(heard)) {}
    void run(SourceContext<std::int64_t>& context) override {
      std::int64_t number = 1000;
      while (!heard_->load() && context.is_running()) {
        if (context.subtask_index() == 0) context.collect(number++);
        context.await_until(std::chrono::steady_clock::now() + 1ms);
      }
    }
    std::shared_ptr<std::atomic<bool>> heard_;
  };
  const auto heard = std::make_shared<std::atomic<bool>>(false);
  const auto outcome = LocalJob().run(
      [&](Environment& env) {
        env.watermark_interval(5ms);
        env.add_source<std::int64_t>("source", [heard] { return std::make_unique<Source>(heard); })
            .assign_timestamps([](std::int64_t number) { return number; },
                               bounded_out_of_orderness(10ms).with_idleness(20ms))
            .rebalance()
            .process<std::int64_t>([heard](std::int64_t, ProcessContext& context, auto&) {
              if (context.current_watermark() >= EventTime{1000}) heard->store(true);
            })
            .discard();
      },
      2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(heard->load());
}

TEST_CASE("a program of ingestion time needs no times of its own") {
  const auto got = std::make_shared<Collected<std::int64_t>>();
  const auto outcome = LocalJob().run([&](Environment& env) {
    env.time_characteristic(TimeCharacteristic::Ingestion);
    env.from_collection<std::int64_t>({1})
        .process<std::int64_t>([](std::int64_t, ProcessContext& context, auto& out) {
          out(context.timestamp().millis);
        })
        .collect(got);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  const auto times = got->take();
  REQUIRE(times.size() == 1);
  CHECK(std::abs(times[0] - SystemClock().wall_now().time_since_epoch().count()) < 3'600'000);
}

TEST_CASE("a program of processing time has no times, whatever its sources say") {
  struct Source final : SourceFunction<std::int64_t> {
    void run(SourceContext<std::int64_t>& context) override {
      context.emit_watermark({4});
      context.collect(1, {5});
    }
  };
  const auto got = std::make_shared<Collected<std::string>>();
  const auto outcome = LocalJob().run([&](Environment& env) {
    env.time_characteristic(TimeCharacteristic::Processing);
    env.add_source<std::int64_t>("source", [] { return std::make_unique<Source>(); })
        .process<std::string>([](std::int64_t, ProcessContext& context, auto& out) {
          out(text_of(context.timestamp()) + " at " + text_of(context.current_watermark()));
        })
        .collect(got);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(got->take() == Texts{"none at none"});
}
