// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "base/thread.h"
#include "memory/local_buffer_pool.h"
#include "memory/network_buffer_pool.h"
#include "test/support/process_counts.h"

using namespace weir;

namespace {

constexpr std::uint32_t kBytes = kMinSegmentBytes;
using Pool = std::shared_ptr<LocalBufferPool>;
using Builders = std::vector<BufferBuilder>;

Pool make_pool(NetworkBufferPool& global, std::uint32_t required,
               std::uint32_t max = SegmentDemand::kUnlimited) {
  auto pool = global.create_pool(required, max);
  REQUIRE(pool.has_value());
  return *pool;
}

/// All that the pool gives without waiting.
Builders take_all(LocalBufferPool& pool) {
  Builders taken;
  while (auto builder = pool.try_request()) taken.push_back(std::move(*builder));
  return taken;
}

/// A thread that waits for one segment, and what became of it.
class Waiter {
public:
  explicit Waiter(Pool pool)
      : thread_("waiter", [this, pool = std::move(pool)] {
          started_.ring();
          got_ = pool->request();
        }) {
    started_.await();
  }
  /// Waits for its end; the segment goes back.
  bool got_one() {
    thread_.join();
    return std::exchange(got_, std::nullopt).has_value();
  }

private:
  Bell started_;
  std::optional<BufferBuilder> got_;
  Thread thread_;
};

}  // namespace

TEST_CASE("all segments are there from the start, apart from each other, and writable past their end") {
  NetworkBufferPool global(4, kBytes);
  CHECK(global.total_segments() == 4);
  CHECK(global.available_segments() == 4);
  CHECK(global.segment_bytes() == kBytes);

  const auto pool = make_pool(global, 4);
  const auto builders = take_all(*pool);
  REQUIRE(builders.size() == 4);
  for (std::size_t i = 0; i < builders.size(); ++i) {
    CHECK(builders[i].end() - builders[i].begin() == kBytes);
    std::memset(builders[i].begin(), static_cast<int>(i), kBytes + kSegmentSlackBytes);
  }
  for (std::size_t i = 0; i < builders.size(); ++i) CHECK(*builders[i].begin() == static_cast<std::byte>(i));
}

TEST_CASE("segments cost memory once they are written, and a segment that was used is used again") {
  constexpr std::uint32_t kCount = 1024;
  constexpr std::uint32_t kSegment = 64 * 1024;
  constexpr std::size_t kSome = 4 << 20;  // what else the process may take meanwhile
  const auto before = testing::resident_bytes();
  NetworkBufferPool global(kCount, kSegment);
  const auto pool = make_pool(global, kCount);
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const auto builder = pool->try_request();
    REQUIRE(builder.has_value());
    std::memset(builder->begin(), 1, kSegment);
  }
  CHECK(testing::resident_bytes() < before + kSome);

  const auto all = take_all(*pool);
  for (const auto& builder : all) std::memset(builder.begin(), 1, kSegment);
  CHECK(testing::resident_bytes() > before + std::size_t{kCount} * kSegment / 2);
}

TEST_CASE("a pool beyond what is left is refused with the numbers and the option to raise") {
  NetworkBufferPool global(8, kBytes);
  const auto first = make_pool(global, 6);

  const auto refused = global.create_pool(3);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::InsufficientBuffers);
  CHECK(refused.error().what ==
        "insufficient number of network buffers: required 3, but only 2 of 8 (4096 bytes each) are not "
        "promised to "
        "others; raise taskmanager.network.memory.min, .max or .fraction");
  CHECK(global.create_pool(2).has_value());
}

TEST_CASE("sizes follow as pools come and go, and surplus segments go where they are wanted") {
  NetworkBufferPool global(10, kBytes);
  auto first = make_pool(global, 2);
  CHECK(first->size() == 10);
  auto builders = take_all(*first);
  CHECK(builders.size() == 10);

  auto second = make_pool(global, 2);
  CHECK(first->size() == 5);
  CHECK(second->size() == 5);
  CHECK_FALSE(second->try_request().has_value());  // the first has them all out

  Waiter waiter(second);
  builders.pop_back();
  CHECK(waiter.got_one());

  builders.clear();
  CHECK(first->available() == 5);
  CHECK(take_all(*second).size() == 5);

  second.reset();
  CHECK(first->size() == 10);
  first.reset();
  CHECK(global.available_segments() == 10);
}

TEST_CASE("a waiting writer gets the segment that came free") {
  NetworkBufferPool global(8, kBytes);
  const auto pool = make_pool(global, 8);
  auto builders = take_all(*pool);
  REQUIRE(builders.size() == 8);
  Waiter waiter(pool);

  SUBCASE("after a while, though it is only one") { builders.pop_back(); }
  SUBCASE("when half of the pool is free") { builders.erase(builders.begin() + 4, builders.end()); }
  SUBCASE("when a reader asks for it before") {
    pool->nudge();
    builders.pop_back();
  }
  SUBCASE("when a reader asks for it after") {
    builders.pop_back();
    pool->nudge();
  }
  CHECK(waiter.got_one());
}

namespace {

/// Somebody who cannot wait: takes what it is told of, as long as it wants some.
struct Listener final : SegmentListener, std::enable_shared_from_this<Listener> {
  std::optional<BufferBuilder> on_segment(LocalBufferPool& pool,
                                          std::optional<BufferBuilder> segment) override {
    ++told;
    if (!segment) ask(pool);
    if (!segment || wants == 0) return segment;
    taken.push_back(std::move(*segment));
    --wants;
    return std::nullopt;
  }
  void ask(LocalBufferPool& pool) {
    for (; wants > 0; --wants) {
      auto builder = pool.request_or_listen(shared_from_this());
      if (!builder) return;
      taken.push_back(std::move(*builder));
    }
  }
  void give_back() { Builders().swap(taken); }  // it may be told while they go
  int wants = 1;
  int told = 0;
  Builders taken;
};

}  // namespace

TEST_CASE("who asked in vain is told once when a segment is back, the first one first") {
  NetworkBufferPool global(1, kBytes);
  const auto pool = make_pool(global, 1, 1);
  auto lent = take_all(*pool);
  const auto first = std::make_shared<Listener>();
  const auto second = std::make_shared<Listener>();
  first->ask(*pool);
  second->ask(*pool);
  CHECK(first->told == 0);

  lent.clear();
  CHECK(first->taken.size() == 1);
  CHECK(second->told == 0);
  SUBCASE("the next one when the first gives it back") {
    first->give_back();
    CHECK(second->taken.size() == 1);
    CHECK(first->told == 1);
  }
  SUBCASE("the next one when the first is gone") {
    second->wants = 0;
    first->wants = 1;
    first->ask(*pool);
    first->give_back();  // who no longer wants it passes it on
    CHECK(second->told == 1);
    CHECK(first->taken.size() == 1);
  }
  SUBCASE("nobody once the pool is closed") {
    pool->close();
    first->give_back();
    CHECK(second->told == 0);
  }
}

TEST_CASE("a listener is told of segments that other pools leave") {
  NetworkBufferPool global(4, kBytes);
  const auto busy = make_pool(global, 0);
  auto lent = take_all(*busy);
  CHECK(lent.size() == 4);
  const auto listener = std::make_shared<Listener>();
  listener->wants = 2;
  const auto pool = make_pool(global, 2, 2);
  listener->ask(*pool);
  CHECK(listener->taken.empty());
  lent.clear();
  CHECK(listener->taken.size() == 2);
}

TEST_CASE("closing ends the wait with nothing, and lent segments go home as they are dropped") {
  NetworkBufferPool global(4, kBytes);
  auto pool = make_pool(global, 4);
  auto builders = take_all(*pool);
  Waiter waiter(pool);

  SUBCASE("by its name") { pool->close(); }
  SUBCASE("by its last owner after its name") {
    pool->close();
    pool.reset();
  }
  CHECK_FALSE(waiter.got_one());
  CHECK(global.available_segments() == 0);
  CHECK(make_pool(global, 4)->size() == 4);  // the reservation is free although the segments are not yet home

  builders.pop_back();
  CHECK(global.available_segments() == 1);
  builders.clear();
  CHECK(global.available_segments() == 4);
}

TEST_CASE("the last owner closes the pool; its segments outlive it") {
  NetworkBufferPool global(4, kBytes);
  auto pool = make_pool(global, 1);
  auto builders = take_all(*pool);
  pool.reset();
  CHECK(global.available_segments() == 0);
  std::memset(builders.back().begin(), 1, kBytes);
  builders.clear();
  CHECK(global.available_segments() == 4);
}

TEST_CASE("many pools over one worker's memory, written and recycled by different threads, lose nothing") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  MESSAGE("seed " << seed);
  constexpr int kThreads = 3;
  constexpr int kRounds = 60;
  NetworkBufferPool global(16, kBytes);
  Mutex lock;
  Builders in_flight;  // handed from whoever took them to whoever recycles them

  const auto body = [&](unsigned own_seed) {
    std::mt19937 random(own_seed);
    for (int round = 0; round < kRounds; ++round) {
      const auto made = global.create_pool(1 + random() % 4);
      if (!made) continue;  // others have promised too much for a moment
      for (auto wanted = random() % 40; wanted > 0; --wanted) {
        auto builder = (*made)->request();
        if (!builder) break;
        Builders dropped;
        MutexLock held(lock);
        in_flight.push_back(std::move(*builder));
        if (in_flight.size() > 1) dropped.swap(in_flight);
      }
      Builders dropped;
      MutexLock held(lock);
      dropped.swap(in_flight);
    }
  };
  {
    std::vector<Thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back("pools", [&, i] { body(seed + i); });
  }
  in_flight.clear();
  CHECK(global.available_segments() == global.total_segments());
}
