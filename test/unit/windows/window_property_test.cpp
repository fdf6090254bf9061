// SPDX-License-Identifier: Apache-2.0
// Windows of random kinds over random streams, against a model that is slow and obvious: out of order, late,
// over several subtasks, on the heap and in a store, with crashes in mid-stream.
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "execution/windows/window_operator.h"
#include "test/unit/windows/random_runs.h"
#include "test/unit/windows/window_model.h"

using namespace weir;
using namespace weir::testing;

namespace {

struct Sum {
  using Accumulator = std::int64_t;
  void add(std::int64_t& sum, const Item& item) const { sum += item.value; }
  void merge(std::int64_t& into, std::int64_t from) const { into += from; }
  std::int64_t result(std::int64_t sum) const { return sum; }
};

struct Tell {
  void operator()(int key, const TimeWindow& window, std::int64_t sum, Out<std::string>& out) const {
    out(std::to_string(key) + " [" + std::to_string(window.start) + "," + std::to_string(window.end) + ") " +
        std::to_string(sum));
  }
};

/// Any of the library's triggers: a trigger as a user would write it.
class AnyTrigger {
public:
  struct State {
    CountTrigger::State count;
    ContinuousEventTimeTrigger::State continuous;
  };

  AnyTrigger(TriggerKind kind, std::int64_t every)
      : kind_(kind), count_(every), continuous_(std::chrono::milliseconds(every)) {}

  TriggerResult on_element(const Item& item, std::int64_t time, const TimeWindow& window, State& state,
                           TriggerContext& context) const {
    NoTriggerState none;
    switch (kind_) {
      case TriggerKind::EventTime: return EventTimeTrigger{}.on_element(item, time, window, none, context);
      case TriggerKind::PurgingEventTime:
        return PurgingTrigger(EventTimeTrigger{}).on_element(item, time, window, none, context);
      case TriggerKind::Count: return count_.on_element(item, time, window, state.count, context);
      case TriggerKind::PurgingCount:
        return PurgingTrigger(count_).on_element(item, time, window, state.count, context);
      case TriggerKind::Continuous:
        return continuous_.on_element(item, time, window, state.continuous, context);
    }
    return TriggerResult::Continue;
  }
  TriggerResult on_event_time(std::int64_t time, const TimeWindow& window, State& state,
                              TriggerContext& context) const {
    NoTriggerState none;
    switch (kind_) {
      case TriggerKind::EventTime: return EventTimeTrigger{}.on_event_time(time, window, none, context);
      case TriggerKind::PurgingEventTime:
        return PurgingTrigger(EventTimeTrigger{}).on_event_time(time, window, none, context);
      case TriggerKind::Continuous:
        return continuous_.on_event_time(time, window, state.continuous, context);
      default: return TriggerResult::Continue;
    }
  }
  TriggerResult on_processing_time(std::int64_t, const TimeWindow&, State&, TriggerContext&) const {
    return TriggerResult::Continue;
  }
  static void merge(State& state, const State& other) {
    CountTrigger::merge(state.count, other.count);
    ContinuousEventTimeTrigger::merge(state.continuous, other.continuous);
  }
  void on_merge(const TimeWindow& window, State& state, TriggerContext& context) const {
    NoTriggerState none;
    if (kind_ == TriggerKind::Continuous) return continuous_.on_merge(window, state.continuous, context);
    if (kind_ == TriggerKind::EventTime || kind_ == TriggerKind::PurgingEventTime)
      EventTimeTrigger{}.on_merge(window, none, context);
  }

private:
  TriggerKind kind_;
  CountTrigger count_;
  ContinuousEventTimeTrigger continuous_;
};

using Harness = OperatorHarness<Item, std::string>;

template <class Assigner, class Trigger>
Harness::Make maker(Assigner assigner, Trigger trigger, std::int64_t lateness) {
  using Plan = WindowPlan<Item, std::string, int Item::*, Assigner, Trigger, NoEvictor,
                          AggregatedContents<Sum>, Tell>;
  const Plan plan{&Item::key, assigner, trigger, {}, AggregatedContents<Sum>{{}}, {}, lateness};
  return [plan] { return std::make_unique<WindowOperator<Plan>>(plan); };
}

Harness::Make maker(const WindowCase& rules) {
  const auto ms = [](std::int64_t n) { return std::chrono::milliseconds(n); };
  const AnyTrigger trigger(rules.trigger, rules.every);
  if (rules.kind == WindowKind::Session)
    return maker(EventTimeSessions(ms(rules.size)), trigger, rules.lateness);
  const SlidingEventTime windows(ms(rules.size), ms(rules.slide), ms(rules.offset));
  if (rules.trigger == TriggerKind::EventTime) return maker(windows, EventTimeTrigger{}, rules.lateness);
  return maker(windows, trigger, rules.lateness);
}

WindowCase random_rules(std::mt19937_64& random) {
  const auto up_to = [&](std::int64_t most) { return random_below(random, most); };
  WindowCase rules;
  rules.kind = random() % 3 == 0 ? WindowKind::Session : WindowKind::Aligned;
  rules.trigger = random() % 2 == 0 ? TriggerKind::EventTime : static_cast<TriggerKind>(up_to(5));
  rules.size = 1 + up_to(20);
  rules.slide = random() % 2 == 0 ? rules.size : 1 + up_to(25);
  rules.offset = up_to(rules.slide) - (random() % 2 == 0 ? rules.slide / 2 : 0);
  rules.lateness = random() % 2 == 0 ? 0 : up_to(15);
  rules.every = 1 + up_to(6);
  return rules;
}

struct Step {
  bool is_watermark = false;
  Item item = {};
  std::int64_t time = 0;
};

std::vector<Step> random_stream(std::mt19937_64& random) {
  std::vector<Step> steps;
  const auto key_count = 1 + random() % 6;
  const auto disorder = static_cast<std::int64_t>(1 + random() % 30);
  std::int64_t now = static_cast<std::int64_t>(random() % 100) - 50;
  for (std::size_t left = 10 + random() % 60; left > 0; --left) {
    now += static_cast<std::int64_t>(random() % (random() % 10 == 0 ? 40 : 5));
    if (random() % 4 == 0) {
      steps.push_back({true, {}, now - static_cast<std::int64_t>(random() % 20)});
    } else {
      const auto back = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(disorder));
      steps.push_back({false, {static_cast<int>(random() % key_count), 1 << random() % 20}, now - back});
    }
  }
  steps.push_back({true, {}, now + 1000});
  return steps;
}

std::string told(const WindowCase& c) {
  return std::string(c.kind == WindowKind::Session ? "sessions of " : "windows of ") +
         std::to_string(c.size) + " slide " + std::to_string(c.slide) + " offset " +
         std::to_string(c.offset) + " lateness " + std::to_string(c.lateness) + " trigger " +
         std::to_string(static_cast<int>(c.trigger)) + " every " + std::to_string(c.every);
}

/// A harness and its model side by side. A crash takes both back to the last snapshot.
class Pair {
public:
  Pair(const WindowCase& rules, std::mt19937_64& random)
      : task_(maker(rules), &Item::key, random_options<Item>(random)), model_(rules), random_(random) {}

  void run(const std::vector<Step>& steps) {
    int crashes_left = static_cast<int>(random_() % 3);
    for (std::size_t at = 0; at < steps.size(); ++at) {
      if (random_() % 8 == 0 && !is_writing_) begin_snapshot(at);
      if (is_writing_ && random_() % 8 == 0) end_snapshot();
      if (has_snapshot_ && !is_writing_ && crashes_left > 0 && random_() % 20 == 0) {
        --crashes_left;
        at = crash();
      }
      do_step(steps[at]);
    }
  }

private:
  void do_step(const Step& step) {
    Lines expected;
    if (step.is_watermark) {
      task_.watermark(step.time);
      expected = model_.watermark(step.time);
    } else {
      task_.record(step.item, step.time);
      expected = model_.record(step.item.key, step.item.value, step.time);
    }
    compare(task_, expected);
  }

  void begin_snapshot(std::size_t at) {
    task_.begin_snapshot();
    is_writing_ = true;
    begun_at_ = at;
    begun_model_.emplace(model_);
  }
  void end_snapshot() {
    snapshot_ = task_.end_snapshot();
    is_writing_ = false;
    has_snapshot_ = true;
    snapshot_at_ = begun_at_;
    snapshot_model_ = begun_model_;
  }
  std::size_t crash() {
    go_back(task_, snapshot_, model_, *snapshot_model_, random_);
    return snapshot_at_;
  }

  Harness task_;
  WindowModel model_;
  std::mt19937_64& random_;
  bool is_writing_ = false;
  bool has_snapshot_ = false;
  std::size_t begun_at_ = 0;
  std::size_t snapshot_at_ = 0;
  std::optional<WindowModel> begun_model_;
  std::optional<WindowModel> snapshot_model_;
  std::vector<OperatorSnapshot> snapshot_;
};

}  // namespace

TEST_CASE("windows say what a model says that keeps everything and looks at everything") {
  (void)for_each_seed(10'000, [](std::mt19937_64& random) {
    const WindowCase rules = random_rules(random);
    CAPTURE(told(rules));
    Pair(rules, random).run(random_stream(random));
  });
}
