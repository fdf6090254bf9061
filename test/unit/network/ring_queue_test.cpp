// SPDX-License-Identifier: Apache-2.0
#include "network/ring_queue.h"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <random>

namespace weir {

TEST_CASE("a ring queue gives back what it was given, in order, however it is filled and emptied") {
  std::mt19937 random(7);
  RingQueue<std::unique_ptr<int>> queue;
  std::deque<int> expected;
  for (int i = 0; i < 20'000; ++i) {
    const bool push = expected.empty() || (random() % 100 < (i < 10'000 ? 60u : 40u));
    if (push) {
      queue.push_back(std::make_unique<int>(i));
      expected.push_back(i);
      REQUIRE(*queue.back() == i);
    } else {
      REQUIRE(*queue.front() == expected.front());
      queue.pop_front();
      expected.pop_front();
    }
    REQUIRE(queue.size() == expected.size());
  }
}

TEST_CASE("a ring queue lets go of what was popped at once") {
  const auto watched = std::make_shared<int>(1);
  RingQueue<std::shared_ptr<int>> queue;
  queue.push_back(watched);
  queue.pop_front();
  CHECK(watched.use_count() == 1);
}

}  // namespace weir
