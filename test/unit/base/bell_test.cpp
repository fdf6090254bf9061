// SPDX-License-Identifier: Apache-2.0
#include "base/bell.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/thread.h"

using namespace weir;

namespace {

TimePoint soon() { return std::chrono::steady_clock::now() + 5ms; }
TimePoint much_later() { return std::chrono::steady_clock::now() + 10s; }

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
  // Each letter comes between two rings, and the next only after this one was seen: a ring that got lost
  // hangs. All other operations are relaxed: the bell alone must make a letter visible.
  constexpr int kLetters = 50'000;
  Bell bell;
  std::atomic<int> written = 0;
  std::atomic<int> seen = 0;
  Thread ringer("ringer", [&] {
    for (int letter = 1; letter <= kLetters; ++letter) {
      bell.ring();
      written.store(letter, std::memory_order_relaxed);
      bell.ring();
      while (seen.load(std::memory_order_relaxed) < letter) std::this_thread::yield();
    }
  });
  while (seen.load(std::memory_order_relaxed) < kLetters) {
    const bool rung = bell.await_until(much_later());
    if (!rung) seen.store(kLetters);  // so that the ringer ends too
    REQUIRE(rung);
    seen.store(written.load(std::memory_order_relaxed), std::memory_order_relaxed);
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
