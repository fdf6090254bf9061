// SPDX-License-Identifier: Apache-2.0
// Every way to spread records over subtasks, through whole jobs.
#include "execution/operators/channel_selectors.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "test/support/local_job.h"
#include "test/support/numbered.h"

using namespace weir;
using weir::testing::BySubtask;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;
using weir::testing::SubtaskRecords;

namespace {

using Numbers = std::vector<std::uint64_t>;
using Stream = DataStream<std::uint64_t>;

constexpr std::uint64_t kCount = 1000;
constexpr std::uint32_t kParallelisms[] = {1, 2, 4};

std::uint64_t same(std::uint64_t number) { return number; }

/// Sends 0 to kCount - 1 from `producers` subtasks, of which the i-th makes those that are i modulo
/// `producers`, over the partitioning to `consumers`, and says who got what.
BySubtask<std::uint64_t> spread(std::uint32_t producers, std::uint32_t consumers,
                                const std::function<Stream(const Stream&)>& partition) {
  const auto records = std::make_shared<SubtaskRecords<std::uint64_t>>();
  const JobOutcome outcome = LocalJob().run([&](Environment& env) {
    const auto numbers = env.generate(kCount, same).parallelism(producers);
    testing::gather(partition(numbers), records).parallelism(consumers);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  return testing::take_by_subtask(*records);
}

/// All that arrived anywhere, sorted.
Numbers all_of(const BySubtask<std::uint64_t>& by_subtask) {
  Numbers all;
  for (const auto& [subtask, values] : by_subtask) all.insert(all.end(), values.begin(), values.end());
  std::ranges::sort(all);
  return all;
}

Numbers every_number(std::uint64_t count = kCount) {
  Numbers all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// The numbers of all producers, each dealt by `choose(producer, n)` for its n-th record.
BySubtask<std::uint64_t> dealt(std::uint32_t producers,
                               const std::function<std::uint32_t(std::uint32_t, std::uint64_t)>& choose) {
  BySubtask<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    expected[choose(static_cast<std::uint32_t>(i % producers), i / producers)].push_back(i);
  }
  return expected;
}

/// Calls check(producers, consumers) for all pairs of parallelisms.
void for_all_pairs(const std::function<void(std::uint32_t, std::uint32_t)>& check) {
  for (const auto producers : kParallelisms) {
    for (const auto consumers : kParallelisms) {
      CAPTURE(producers);
      CAPTURE(consumers);
      check(producers, consumers);
    }
  }
}

}  // namespace

TEST_CASE("forward keeps each record in its subtask, chained or not") {
  for (const auto parallelism : kParallelisms) {
    const auto expected = dealt(parallelism, [](std::uint32_t producer, std::uint64_t) { return producer; });
    CHECK(spread(parallelism, parallelism, [](const Stream& numbers) { return numbers.forward(); }) ==
          expected);
    CHECK(spread(parallelism, parallelism, [](const Stream& numbers) { return numbers; }) == expected);

    const auto records = std::make_shared<SubtaskRecords<std::uint64_t>>();
    const auto outcome = LocalJob().run(
        [&](Environment& env) {
          env.disable_chaining();
          testing::gather<std::uint64_t>(env.generate(kCount, same).forward(), records);
        },
        parallelism);
    CHECK(outcome.status == JobStatus::Finished);
    CHECK(outcome.counters.records_in == kCount);  // through buffers this time
    CHECK(testing::take_by_subtask(*records) == expected);
  }
}

TEST_CASE("rebalance deals to all in turn, and is what unequal parallelisms get without a word") {
  for_all_pairs([](std::uint32_t producers, std::uint32_t consumers) {
    const auto expected = dealt(
        producers, [=](std::uint32_t, std::uint64_t n) { return static_cast<std::uint32_t>(n % consumers); });
    CHECK(spread(producers, consumers, [](const Stream& numbers) { return numbers.rebalance(); }) ==
          expected);
    if (producers != consumers) {
      CHECK(spread(producers, consumers, [](const Stream& numbers) { return numbers; }) == expected);
    }
  });
}

TEST_CASE("rescale deals in turn to the producer's own share of the consumers") {
  for_all_pairs([](std::uint32_t producers, std::uint32_t consumers) {
    const auto expected = dealt(producers, [=](std::uint32_t producer, std::uint64_t n) {
      if (producers >= consumers) return producer / (producers / consumers);
      const std::uint32_t share = consumers / producers;
      return producer * share + static_cast<std::uint32_t>(n % share);
    });
    CHECK(spread(producers, consumers, [](const Stream& numbers) { return numbers.rescale(); }) == expected);
  });
}

TEST_CASE("rescale between parallelisms that do not divide each other loses nothing") {
  for (const auto& [producers, consumers] :
       {std::pair(2u, 3u), std::pair(3u, 2u), std::pair(3u, 5u), std::pair(5u, 3u)}) {
    const auto got = spread(producers, consumers, [](const Stream& numbers) { return numbers.rescale(); });
    CHECK(all_of(got) == every_number());
    CHECK(got.size() == consumers);
  }
}

TEST_CASE("shuffle sends each record to one subtask, about as many to each") {
  for_all_pairs([](std::uint32_t producers, std::uint32_t consumers) {
    const auto got = spread(producers, consumers, [](const Stream& numbers) { return numbers.shuffle(); });
    CHECK(all_of(got) == every_number());
    for (const auto& [subtask, values] : got) CHECK(values.size() > kCount / consumers / 2);
  });
}

TEST_CASE("broadcast sends each record to every subtask") {
  for_all_pairs([](std::uint32_t producers, std::uint32_t consumers) {
    const auto got = spread(producers, consumers, [](const Stream& numbers) { return numbers.broadcast(); });
    CHECK(got.size() == consumers);
    for (const auto& [subtask, values] : got) CHECK(values == every_number());
  });
}

TEST_CASE("global sends everything to the first subtask") {
  for_all_pairs([](std::uint32_t producers, std::uint32_t consumers) {
    CHECK(spread(producers, consumers, [](const Stream& numbers) { return numbers.global(); }) ==
          BySubtask<std::uint64_t>{{0, every_number()}});
  });
}

TEST_CASE("a key goes to the owner of its key group, whoever sends it") {
  for_all_pairs([](std::uint32_t producers, std::uint32_t consumers) {
    const auto key = [](std::uint64_t number) { return number % 100; };
    const auto got =
        spread(producers, consumers, [&](const Stream& numbers) -> Stream { return numbers.key_by(key); });
    BySubtask<std::uint64_t> expected;
    for (std::uint64_t i = 0; i < kCount; ++i) {
      const auto group = key_group_of(KeyHash<std::uint64_t>::hash(key(i)), 128);
      expected[owner_of(group, consumers, 128)].push_back(i);
    }
    CHECK(got == expected);
  });
}

TEST_CASE("the maximum parallelism of the consumer says how many key groups there are") {
  const auto records = std::make_shared<SubtaskRecords<std::uint64_t>>();
  const auto outcome = LocalJob().run([&](Environment& env) {
    testing::gather<std::uint64_t>(env.generate(kCount, same).key_by(std::identity{}), records)
        .parallelism(4)
        .max_parallelism(13);
  });
  CHECK(outcome.status == JobStatus::Finished);
  BySubtask<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    expected[owner_of(key_group_of(KeyHash<std::uint64_t>::hash(i), 13), 4, 13)].push_back(i);
  }
  CHECK(testing::take_by_subtask(*records) == expected);
}

TEST_CASE("a custom partitioner decides by key and number of channels") {
  for_all_pairs([](std::uint32_t producers, std::uint32_t consumers) {
    const auto got = spread(producers, consumers, [](const Stream& numbers) {
      return numbers.partition_custom(
          [](std::uint64_t key, std::uint32_t channels) { return key % channels; },
          [](std::uint64_t number) { return number / 10; });
    });
    BySubtask<std::uint64_t> expected;
    for (std::uint64_t i = 0; i < kCount; ++i)
      expected[static_cast<std::uint32_t>(i / 10 % consumers)].push_back(i);
    CHECK(got == expected);
  });
}

TEST_CASE("a custom partitioner out of range fails the job, in the name of the operator that sends") {
  const auto outcome = LocalJob().run([](Environment& env) {
    env.job_name("deal");
    env.generate(kCount, same)
        .map([](std::uint64_t number) { return number; })
        .name("send")
        .partition_custom([](std::uint64_t key, std::uint32_t channels) { return key < 7 ? 0 : channels; },
                          same)
        .discard()
        .parallelism(2);
  });
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find(
            "operator \"send\" (1/1) of job \"deal\": the custom partitioner chose channel 2 of 2") !=
        std::string::npos);
}

TEST_CASE("a union is all of its streams, and a stream joined to itself comes twice") {
  for (const auto parallelism : kParallelisms) {
    const auto records = std::make_shared<SubtaskRecords<std::uint64_t>>();
    const auto outcome = LocalJob().run(
        [&](Environment& env) {
          auto first = env.generate(100, same).parallelism(1);
          auto second = env.generate(100, [](std::uint64_t i) { return 100 + i; });
          auto third = env.generate(100, [](std::uint64_t i) { return 200 + i; }).parallelism(3);
          const auto all = first.union_with(second, third);
          testing::gather(all.union_with(all), records);
        },
        parallelism);
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    Numbers expected = every_number(300);
    const Numbers again = expected;
    expected.insert(expected.end(), again.begin(), again.end());
    std::ranges::sort(expected);
    CHECK(all_of(testing::take_by_subtask(*records)) == expected);
  }
}

TEST_CASE("several consumers of a stream each get all of it, near and far") {
  for (const auto parallelism : kParallelisms) {
    const auto chained = std::make_shared<Collected<std::uint64_t>>();
    const auto keyed = std::make_shared<Collected<std::uint64_t>>();
    const auto far = std::make_shared<Collected<std::uint64_t>>();
    const auto outcome = LocalJob().run(
        [&](Environment& env) {
          auto numbers = env.generate(kCount, same);
          numbers.map([](std::uint64_t i) { return i; }).collect(chained);
          numbers.key_by(std::identity{}).collect(keyed);
          numbers.rebalance().map([](std::uint64_t i) { return i; }).parallelism(3).collect(far);
        },
        parallelism);
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    for (const auto& target : {chained, keyed, far}) {
      Numbers got = target->take();
      std::ranges::sort(got);
      CHECK(got == every_number());
    }
  }
}

TEST_CASE("a stream without an end of its own is computed all the same") {
  const auto seen = std::make_shared<Collected<std::uint64_t>>();
  const auto outcome = LocalJob().run(
      [&](Environment& env) {
        env.generate(kCount, same).rebalance().map([seen](std::uint64_t i) {
          seen->add(i);
          return i;
        });
      },
      2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(seen->take().size() == kCount);
}

TEST_CASE("records larger than any buffer travel by every partitioning") {
  const auto partitionings = {&DataStream<std::string>::rebalance, &DataStream<std::string>::rescale,
                              &DataStream<std::string>::shuffle, &DataStream<std::string>::broadcast,
                              &DataStream<std::string>::global};
  for (const auto partition : partitionings) {
    const auto target = std::make_shared<Collected<std::string>>();
    const auto outcome = LocalJob().run([&](Environment& env) {
      const auto texts = env.generate(20, [](std::uint64_t i) {
        return std::string(i % 2 == 0 ? 100'000 + i : i, static_cast<char>('a' + i));
      });
      (texts.*partition)().collect(target).parallelism(2);
    });
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    auto got = target->take();
    std::ranges::sort(got);
    got.erase(std::unique(got.begin(), got.end()), got.end());
    REQUIRE(got.size() == 20);
    for (std::size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i] == std::string(i % 2 == 0 ? 100'000 + i : i, static_cast<char>('a' + i)));
    }
  }
}

TEST_CASE("a parallelism above the maximum is refused before anything runs") {
  const auto outcome = LocalJob().run([](Environment& env) {
    env.generate(1, same).map(same).name("wide").max_parallelism(3).parallelism(4).discard();
  });
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("wide") != std::string::npos);
  CHECK(outcome.failure.find("3") != std::string::npos);
  CHECK(outcome.failure.find("4") != std::string::npos);
}
