// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/key_group.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "checkpoint/state/key_hash.h"

using namespace weir;

namespace {

using Ranges = std::vector<KeyGroupRange>;

Ranges ranges_of(std::uint32_t parallelism, std::uint32_t max_parallelism) {
  Ranges all;
  for (std::uint32_t i = 0; i < parallelism; ++i) all.push_back(range_of(i, parallelism, max_parallelism));
  return all;
}

/// The ranges follow each other from the first group to the last, and each group's owner is the one whose
/// range holds it.
void check_agreement(std::uint32_t parallelism, std::uint32_t max_parallelism) {
  KeyGroup next = 0;
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    const KeyGroupRange range = range_of(i, parallelism, max_parallelism);
    REQUIRE(range.first == next);
    REQUIRE(range.count() > 0);
    for (KeyGroup group = range.first; group <= range.last; ++group) {
      REQUIRE(range.contains(group));
      REQUIRE(owner_of(group, parallelism, max_parallelism) == i);
    }
    next = range.last + 1;
  }
  REQUIRE(next == max_parallelism);
}

}  // namespace

TEST_CASE("key groups are cut where everybody cuts them") {
  CHECK(ranges_of(3, 128) == Ranges{{0, 42}, {43, 85}, {86, 127}});
  CHECK(ranges_of(4, 13) == Ranges{{0, 3}, {4, 6}, {7, 9}, {10, 12}});
  CHECK(ranges_of(4, 10) == Ranges{{0, 2}, {3, 4}, {5, 7}, {8, 9}});
  CHECK(ranges_of(1, 128) == Ranges{{0, 127}});
  CHECK(ranges_of(3, 3) == Ranges{{0, 0}, {1, 1}, {2, 2}});
}

TEST_CASE("the owner of a group is the subtask whose range holds it") {
  for (std::uint32_t max_parallelism = 1; max_parallelism <= 64; ++max_parallelism) {
    for (std::uint32_t parallelism = 1; parallelism <= max_parallelism; ++parallelism) {
      CAPTURE(parallelism);
      CAPTURE(max_parallelism);
      check_agreement(parallelism, max_parallelism);
    }
  }
}

TEST_CASE("that holds for the largest jobs too") {
  for (const std::uint32_t max_parallelism : {128u, 1000u, 4099u, 32767u, 32768u}) {
    for (const std::uint32_t parallelism : {1u, 2u, 3u, 127u, 128u, 999u, 4099u, 32767u, 32768u}) {
      if (parallelism <= max_parallelism) check_agreement(parallelism, max_parallelism);
    }
  }
}

TEST_CASE("a range knows its size and its ends") {
  const KeyGroupRange range{3, 5};
  CHECK(range.count() == 3);
  CHECK_FALSE(range.contains(2));
  CHECK(range.contains(3));
  CHECK(range.contains(5));
  CHECK_FALSE(range.contains(6));
}

TEST_CASE("the groups of any hash are those that there are, and all are in use") {
  for (const std::uint32_t max_parallelism : {1u, 2u, 7u, 128u, 32768u}) {
    CAPTURE(max_parallelism);
    CHECK(key_group_of(0, max_parallelism) == 0);
    CHECK(key_group_of(~std::uint64_t{0}, max_parallelism) == max_parallelism - 1);

    std::vector<std::uint32_t> keys_in(max_parallelism);
    const std::uint64_t keys = std::uint64_t{100} * max_parallelism;
    for (std::uint64_t key = 0; key < keys; ++key) {
      const KeyGroup group = key_group_of(KeyHash<std::uint64_t>::hash(key), max_parallelism);
      REQUIRE(group < max_parallelism);
      ++keys_in[group];
    }
    for (const std::uint32_t count : keys_in) {  // a binomial's six deviations around 100
      REQUIRE(count > 40);
      if (max_parallelism > 1) REQUIRE(count < 170);
    }
  }
}
