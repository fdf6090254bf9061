// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "checkpoint/snapshot/state_schema.h"
#include "checkpoint/state/timers.h"
#include "test/support/state_bytes.h"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr std::uint32_t kGroups = 16;
constexpr KeyGroupRange kAll{0, kGroups - 1};

using Names = std::vector<std::string>;
using Fired = std::vector<std::pair<std::int64_t, std::string>>;

/// Fires all until then, those of one time in the order of their keys.
Fired fired_until(Timers<std::string>& timers, std::int64_t until) {
  Fired fired;
  timers.fire_until(until, [&](const auto& timer) { fired.emplace_back(timer.time, timer.key); });
  CHECK(std::ranges::is_sorted(fired, {}, &Fired::value_type::first));
  std::ranges::sort(fired);
  return fired;
}

StateFile snapshot_of(KeyedBackend& backend) {
  BlockList blocks;
  backend.begin_snapshot(blocks);
  while (!backend.snapshot_some(1000)) {}
  auto file = open_bytes(state_file_of(backend.states(), blocks.blocks));
  REQUIRE(file);
  return *std::move(file);
}

}  // namespace

TEST_CASE("timers fire once, in the order of their times, when they are due") {
  KeyedBackend backend(kAll, kGroups);
  Timers<std::string> timers(backend, "timers");
  CHECK(timers.add(30, "ada"));
  CHECK(timers.add(10, "bob"));
  CHECK(timers.add(20, "ada"));
  CHECK(timers.earliest() == 10);
  CHECK(fired_until(timers, 9) == Fired{});
  CHECK(fired_until(timers, 20) == Fired{{10, "bob"}, {20, "ada"}});
  CHECK(fired_until(timers, 29) == Fired{});
  CHECK(fired_until(timers, 1000) == Fired{{30, "ada"}});
  CHECK(timers.count() == 0);
  CHECK(timers.earliest() == TimeHeap::kNever);
}

TEST_CASE("a timer that is there already is not there twice") {
  KeyedBackend backend(kAll, kGroups);
  Timers<std::string> timers(backend, "timers");
  CHECK(timers.add(10, "ada"));
  CHECK_FALSE(timers.add(10, "ada"));
  CHECK(timers.count() == 1);
  CHECK(fired_until(timers, 10) == Fired{{10, "ada"}});
}

TEST_CASE("a timer that was removed does not fire") {
  KeyedBackend backend(kAll, kGroups);
  Timers<std::string> timers(backend, "timers");
  timers.add(10, "ada");
  timers.add(10, "bob");
  CHECK(timers.remove(10, "ada"));
  CHECK_FALSE(timers.remove(10, "ada"));
  CHECK_FALSE(timers.remove(11, "bob"));
  SUBCASE("for good") { CHECK(fired_until(timers, 10) == Fired{{10, "bob"}}); }
  SUBCASE("unless it is added again") {
    CHECK(timers.add(10, "ada"));
    CHECK(fired_until(timers, 10) == Fired{{10, "ada"}, {10, "bob"}});
  }
}

TEST_CASE("timers of several namespaces are several timers") {
  KeyedBackend backend(kAll, kGroups);
  Timers<int, std::int64_t> timers(backend, "timers");
  CHECK(timers.add(10, 7, 1));
  CHECK(timers.add(10, 7, 2));
  CHECK_FALSE(timers.add(10, 7, 2));
  CHECK(timers.remove(10, 7, 1));
  std::vector<std::int64_t> fired;
  timers.fire_until(10, [&](const auto& timer) { fired.push_back(timer.name_space); });
  CHECK(fired == std::vector<std::int64_t>{2});
}

TEST_CASE("what a timer adds and removes while it fires counts at once") {
  KeyedBackend backend(kAll, kGroups);
  Timers<std::string> timers(backend, "timers");
  timers.add(10, "first");
  timers.add(20, "victim");
  Fired fired;
  timers.fire_until(20, [&](const auto& timer) {
    fired.emplace_back(timer.time, timer.key);
    if (timer.key != "first") return;
    timers.add(5, "overdue");
    timers.add(15, "between");
    timers.add(21, "later");
    timers.remove(20, "victim");
  });
  CHECK(fired == Fired{{10, "first"}, {5, "overdue"}, {15, "between"}});
  CHECK(timers.earliest() == 21);
}

TEST_CASE("a timer may add itself again, for the same time as well") {
  KeyedBackend backend(kAll, kGroups);
  Timers<std::string> timers(backend, "timers");
  timers.add(10, "ada");
  timers.remove(10, "ada");
  timers.add(10, "ada");  // now the heap has it twice
  int calls = 0;
  timers.fire_until(10, [&](const auto& timer) {
    if (++calls < 3) CHECK(timers.add(timer.time, timer.key));
  });
  CHECK(calls == 3);
}

TEST_CASE("times may be negative, and as far away as numbers go") {
  KeyedBackend backend(kAll, kGroups);
  Timers<std::string> timers(backend, "timers");
  constexpr auto kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> times{kLast, -1, 0, kFirst, 1, -1000, kFirst + 1, kLast - 1};
  for (const auto time : times) timers.add(time, "ada");
  CHECK(timers.earliest() == kFirst);
  Fired expected;
  for (const auto time : times) expected.emplace_back(time, "ada");
  std::ranges::sort(expected);
  CHECK(fired_until(timers, kLast) == expected);
}

TEST_CASE("timers that come and go leave no memory behind") {
  KeyedBackend backend(kAll, kGroups);
  Timers<std::string> timers(backend, "timers");
  timers.add(1'000'000, "stays");
  for (std::int64_t time = 0; time < 100'000; ++time) {
    timers.add(time, "moves");
    timers.remove(time, "moves");
  }
  CHECK(timers.count() == 1);
  CHECK(timers.earliest() >= 0);
  CHECK(fired_until(timers, 2'000'000) == Fired{{1'000'000, "stays"}});
}

TEST_CASE("timers go with their keys when they are restored by more or fewer subtasks") {
  KeyedBackend before(kAll, kGroups);
  Timers<std::string> timers(before, "timers");
  Fired expected;
  for (std::int64_t i = 0; i < 1000; ++i) {
    timers.add(i % 50, std::to_string(i));
    if (i % 50 >= 10) expected.emplace_back(i % 50, std::to_string(i));
  }
  fired_until(timers, 9);
  std::vector<StateFile> files;
  files.push_back(snapshot_of(before));
  CHECK(told(files[0].states()[0]) == "timers string -> i64");

  Fired fired;
  for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
    KeyedBackend after(range_of(subtask, 3, kGroups), kGroups);
    after.begin_restore(files);
    Timers<std::string> restored(after, "timers");
    CHECK(after.end_restore().empty());
    CHECK(restored.earliest() == 10);
    for (const auto& each : fired_until(restored, 100)) fired.push_back(each);
  }
  std::ranges::sort(fired);
  std::ranges::sort(expected);
  CHECK(fired == expected);
}

TEST_CASE("timers do what a sorted set does") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  KeyedBackend backend(kAll, kGroups);
  Timers<std::uint32_t, std::uint32_t> timers(backend, "timers");
  using Model = std::set<std::tuple<std::int64_t, std::uint32_t, std::uint32_t>>;
  Model model;
  std::int64_t now = -500;
  for (int step = 0; step < 200'000; ++step) {
    const auto time = now + static_cast<std::int64_t>(random() % (random() % 8 == 0 ? 100'000 : 100)) - 20;
    const auto key = static_cast<std::uint32_t>(random() % 20);
    const auto name_space = static_cast<std::uint32_t>(random() % 3);
    if (random() % 3 != 0) {
      REQUIRE(timers.add(time, key, name_space) == model.emplace(time, key, name_space).second);
    } else {
      REQUIRE(timers.remove(time, key, name_space) == (model.erase({time, key, name_space}) == 1));
    }
    if (random() % 50 != 0) continue;
    now += static_cast<std::int64_t>(random() % 100);
    Model due(model.begin(), model.upper_bound({now, ~0u, ~0u}));
    Model fired;
    timers.fire_until(now,
                      [&](const auto& t) { REQUIRE(fired.emplace(t.time, t.key, t.name_space).second); });
    REQUIRE(fired == due);
    model.erase(model.begin(), model.upper_bound({now, ~0u, ~0u}));
    REQUIRE(timers.count() == model.size());
    if (!model.empty()) REQUIRE(timers.earliest() <= std::get<0>(*model.begin()));
  }
}
