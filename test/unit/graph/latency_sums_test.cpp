// SPDX-License-Identifier: Apache-2.0
#include "graph/latency_sums.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace weir {
namespace {

using Sums = std::map<std::string, std::int64_t>;

TEST_CASE("the latencies of all subtasks are told as one, beside what functions counted") {
  Sums sums{{"lines", 7}, {"latency", 1}, {"latencies", 2}};
  for (const std::uint64_t micros : {1, 2, 3, 4, 5, 6, 7, 1, 2, 3})
    ++sums[latency_sum_name("Source: a", "sum", micros)];
  ++sums[latency_sum_name("Source: b", "sum", 1000)];
  CHECK(with_latencies_told(sums) == Sums{{"latencies", 2},
                                          {"latency", 1},
                                          {"latency Source: a -> sum markers", 10},
                                          {"latency Source: a -> sum p50", 3},
                                          {"latency Source: a -> sum p95", 7},
                                          {"latency Source: a -> sum p99", 7},
                                          {"latency Source: b -> sum markers", 1},
                                          {"latency Source: b -> sum p50", 1023},
                                          {"latency Source: b -> sum p95", 1023},
                                          {"latency Source: b -> sum p99", 1023},
                                          {"lines", 7}});
}

TEST_CASE("what is told is never too low, and at most a quarter too high") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> values;
    Sums sums;
    for (int i = 0; i < 500; ++i) {
      const std::uint64_t micros = random() >> (24 + random() % 40);
      values.push_back(static_cast<std::int64_t>(micros));
      ++sums[latency_sum_name("s", "o", micros)];
    }
    std::ranges::sort(values);
    const Sums told = with_latencies_told(sums);
    for (const auto& [name, at] : {std::pair{"p50", 249}, {"p95", 474}, {"p99", 494}}) {
      CAPTURE(name);
      const std::int64_t exact = values[static_cast<std::size_t>(at)];
      const std::int64_t said = told.at(std::string("latency s -> o ") + name);
      CHECK(said >= exact);
      CHECK(said <= exact + exact / 4);
    }
  }
}

TEST_CASE("long names are cut between two characters, so that an accumulator may be called so") {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "\xC3\xA4";
  CHECK(latency_sum_name("x" + name, name, ~std::uint64_t{0}).size() < 256);
  const Sums told = with_latencies_told({{latency_sum_name("x" + name, "o", 5), 1}});
  CHECK(told.begin()->first == "latency x" + name.substr(0, 98) + " -> o markers");
}

TEST_CASE("a user's counter that only looks like one breaks nothing") {
  CHECK_NOTHROW(with_latencies_told({{"latency|", 1}, {"latency|x", 1}, {"latency|x|y", 1}}));
}

}  // namespace
}  // namespace weir
