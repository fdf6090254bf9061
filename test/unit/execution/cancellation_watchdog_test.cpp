// SPDX-License-Identifier: Apache-2.0
#include "execution/task/cancellation_watchdog.h"

#include <doctest/doctest.h>

using namespace weir;

namespace {

const ExecutionAttemptId kAda{1, 1};
const ExecutionAttemptId kBob{1, 2};
constexpr TimePoint kStart{};

}  // namespace

TEST_CASE("a task that does not end is reminded at each interval, and given up once at the timeout") {
  CancellationWatchdog watchdog({.interval = 10s, .timeout = 25s});
  watchdog.watch(kAda, kStart);
  CHECK(watchdog.on_tick(kStart + 9s).empty());

  auto overdue = watchdog.on_tick(kStart + 10s);
  REQUIRE(overdue.size() == 1);
  CHECK(overdue.front().attempt == kAda);
  CHECK(overdue.front().waited_for == 10s);
  CHECK_FALSE(overdue.front().is_given_up);
  CHECK(watchdog.on_tick(kStart + 19s).empty());
  CHECK(watchdog.on_tick(kStart + 20s).size() == 1);
  CHECK(watchdog.on_tick(kStart + 24s).empty());

  overdue = watchdog.on_tick(kStart + 25s);
  REQUIRE(overdue.size() == 1);
  CHECK(overdue.front().is_given_up);
  CHECK(watchdog.on_tick(kStart + 1h).empty());
}

TEST_CASE("a task that has ended is not spoken of again, and others are") {
  CancellationWatchdog watchdog({.interval = 10s, .timeout = 25s});
  watchdog.watch(kAda, kStart);
  watchdog.watch(kBob, kStart + 5s);
  watchdog.forget(kAda);
  CHECK(watchdog.on_tick(kStart + 10s).empty());
  const auto overdue = watchdog.on_tick(kStart + 30s);
  REQUIRE(overdue.size() == 1);
  CHECK(overdue.front().attempt == kBob);
  CHECK(overdue.front().is_given_up);
}

TEST_CASE("to be cancelled again gives a task no more time") {
  CancellationWatchdog watchdog({.interval = 10s, .timeout = 25s});
  watchdog.watch(kAda, kStart);
  watchdog.watch(kAda, kStart + 24s);
  CHECK(watchdog.on_tick(kStart + 25s).size() == 1);
}

TEST_CASE("without a timeout a task is reminded for ever") {
  CancellationWatchdog watchdog({.interval = 10s, .timeout = 0s});
  watchdog.watch(kAda, kStart);
  for (int i = 1; i < 100; ++i) {
    const auto overdue = watchdog.on_tick(kStart + i * 10s);
    REQUIRE(overdue.size() == 1);
    CHECK_FALSE(overdue.front().is_given_up);
  }
}
