// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/pulse.h"

#include <doctest/doctest.h>

#include <utility>

using namespace weir;

namespace {

/// Beats until the peer is lost.
int beats_to_lose(Pulse& pulse) {
  int beats = 1;
  while (!pulse.on_beat().is_lost) ++beats;
  return beats;
}

}  // namespace

TEST_CASE("a silent peer is lost within the time, and not in much less") {
  Pulse pulse(2s);
  CHECK(beats_to_lose(pulse) * pulse.interval() == 2s);
  Pulse heard(2s);
  for (int i = 0; i < 100; ++i) {
    heard.on_heard();
    CHECK_FALSE(heard.on_beat().is_lost);
  }
  // The last word may have come just before a beat.
  CHECK(beats_to_lose(heard) * heard.interval() == 1600ms);
}

TEST_CASE("a ping is for those who have said nothing since the last beat") {
  Pulse pulse(2s);
  CHECK(pulse.on_beat().must_ping);
  pulse.on_said();
  CHECK_FALSE(pulse.on_beat().must_ping);
  CHECK(pulse.on_beat().must_ping);
}

TEST_CASE("two that have nothing to say keep each other") {
  Pulse one(2s);
  Pulse other(2s);
  for (int i = 0; i < 100; ++i) {
    for (auto [from, to] : {std::pair(&one, &other), std::pair(&other, &one)}) {
      const auto verdict = from->on_beat();
      CHECK_FALSE(verdict.is_lost);
      if (!verdict.must_ping) continue;
      from->on_said();
      to->on_heard();
    }
  }
}
