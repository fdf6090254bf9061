// SPDX-License-Identifier: Apache-2.0
#include "graph/failover.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

constexpr WallTime t0{};
using Delay = std::optional<Duration>;

}  // namespace

TEST_CASE("without a strategy a failed job stays failed") {
  CHECK(make_restart_strategy({})->on_failure(t0) == std::nullopt);
}

TEST_CASE("a fixed delay allows so many restarts in the life of the job") {
  const auto strategy =
      make_restart_strategy({.kind = RestartOptions::Kind::FixedDelay, .attempts = 2, .delay = 3s});
  CHECK(strategy->on_failure(t0) == Delay(3s));
  CHECK(strategy->on_failure(t0 + 1h) == Delay(3s));
  CHECK(strategy->on_failure(t0 + 100h) == std::nullopt);
}

TEST_CASE("a fixed delay without limit never gives up") {
  const auto strategy = make_restart_strategy(
      {.kind = RestartOptions::Kind::FixedDelay, .attempts = RestartOptions::kUnlimited, .delay = 0s});
  for (int i = 0; i < 1000; ++i) CHECK(strategy->on_failure(t0) == Delay(0s));
}

TEST_CASE("a failure rate gives up when too many restarts lie within the interval") {
  const auto strategy = make_restart_strategy(
      {.kind = RestartOptions::Kind::FailureRate, .attempts = 2, .delay = 1s, .interval = 60s});
  CHECK(strategy->on_failure(t0) == Delay(1s));
  CHECK(strategy->on_failure(t0 + 30s) == Delay(1s));
  SUBCASE("a third one within the interval") { CHECK(strategy->on_failure(t0 + 60s) == std::nullopt); }
  SUBCASE("a third one after the first is forgotten") {
    CHECK(strategy->on_failure(t0 + 61s) == Delay(1s));
    CHECK(strategy->on_failure(t0 + 62s) == std::nullopt);
  }
}

}  // namespace weir
