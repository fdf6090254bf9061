// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/generator_source.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "test/support/operator_checkpoint.h"
#include "test/support/operator_ends.h"

using namespace weir;
using namespace weir::testing;

namespace {

using Numbers = std::vector<std::uint64_t>;

constexpr std::size_t kAll = SIZE_MAX;

/// The task of a source: ends it behind so many records, as if it was killed there.
class ShortLoop final : private std::atomic<std::uint32_t>, public SourceLoop {
public:
  explicit ShortLoop(std::size_t most)
      : std::atomic<std::uint32_t>(1),  // between any two records a letter waits
        SourceLoop(static_cast<std::atomic<std::uint32_t>&>(*this)),
        left_(most) {
    if (left_ == 0) stop();
  }

private:
  void take_letters() override {
    if (--left_ == 0) stop();
  }
  void await_until(TimePoint) override {}
  void await_readable(int) override {}

  std::size_t left_;
};

/// One life of a source of `count` numbers: begins at the checkpoint, if there is one; its subtasks end
/// behind `most[i]` records each and leave another.
class Life {
public:
  Life(std::uint64_t count, const std::optional<OperatorCheckpoint>& from,
       const std::vector<std::size_t>& most) {
    const auto parallelism = static_cast<std::uint32_t>(most.size());
    for (std::uint32_t index = 0; index < parallelism; ++index) {
      OperatorContext context({"source", index, parallelism, 128});
      if (from) context.begin_restore(from->for_subtask(index, parallelism));
      GeneratorSource<std::uint64_t, std::identity> source(count, {});
      source.open(context);
      if (from) context.end_restore();
      Gathered<std::uint64_t> gathered;
      ShortLoop loop(most[index]);
      SourceContext<std::uint64_t> place(gathered, loop, context);
      source.run(place);
      source.snapshot(1);
      after.add(context);
      dealt.push_back(std::move(gathered.values));
    }
  }
  void add_to(Numbers& all) const {
    for (const Numbers& numbers : dealt) all.insert(all.end(), numbers.begin(), numbers.end());
  }

  std::vector<Numbers> dealt;  // by subtask
  OperatorCheckpoint after;
};

Numbers up_to(std::uint64_t count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

TEST_CASE("a subtask deals out the numbers that are its own modulo the parallelism") {
  CHECK(Life(7, {}, {kAll, kAll, kAll}).dealt == std::vector<Numbers>{{0, 3, 6}, {1, 4}, {2, 5}});
}

TEST_CASE("a subtask that goes on for several takes always the smallest number") {
  const Life before(12, {}, {1, 4, 0});
  CHECK(before.dealt == std::vector<Numbers>{{0}, {1, 4, 7, 10}, {}});
  CHECK(Life(12, before.after, {kAll}).dealt == std::vector<Numbers>{{2, 3, 5, 6, 8, 9, 11}});

  const Life between(12, before.after, {3});
  CHECK(between.dealt == std::vector<Numbers>{{2, 3, 5}});
  CHECK(Life(12, between.after, {kAll}).dealt == std::vector<Numbers>{{6, 8, 9, 11}});
}

TEST_CASE("every number is dealt out once, and by each subtask in order, over any number of parallelisms") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const std::uint64_t count = random() % 60;
    Numbers all;
    std::optional<OperatorCheckpoint> last;
    for (int life = 0; life < 4; ++life) {
      std::vector<std::size_t> most(1 + random() % 5, kAll);
      for (std::size_t& records : most)
        if (life < 3) records = random() % 12;
      const Life one(count, last, most);
      for (const Numbers& dealt : one.dealt) REQUIRE(std::ranges::is_sorted(dealt));
      one.add_to(all);
      last = one.after;
    }
    std::ranges::sort(all);
    REQUIRE(all == up_to(count));
  }
}
