// SPDX-License-Identifier: Apache-2.0
#include "base/bell.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <vector>

#include "base/thread.h"

using namespace weir;

namespace {

TimePoint soon() { return std::chrono::steady_clock::now() + 5ms; }
TimePoint much_later() { return std::chrono::steady_clock::now() + 60s; }

}  // namespace

TEST_CASE("a ring while nobody waits is remembered once") {
  Bell bell;
  bell.ring();
  bell.ring();
  CHECK(bell.await_until(TimePoint{}));
  CHECK_FALSE(bell.await_until(soon()));
}

TEST_CASE("a deadline that passes without a ring is told, and the bell still works") {
  Bell bell;
  CHECK_FALSE(bell.await_until(TimePoint{}));
  CHECK_FALSE(bell.await_until(soon()));
  bell.ring();
  CHECK(bell.await_until(soon()));
}

TEST_CASE("a sleeper is woken, and sees what was written before the ring") {
  Bell bell;
  int letter = 0;
  Thread ringer("ringer", [&] {
    letter = 7;
    bell.ring();
  });
  REQUIRE(bell.await_until(much_later()));
  CHECK(letter == 7);
}

TEST_CASE("nothing that was announced by a ring is slept over, whatever the interleaving") {
  // Letters are counted with relaxed operations only: the bell alone must make them visible to a sleeper.
  constexpr int kRingers = 2;
  constexpr int kLetters = 20'000;
  Bell bell;
  std::atomic<int> written = 0;
  std::vector<Thread> ringers;
  for (int i = 0; i < kRingers; ++i) {
    ringers.emplace_back("ringer", [&] {
      for (int letter = 0; letter < kLetters; ++letter) {
        written.fetch_add(1, std::memory_order_relaxed);
        bell.ring();
      }
    });
  }
  int seen = 0;
  while (seen < kRingers * kLetters) {
    const int now = written.load(std::memory_order_relaxed);
    if (now == seen) REQUIRE(bell.await_until(much_later()));
    seen = now;
  }
}

TEST_CASE("two that ring for each other keep each other going") {
  constexpr int kRounds = 2000;
  Bell ping;
  Bell pong;
  Thread partner("partner", [&] {
    for (int i = 0; i < kRounds; ++i) {
      ping.await();
      pong.ring();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ping.ring();
    REQUIRE(pong.await_until(much_later()));
  }
}
