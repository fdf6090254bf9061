// SPDX-License-Identifier: Apache-2.0
#include "execution/task/timer_service.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/bell.h"

using namespace weir;

TEST_CASE("a timer fires again and again, at its interval and not before") {
  TimerService timers;
  Bell bell;
  const TimePoint start = SystemClock{}.now();
  const PeriodicTimer timer(timers, 3ms, [&] { bell.ring(); });
  for (int i = 1; i <= 5; ++i) {
    bell.await();
    CHECK(SystemClock{}.now() - start >= 3ms);
  }
}

TEST_CASE("a timer may fire just once") {
  TimerService timers;
  Bell bell;
  std::atomic<int> calls = 0;
  const OneShotTimer once(timers, 1ms, [&] { ++calls; });
  const OneShotTimer later(timers, 20ms, [&] { bell.ring(); });
  const PeriodicTimer often(timers, 1ms, [] {});  // the service has work meanwhile
  bell.await();
  CHECK(calls == 1);
}

TEST_CASE("a short timer does not wait for a long one that was there first") {
  TimerService timers;
  Bell bell;
  const PeriodicTimer slow(timers, 1h, [] {});
  const PeriodicTimer quick(timers, 1ms, [&] { bell.ring(); });
  bell.await();
  bell.await();
}

TEST_CASE("when a timer is gone its callback does not run and will not run") {
  TimerService timers;
  for (int round = 0; round < 300; ++round) {
    auto alive = std::make_unique<std::atomic<int>>(0);
    std::optional<PeriodicTimer> timer(std::in_place, timers, 100us, [&alive] { ++*alive; });
    if (round % 3 == 0) {
      while (*alive == 0) continue;
    }
    timer.reset();
    alive.reset();  // a sanitizer sees who touches it now
  }
}

TEST_CASE("a moved timer goes on, an assigned one ends") {
  TimerService timers;
  Bell first;
  Bell second;
  PeriodicTimer timer(timers, 1ms, [&] { first.ring(); });
  PeriodicTimer moved(std::move(timer));
  first.await();
  moved = PeriodicTimer(timers, 1ms, [&] { second.ring(); });
  second.await();
  (void)first.await_until(SystemClock{}.now());  // what it rang before
  CHECK_FALSE(first.await_until(SystemClock{}.now() + 20ms));
}

TEST_CASE("a service ends though its timers are far from due") {
  TimerService timers;
  (void)timers.add_periodic(24h, [] {});
}
