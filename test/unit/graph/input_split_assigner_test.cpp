// SPDX-License-Identifier: Apache-2.0
#include "graph/input_split_assigner.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr ExecutionAttemptId kFirst{.high = 1, .low = 1};
constexpr ExecutionAttemptId kSecond{.high = 1, .low = 2};

std::vector<InputSplit> splits(const std::vector<std::vector<std::string>>& hosts) {
  std::vector<InputSplit> all;
  for (const auto& of_one : hosts) all.push_back({.bytes = std::to_string(all.size()), .hosts = of_one});
  return all;
}

/// All that one who asks until there is nothing is dealt, in order.
std::vector<std::size_t> drain(InputSplitAssigner& assigner, const std::string& host,
                               ExecutionAttemptId asker = kFirst) {
  std::vector<std::size_t> dealt;
  while (const auto split = assigner.next(asker, host)) dealt.push_back(*split);
  return dealt;
}

using Dealt = std::vector<std::size_t>;

}  // namespace

TEST_CASE("splits that lie everywhere alike are dealt in their order") {
  InputSplitAssigner assigner(splits({{}, {}, {}}));
  CHECK(drain(assigner, "ada") == Dealt{0, 1, 2});
  CHECK_FALSE(assigner.next(kSecond, "bob").has_value());
}

TEST_CASE("first what lies on the asker's host, then what lies nowhere in particular, then the rest") {
  InputSplitAssigner assigner(splits({{"bob"}, {}, {"ada", "bob"}, {}, {"ada"}}));
  CHECK(drain(assigner, "ada") == Dealt{2, 4, 1, 3, 0});
}

TEST_CASE("a split with two hosts is dealt once") {
  InputSplitAssigner assigner(splits({{"ada", "bob"}, {"ada", "bob"}}));
  CHECK(assigner.next(kFirst, "ada") == 0);
  CHECK(assigner.next(kSecond, "bob") == 1);
  CHECK_FALSE(assigner.next(kFirst, "ada").has_value());
}

TEST_CASE("what an attempt had when it failed is dealt again, and what others have is not") {
  InputSplitAssigner assigner(splits({{"ada"}, {}, {}}));
  CHECK(assigner.next(kFirst, "ada") == 0);
  CHECK(assigner.next(kSecond, "ada") == 1);
  assigner.give_back(kFirst);
  CHECK(drain(assigner, "bob", kSecond) == Dealt{2, 0});
}

TEST_CASE("a restarted job is dealt everything anew") {
  InputSplitAssigner assigner(splits({{"ada"}, {}}));
  (void)drain(assigner, "ada");
  assigner.give_back_all();
  CHECK(drain(assigner, "ada") == Dealt{0, 1});
}

TEST_CASE("whoever asks in whatever order, each split is dealt once between two failures") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<std::string>> hosts(random() % 50);
    for (auto& of_one : hosts) {
      for (const char* host : {"ada", "bob", "cyd"})
        if (random() % 3 == 0) of_one.emplace_back(host);
    }
    InputSplitAssigner assigner(splits(hosts));
    std::set<std::size_t> held_by_first;
    std::set<std::size_t> held_by_second;
    for (int step = 0; step < 120; ++step) {
      const bool is_first = random() % 2 == 0;
      if (random() % 40 == 0) {
        assigner.give_back(kFirst);
        held_by_first.clear();
      }
      const auto split = assigner.next(is_first ? kFirst : kSecond, random() % 2 == 0 ? "ada" : "eve");
      CHECK(split.has_value() == (held_by_first.size() + held_by_second.size() < hosts.size()));
      if (!split) continue;
      CHECK_FALSE(held_by_first.contains(*split));
      CHECK_FALSE(held_by_second.contains(*split));
      (is_first ? held_by_first : held_by_second).insert(*split);
    }
  }
}

}  // namespace weir
