// SPDX-License-Identifier: Apache-2.0
// Jobs whose tasks do not all run at the same time: the same answers as if they did.
#include <doctest/doctest.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/support/local_job.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

struct Count {
  std::string word;
  std::int64_t count = 0;
  auto operator<=>(const Count&) const = default;
};
constexpr std::uint64_t kLines = 100'000;
constexpr std::uint64_t kMemoryBytes = 2 << 20;

/// Three words of 20 bytes and more; all lines together are several times the network memory.
std::string line_of(std::uint64_t i) {
  const auto word = [](std::uint64_t number) {
    return "a-word-with-the-number-" + std::to_string(number % 997);
  };
  return word(i) + " " + word(i * i) + " " + word(i / 10);
}

Worker::Options little_memory(const std::string& directory) {
  Worker::Options options = testing::small_worker();
  options.network_memory_bytes = kMemoryBytes;
  options.temporary_directory = directory;
  return options;
}

struct WordCount {
  ExchangeMode exchange = ExchangeMode::Pipelined;
  ScheduleMode mode = ScheduleMode::Eager;

  std::vector<Count> run(LocalJob& job, std::uint32_t parallelism) const {
    const auto counts = std::make_shared<Collected<Count>>();
    const JobOutcome outcome = job.run(
        [&](Environment& env) {
          auto words = env.schedule_mode(mode).generate(kLines, line_of).flat_map(
              [](const std::string& line, Out<Count>& out) {
                for (std::size_t at = 0; at < line.size();) {
                  const std::size_t end = std::min(line.find(' ', at), line.size());
                  out(Count{line.substr(at, end - at), 1});
                  at = end + 1;
                }
              });
          const auto handed =
              exchange == ExchangeMode::Blocking ? words.blocking() : DataStream<Count>(words);
          handed.key_by(&Count::word).sum(&Count::count, Emit::Final).collect(counts);
        },
        parallelism);
    REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    auto sorted = counts->take();
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
};

void check_all_home(const LocalJob& job, std::uint32_t workers) {
  for (std::uint32_t i = 0; i < workers; ++i)
    CHECK(job.worker(i).free_network_segments() == kMemoryBytes / testing::small_worker().segment_bytes);
}

}  // namespace

TEST_CASE("a blocking exchange of more than all network memory gives the pipelined answer") {
  const testing::TemporaryDirectory directory;
  LocalJob reference(little_memory(directory.path("")));
  const auto expected = WordCount{}.run(reference, 1);
  CHECK(expected.size() == 997);
  for (const std::uint32_t workers : {1u, 2u}) {
    LocalJob job(little_memory(directory.path("")), workers);
    for (std::uint32_t parallelism = 1; parallelism <= 4; ++parallelism) {
      CAPTURE(workers);
      CAPTURE(parallelism);
      CHECK(WordCount{.exchange = ExchangeMode::Blocking}.run(job, parallelism) == expected);
      CHECK(WordCount{.mode = ScheduleMode::LazyFromSources}.run(job, parallelism) == expected);
      CHECK(WordCount{.exchange = ExchangeMode::Blocking, .mode = ScheduleMode::LazyFromSources}.run(
                job, parallelism) == expected);
      check_all_home(job, workers);
    }
  }
  CHECK(std::filesystem::is_empty(directory.path("")));
}

TEST_CASE("a task that came before its producers reads all of them in the end") {
  // Whoever is first, the far records take three tasks, so that the last one begins without knowing its
  // place.
  for (const std::uint32_t workers : {1u, 2u}) {
    LocalJob job(testing::small_worker(), workers);
    for (std::uint32_t parallelism = 1; parallelism <= 4; ++parallelism) {
      CAPTURE(workers);
      CAPTURE(parallelism);
      const auto numbers = std::make_shared<Collected<std::uint64_t>>();
      const JobOutcome outcome = job.run(
          [&](Environment& env) {
            env.schedule_mode(ScheduleMode::LazyFromSources).disable_chaining();
            const auto same = [](std::uint64_t i) { return i; };
            auto near = env.generate(1000, same);
            auto far = env.generate(1000, [](std::uint64_t i) { return 1000 + i; });
            auto once = far.rebalance().map(same);
            auto twice = once.rebalance().map(same);
            near.union_with(twice).rebalance().collect(numbers);
          },
          parallelism);
      REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
      auto sorted = numbers->take();
      std::sort(sorted.begin(), sorted.end());
      REQUIRE(sorted.size() == 2000);
      CHECK((sorted.front() == 0 && sorted.back() == 1999));
      CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
    }
  }
}

TEST_CASE("a job that fails behind a blocking exchange leaves nothing of it") {
  const testing::TemporaryDirectory directory;
  LocalJob job(little_memory(directory.path("")), 2);
  const JobOutcome outcome = job.run(
      [&](Environment& env) {
        env.generate(kLines, line_of).blocking().rebalance().for_each([](const std::string&) {
          throw std::runtime_error("no");
        });
      },
      2);
  CHECK(outcome.status == JobStatus::Failed);
  check_all_home(job, 2);
}
