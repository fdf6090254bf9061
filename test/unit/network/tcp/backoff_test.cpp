// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/backoff.h"

#include <doctest/doctest.h>

#include <vector>

using namespace weir;

TEST_CASE("attempts come twice as far apart each time, up to a limit, until the deadline") {
  Backoff backoff({.first = 100ms, .longest = 1s, .deadline = 4s});
  TimePoint now{};
  std::vector<Duration> waits;
  while (const auto next = backoff.on_failed(now)) {
    waits.push_back(*next - now);
    now = *next;
  }
  CHECK(waits == std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1s, 1s});
}

TEST_CASE("the time an attempt takes counts") {
  Backoff backoff({.first = 100ms, .longest = 1s, .deadline = 4s});
  CHECK(backoff.on_failed(TimePoint{}) == TimePoint{} + 100ms);
  CHECK_FALSE(backoff.on_failed(TimePoint{} + 3900ms));
}
