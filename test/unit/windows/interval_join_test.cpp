// SPDX-License-Identifier: Apache-2.0
// Interval joins and timers of functions over random streams, against models that are slow and obvious.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "execution/operators/interval_join.h"
#include "execution/operators/operator_harness.h"
#include "test/unit/windows/random_runs.h"

using namespace weir;
using namespace weir::testing;

namespace {

struct Side {
  int key = 0;
  int id = 0;
};
using Both = Either<Side, Side>;

int key_of(const Both& both) { return both.left ? both.left->key : both.right->key; }

std::string pair_of(const Side& left, const Side& right) {
  return std::to_string(left.id) + "+" + std::to_string(right.id);
}

/// Says a key when nothing came for it in five ms, by a timer that each record moves; and at each multiple of
/// ten ms at which it was waited for.
struct Quiet {
  ValueState<std::int64_t> last;

  void open(OperatorContext& context) {
    last = context.keyed_state().state(value_state<std::int64_t>("last"));
  }
  void process(const int&, KeyedContext<int>& context, Out<std::string>&) {
    const std::int64_t time = context.timestamp().millis;
    if (const auto* const old = last.get()) context.timers().remove_event_time(*old + 5);
    last.set(time);
    context.timers().add_event_time(time + 5);
    context.timers().add_event_time((time / 10 + 1) * 10);
  }
  void on_timer(std::int64_t time, TimerContext<int>& context, Out<std::string>& out) {
    CHECK(context.timestamp() == EventTime{time});
    out(std::to_string(context.key()) + "@" + std::to_string(time));
  }
};

/// The same, with a set.
class QuietModel {
public:
  Lines record(int key, std::int64_t time) {
    if (last_.contains(key)) timers_.erase({last_[key] + 5, key});
    last_[key] = time;
    timers_.insert({time + 5, key});
    timers_.insert({(time / 10 + 1) * 10, key});
    return {};
  }
  Lines watermark(std::int64_t now) {
    Lines said;
    while (!timers_.empty() && timers_.begin()->first <= now) {
      said.push_back(std::to_string(timers_.begin()->second) + "@" + std::to_string(timers_.begin()->first));
      timers_.erase(timers_.begin());
    }
    return said;
  }

private:
  std::map<int, std::int64_t> last_;
  std::set<std::pair<std::int64_t, int>> timers_;
};

/// Every record is held against every other one.
class JoinModel {
public:
  explicit JoinModel(TimeInterval interval) : interval_(interval) {}

  Lines record(const Both& both, std::int64_t time) {
    Lines said;
    if (time <= watermark_) return said;
    for (const auto& [other, at] : seen_) {
      if (key_of(other) != key_of(both) || other.left.has_value() == both.left.has_value()) continue;
      const std::int64_t distance = both.left ? at - time : time - at;
      if (distance < interval_.least || distance > interval_.most) continue;
      said.push_back(both.left ? pair_of(*both.left, *other.right) : pair_of(*other.left, *both.right));
    }
    seen_.emplace_back(both, time);
    return said;
  }
  void watermark(std::int64_t now) { watermark_ = std::max(watermark_, now); }
  [[nodiscard]] std::int64_t watermark() const { return watermark_; }

private:
  TimeInterval interval_;
  std::int64_t watermark_ = EventTime::none().millis;
  std::vector<std::pair<Both, std::int64_t>> seen_;
};

}  // namespace

TEST_CASE("an interval join says the pairs that a model says that holds all against all") {
  (void)for_each_seed(2000, [](std::mt19937_64& random) {
    const auto least = static_cast<std::int64_t>(random() % 30) - 20;
    const TimeInterval interval{least, least + static_cast<std::int64_t>(random() % 25)};
    using Function = IntervalJoinFunction<Side, Side, std::string, decltype(&pair_of)>;
    using Op = KeyedProcess<Both, std::string, decltype(&key_of), Function>;
    OperatorHarness<Both, std::string> task(
        [&] { return std::make_unique<Op>(&key_of, Function(interval, &pair_of)); }, &key_of,
        random_options<Both>(random));
    JoinModel model(interval);
    std::int64_t now = 0;
    for (int id = 0; id < 80; ++id) {
      now += static_cast<std::int64_t>(random() % 4);
      const Side side{static_cast<int>(random() % 3), id};
      const Both both = random() % 2 == 0 ? Both{side, std::nullopt} : Both{std::nullopt, side};
      const std::int64_t time = now - static_cast<std::int64_t>(random() % 12);
      task.record(both, time);
      compare(task, model.record(both, time));
      if (random() % 4 == 0) {
        const std::int64_t watermark = now - static_cast<std::int64_t>(random() % 12);
        task.watermark(watermark);
        model.watermark(watermark);
        compare(task, {});
      }
      if (random() % 25 == 0) {
        task.restore(task.snapshot(), 1 + static_cast<std::uint32_t>(random() % 4));
        task.watermark(model.watermark());  // which is no part of a snapshot: upstream says it again
      }
    }
  });
}

TEST_CASE("timers of a function fire as a sorted set says, across crashes and at any parallelism") {
  (void)for_each_seed(2000, [](std::mt19937_64& random) {
    const auto same = [](const int& key) { return key; };
    using Op = KeyedProcess<int, std::string, decltype(same), Quiet>;
    OperatorHarness<int, std::string> task([&] { return std::make_unique<Op>(same, Quiet{}); }, same,
                                           random_options<int>(random));
    QuietModel model;
    std::int64_t now = 0;
    for (int step = 0; step < 80; ++step) {
      now += static_cast<std::int64_t>(random() % 4);
      const int key = static_cast<int>(random() % 4);
      task.record(key, now);
      compare(task, model.record(key, now));
      if (random() % 3 == 0) {
        task.watermark(now);
        compare(task, model.watermark(now));
      }
      if (random() % 20 == 0) task.restore(task.snapshot(), 1 + static_cast<std::uint32_t>(random() % 4));
    }
  });
}

TEST_CASE("timers of the wall clock fire when it is there, and those that are overdue after a restart") {
  struct Echo {
    void process(const int&, KeyedContext<int>& context, Out<std::string>&) {
      context.timers().add_processing_time(context.timers().processing_time() + 10);
    }
    void on_timer(std::int64_t time, TimerContext<int>& context, Out<std::string>& out) {
      CHECK(context.time_domain() == TimeDomain::ProcessingTime);
      CHECK(context.timestamp().is_none());
      out(std::to_string(context.key()) + "@" + std::to_string(time));
    }
  };
  const auto same = [](const int& key) { return key; };
  using Op = KeyedProcess<int, std::string, decltype(same), Echo>;
  OperatorHarness<int, std::string> task([&] { return std::make_unique<Op>(same, Echo{}); }, same);
  task.set_processing_time(100);
  task.record(7);
  CHECK(task.next_wake() == 110);
  task.set_processing_time(109);
  CHECK(task.take_values() == Lines{});
  SUBCASE("in one life") {}
  SUBCASE("across a crash") {
    task.crash_and_restore();
    CHECK(task.next_wake() == 110);
  }
  task.set_processing_time(110);
  CHECK(task.take_values() == Lines{"7@110"});
  task.set_processing_time(1000);
  CHECK(task.take_values() == Lines{});
}
