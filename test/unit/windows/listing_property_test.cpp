// SPDX-License-Identifier: Apache-2.0
// Windows of the wall clock, evictors, and windows that speak by the distance of values, over random streams
// against a model that is slow and obvious: over several subtasks, on the heap and in a store, with crashes
// in mid-stream.
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "execution/windows/window_operator.h"
#include "test/unit/windows/listing_model.h"
#include "test/unit/windows/random_runs.h"

using namespace weir;
using namespace weir::testing;

namespace {

using Harness = OperatorHarness<Item, std::string>;

std::chrono::milliseconds ms(std::int64_t count) { return std::chrono::milliseconds(count); }

struct Tell {
  template <class W>
  void operator()(int key, const W& window, const WindowElements<Item>& items, Out<std::string>& out) const {
    std::string line = std::to_string(key) + " [";
    if constexpr (std::same_as<W, TimeWindow>)
      line += std::to_string(window.start) + "," + std::to_string(window.end) + ")";
    else line += "0,0)";
    for (const Item& each : items) line += " " + std::to_string(each.value);
    out(line);
  }
};

struct Apart {
  double operator()(const Item& a, const Item& b) const {
    return static_cast<double>(std::abs(a.value - b.value));
  }
};
struct Rise {
  double operator()(const Item& old, const Item& now) const {
    return static_cast<double>(now.value - old.value);
  }
};

/// Any of the library's evictors.
struct AnyEvictor {
  Leaving leaving;
  Evict when_;
  std::int64_t kept;

  [[nodiscard]] Evict when() const { return when_; }
  void evict(std::vector<Timed<Item>>& elements) const {
    switch (leaving) {
      case Leaving::Nothing: return;
      case Leaving::ByCount: return CountEvictor(kept).evict(elements);
      case Leaving::ByTime: return TimeEvictor(ms(kept)).evict(elements);
      case Leaving::ByDelta: return DeltaEvictor(static_cast<double>(kept), Apart{}).evict(elements);
    }
  }
};

AnyEvictor evictor_of(const ListingCase& rules) {
  return {rules.leaving, rules.leaves_after ? Evict::After : Evict::Before, rules.kept};
}

template <class Assigner, class Trigger, class Evictor>
Harness::Make maker(Assigner assigner, Trigger trigger, Evictor evictor, std::int64_t lateness = 0) {
  using Plan =
      WindowPlan<Item, std::string, int Item::*, Assigner, Trigger, Evictor, ListedContents<Item>, Tell>;
  const Plan plan{&Item::key, assigner, trigger, evictor, {}, {}, lateness};
  return [plan] { return std::make_unique<WindowOperator<Plan>>(plan); };
}

/// With the trigger that it has by itself, or at each `every` ms of the clock.
template <class Assigner>
Harness::Make clock_maker(Assigner assigner, std::int64_t every) {
  if (every > 0) return maker(assigner, ContinuousProcessingTimeTrigger(ms(every)), NoEvictor{});
  return maker(assigner, ProcessingTimeTrigger{}, NoEvictor{});
}

template <class Assigner, class Trigger>
Harness::Make maybe_purging(const ListingCase& rules, Assigner assigner, Trigger trigger) {
  const AnyEvictor evictor = evictor_of(rules);
  if (rules.is_purging) return maker(assigner, PurgingTrigger(trigger), evictor, rules.lateness);
  return maker(assigner, trigger, evictor, rules.lateness);
}

Harness::Make maker(const ListingCase& rules) {
  switch (rules.kind) {
    case ListingKind::ClockAligned:
      return clock_maker(SlidingProcessingTime(ms(rules.size), ms(rules.slide), ms(rules.offset)),
                         rules.every);
    case ListingKind::ClockSession: return clock_maker(ProcessingTimeSessions(ms(rules.size)), rules.every);
    case ListingKind::Aligned: {
      const SlidingEventTime windows(ms(rules.size), ms(rules.slide), ms(rules.offset));
      if (rules.every > 0) return maybe_purging(rules, windows, CountTrigger(rules.every));
      return maybe_purging(rules, windows, EventTimeTrigger{});
    }
    case ListingKind::Global:
      return maybe_purging(rules, GlobalWindows{},
                           delta_trigger<Item>(static_cast<double>(rules.threshold), Rise{}));
  }
  return {};
}

ListingCase random_rules(std::mt19937_64& random) {
  const auto up_to = [&](std::int64_t most) { return random_below(random, most); };
  ListingCase rules;
  rules.kind = static_cast<ListingKind>(up_to(4));
  rules.size = 1 + up_to(20);
  rules.slide = random() % 2 == 0 ? rules.size : 1 + up_to(25);
  rules.offset = up_to(rules.slide) - (random() % 2 == 0 ? rules.slide / 2 : 0);
  rules.every = random() % 2 == 0 ? 0 : 1 + up_to(8);
  rules.threshold = up_to(20);
  if (rules.kind == ListingKind::Aligned) rules.lateness = random() % 2 == 0 ? 0 : up_to(15);
  if (rules.kind == ListingKind::Aligned || rules.kind == ListingKind::Global) {
    rules.is_purging = random() % 3 == 0;
    rules.leaving = static_cast<Leaving>(up_to(4));
    rules.leaves_after = random() % 2 == 0;
    rules.kept = 1 + up_to(10);
  }
  return rules;
}

struct Step {
  enum class Kind { Record, Watermark, Clock } kind = Kind::Record;
  Item item = {};
  std::int64_t time = 0;  // of the clock: by how much it is turned
};

std::vector<Step> random_stream(std::mt19937_64& random) {
  std::vector<Step> steps;
  const auto key_count = 1 + random() % 5;
  std::int64_t latest = static_cast<std::int64_t>(random() % 100) - 50;
  for (std::size_t left = 10 + random() % 60; left > 0; --left) {
    latest += static_cast<std::int64_t>(random() % 6);
    const auto back = static_cast<std::int64_t>(random() % 20);
    switch (random() % 6) {
      case 0: steps.push_back({Step::Kind::Watermark, {}, latest - back}); break;
      case 1: steps.push_back({Step::Kind::Clock, {}, static_cast<std::int64_t>(random() % 15)}); break;
      default:
        steps.push_back({Step::Kind::Record,
                         {static_cast<int>(random() % key_count), static_cast<std::int64_t>(random() % 50)},
                         latest - back});
    }
  }
  return steps;
}

std::string told(const ListingCase& c) {
  return "kind " + std::to_string(static_cast<int>(c.kind)) + " size " + std::to_string(c.size) + " slide " +
         std::to_string(c.slide) + " offset " + std::to_string(c.offset) + " lateness " +
         std::to_string(c.lateness) + " every " + std::to_string(c.every) + " threshold " +
         std::to_string(c.threshold) + (c.is_purging ? " purging" : "") + " leaving " +
         std::to_string(static_cast<int>(c.leaving)) + (c.leaves_after ? " after" : " before") + " kept " +
         std::to_string(c.kept);
}

/// A harness and its model side by side. A crash takes both back to the last snapshot; the clock goes on.
class Pair {
public:
  Pair(const ListingCase& rules, std::mt19937_64& random)
      : task_(maker(rules), &Item::key, random_options<Item>(random)), model_(rules), random_(random) {}

  /// Returns how many lines were compared.
  std::size_t run(const std::vector<Step>& steps) {
    int crashes_left = static_cast<int>(random_() % 3);
    for (std::size_t at = 0; at < steps.size(); ++at) {
      if (random_() % 8 == 0) take_snapshot(at);
      if (snapshot_model_ && crashes_left > 0 && random_() % 20 == 0) {
        --crashes_left;
        at = crash();
      }
      do_step(steps[at]);
    }
    task_.finish();
    hear(model_.finish());
    return lines_;
  }

private:
  void do_step(const Step& step) {
    switch (step.kind) {
      case Step::Kind::Record:
        task_.record(step.item, step.time);
        return hear(
            model_.record(step.item.key, step.item.value, step.time, task_.processing_time()));
      case Step::Kind::Watermark:
        task_.watermark(step.time);
        return hear(model_.watermark(step.time));
      case Step::Kind::Clock:
        task_.set_processing_time(task_.processing_time() + step.time);
        return hear(model_.advance(task_.processing_time()));
    }
  }

  void hear(const Lines& expected) {
    compare(task_, expected);
    lines_ += expected.size();
  }

  void take_snapshot(std::size_t at) {
    snapshot_ = task_.snapshot();
    snapshot_at_ = at;
    snapshot_model_ = model_;
  }
  std::size_t crash() {
    go_back(task_, snapshot_, model_, *snapshot_model_, random_);
    // What came due while nobody looked fires at once.
    task_.set_processing_time(task_.processing_time());
    hear(model_.advance(task_.processing_time()));
    return snapshot_at_;
  }

  Harness task_;
  ListingModel model_;
  std::mt19937_64& random_;
  std::size_t lines_ = 0;
  std::size_t snapshot_at_ = 0;
  std::optional<ListingModel> snapshot_model_;
  std::vector<OperatorSnapshot> snapshot_;
};

}  // namespace

TEST_CASE("windows of the clock, evictors and delta triggers say what a model says") {
  std::map<ListingKind, std::size_t> lines;
  const bool all = for_each_seed(10'000, [&](std::mt19937_64& random) {
    const ListingCase rules = random_rules(random);
    CAPTURE(told(rules));
    lines[rules.kind] += Pair(rules, random).run(random_stream(random));
  });
  if (!all) return;
  for (const auto& [kind, count] : lines) CHECK_MESSAGE(count > 2'500, static_cast<int>(kind));
  CHECK(lines.size() == 4);
}
