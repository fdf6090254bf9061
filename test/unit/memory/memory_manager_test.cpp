// SPDX-License-Identifier: Apache-2.0
#include "memory/memory_manager.h"

#include <doctest/doctest.h>

#include <cstring>
#include <set>

using namespace weir;

namespace {

constexpr std::uint32_t kPage = kMinSegmentBytes;
constexpr int kAda = 1;  // their addresses own pages
constexpr int kBob = 2;

}  // namespace

TEST_CASE("each slot has its share of the pages, and cannot eat its neighbour's") {
  MemoryManager memory(10 * kPage, kPage, 3);
  CHECK(memory.pages_per_slot() == 3);
  CHECK(memory.pages_for_fraction(1.0) == 3);
  CHECK(memory.pages_for_fraction(0.5) == 1);

  const auto pages = memory.allocate(0, &kAda, 3);
  REQUIRE(pages.has_value());
  CHECK(memory.free_pages(0) == 0);
  CHECK(memory.free_pages(1) == 3);

  const auto refused = memory.allocate(0, &kBob, 1);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::OutOfMemoryPages);
  CHECK(
      refused.error().what ==
      "insufficient managed memory: 1 pages wanted, but slot 0 has only 0 of 3 left (4096 bytes each); raise "
      "taskmanager.memory.size");
  CHECK(memory.allocate(1, &kBob, 3).has_value());
  CHECK_FALSE(memory.allocate(3, &kBob, 1).has_value());
  memory.release_all(&kAda);
  memory.release_all(&kBob);
}

TEST_CASE("pages are apart from each other, and used again") {
  MemoryManager memory(4 * kPage, kPage, 1);
  const auto first = memory.allocate(0, &kAda, 4);
  REQUIRE(first.has_value());
  std::set<std::byte*> seen;
  for (const auto& page : *first) {
    CHECK(page.bytes == kPage);
    std::memset(page.data, 1, page.bytes + kSegmentSlackBytes);
    seen.insert(page.data);
  }
  CHECK(seen.size() == 4);
  memory.release(&kAda, *first);

  const auto second = memory.allocate(0, &kBob, 4);
  REQUIRE(second.has_value());
  for (const auto& page : *second) CHECK(seen.count(page.data) == 1);
  memory.release_all(&kBob);
}

TEST_CASE("a page is released once, and only by its owner") {
  MemoryManager memory(4 * kPage, kPage, 2);
  const auto pages = memory.allocate(0, &kAda, 2);
  REQUIRE(pages.has_value());
  memory.release(&kBob, *pages);
  CHECK(memory.free_pages(0) == 0);
  memory.release(&kAda, {pages->front()});
  memory.release(&kAda, *pages);
  memory.release(&kAda, *pages);
  CHECK(memory.free_pages(0) == 2);
}

TEST_CASE("what was not given back is known, and can be taken back from its owner") {
  MemoryManager memory(4 * kPage, kPage, 1);
  CHECK(memory.verify_empty().has_value());
  REQUIRE(memory.allocate(0, &kAda, 3).has_value());
  const auto leak = memory.verify_empty();
  REQUIRE_FALSE(leak.has_value());
  CHECK(leak.error().what == "1 owners still hold 3 pages of managed memory");

  memory.release_all(&kAda);
  memory.release_all(&kAda);
  CHECK(memory.verify_empty().has_value());
}

TEST_CASE("after shutdown nothing is lent any more, and releasing still works") {
  MemoryManager memory(4 * kPage, kPage, 1);
  REQUIRE(memory.allocate(0, &kAda, 1).has_value());
  memory.shutdown();
  CHECK_FALSE(memory.allocate(0, &kAda, 1).has_value());
  memory.release_all(&kAda);
  CHECK(memory.verify_empty().has_value());
}
