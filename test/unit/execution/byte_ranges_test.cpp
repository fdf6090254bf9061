// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/byte_ranges.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using namespace weir;

namespace {
using Ranges = std::vector<ByteRange>;
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
}  // namespace

TEST_CASE("ranges that touch or overlap are one") {
  ByteRanges set({{10, 20}, {30, 40}, {5, 5}});
  CHECK(set.ranges() == Ranges{{10, 20}, {30, 40}});
  set.add({20, 25});
  CHECK(set.ranges() == Ranges{{10, 25}, {30, 40}});
  set.add({24, 31});
  CHECK(set.ranges() == Ranges{{10, 40}});
  set.add({0, kMax});
  CHECK(set.ranges() == Ranges{{0, kMax}});
}

TEST_CASE("what is missing in a range are its gaps") {
  const ByteRanges set({{10, 20}, {30, 40}});
  CHECK(set.missing_in({0, 50}) == Ranges{{0, 10}, {20, 30}, {40, 50}});
  CHECK(set.missing_in({10, 20}).empty());
  CHECK(set.missing_in({15, 35}) == Ranges{{20, 30}});
  CHECK(set.missing_in({40, kMax}) == Ranges{{40, kMax}});
  CHECK(set.missing_in({5, 5}).empty());
  CHECK(ByteRanges().missing_in({1, 2}) == Ranges{{1, 2}});
}

TEST_CASE("a set of random ranges is the set of their bytes") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::uint64_t kBytes = 60;
  for (int round = 0; round < 500; ++round) {
    std::vector<bool> bytes(kBytes);
    ByteRanges set;
    for (auto count = random() % 12; count > 0; --count) {
      const std::uint64_t begin = random() % kBytes;
      const ByteRange range{begin, begin + random() % (kBytes - begin)};
      set.add(range);
      for (auto at = range.begin; at < range.end; ++at) bytes[at] = true;
    }
    std::vector<bool> missing(kBytes);
    for (const ByteRange& gap : set.missing_in({0, kBytes}))
      for (auto at = gap.begin; at < gap.end; ++at) missing[at] = true;
    std::vector<bool> held(kBytes);
    for (const ByteRange& range : set.ranges())
      for (auto at = range.begin; at < range.end; ++at) held[at] = true;
    REQUIRE(held == bytes);
    missing.flip();
    REQUIRE(missing == bytes);
  }
}
