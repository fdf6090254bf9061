// SPDX-License-Identifier: Apache-2.0
#include "memory/segment_distribution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

using namespace weir;

namespace {

constexpr auto kUnlimited = SegmentDemand::kUnlimited;
using Demands = std::vector<SegmentDemand>;
using Sizes = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("segments are shared out: what is required first, the rest in proportion to what each can take") {
  struct Row {
    const char* rule;
    std::uint32_t total;
    Demands demands;
    Sizes expected;
  };
  const std::vector<Row> rows = {
      {"nobody asks", 10, {}, {}},
      {"nothing is left over", 10, {{4, 20}, {6, 20}}, {4, 6}},
      {"one without limit gets all", 10, {{2, kUnlimited}}, {10}},
      {"a limit is kept, and segments stay unused", 10, {{2, 5}}, {5}},
      {"who is satisfied gets nothing more", 10, {{3, 3}, {2, kUnlimited}}, {3, 7}},
      {"two without limit share evenly", 10, {{1, kUnlimited}, {1, kUnlimited}}, {5, 5}},
      {"an odd one goes to the later", 11, {{1, kUnlimited}, {1, kUnlimited}}, {5, 6}},
      {"in proportion to what each can take", 16, {{2, 6}, {2, 10}}, {6, 10}},
      {"the same, short of what all can take", 10, {{2, 6}, {2, 10}}, {4, 6}},
      {"an unlimited one counts as one that takes the whole excess", 12, {{1, 6}, {1, kUnlimited}}, {4, 8}},
      {"a pool that requires nothing may get something", 6, {{0, 8}, {2, 2}}, {4, 2}},
      {"three share two", 5, {{1, 2}, {1, 2}, {1, 2}}, {1, 2, 2}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.rule);
    CHECK(distribute_segments(row.total, row.demands) == row.expected);
  }
}

TEST_CASE("whatever is asked, nobody gets less than required or more than the limit, and nothing is wasted") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    Demands demands(random() % 8);
    std::uint64_t required = 0;
    std::uint64_t wanted = 0;
    for (auto& demand : demands) {
      demand.required = random() % 50;
      demand.max = random() % 4 == 0 ? kUnlimited : demand.required + random() % 50;
      required += demand.required;
      wanted += demand.max;
    }
    const auto total = static_cast<std::uint32_t>(required + random() % 300);
    const auto sizes = distribute_segments(total, demands);

    REQUIRE(sizes.size() == demands.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      REQUIRE(sizes[i] >= demands[i].required);
      REQUIRE(sizes[i] <= demands[i].max);
    }
    REQUIRE(std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}) ==
            std::min<std::uint64_t>(total, wanted));
  }
}
