// SPDX-License-Identifier: Apache-2.0
// Jobs whose tasks run on several workers: the same answers as on one, however records travel.
#include "execution/task/network_environment.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "base/thread.h"
#include "test/support/local_job.h"
#include "test/support/numbered.h"
#include "test/support/process_counts.h"

using namespace weir;
using weir::testing::BySubtask;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;
using weir::testing::ProcessCounts;
using weir::testing::small_worker;
using weir::testing::SubtaskRecords;

namespace {

using Stream = DataStream<std::uint64_t>;
using Partition = std::function<Stream(const Stream&)>;

constexpr std::uint64_t kCount = 3000;

std::uint64_t same(std::uint64_t number) { return number; }

/// What reaches which subtask when `producers` send to `consumers` over the workers of `job`.
BySubtask<std::uint64_t> spread(LocalJob& job, std::uint32_t producers, std::uint32_t consumers,
                                const Partition& partition) {
  const auto records = std::make_shared<SubtaskRecords<std::uint64_t>>();
  const JobOutcome outcome = job.run([&](Environment& env) {
    env.disable_chaining();
    const auto numbers = env.generate(kCount, same).parallelism(producers);
    testing::gather(partition(numbers), records).parallelism(consumers);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  return testing::take_by_subtask(*records);
}

/// Numbers for ever.
class Endless final : public SourceFunction<std::uint64_t> {
public:
  void run(SourceContext<std::uint64_t>& context) override {
    for (std::uint64_t i = 0;; ++i) context.collect(i);
  }
};
/// One number, and then it waits for ever.
class Sleeper final : public SourceFunction<std::uint64_t> {
public:
  void run(SourceContext<std::uint64_t>& context) override {
    context.collect(7);
    context.await_until(TimePoint::max());
  }
};

template <class Source>
OperatorStream<std::uint64_t> add_source(Environment& env) {
  return env.add_source<std::uint64_t>("Numbers", [] { return std::make_unique<Source>(); });
}

void check_all_home(const LocalJob& job, std::uint32_t workers) {
  const auto all =
      static_cast<std::uint32_t>(small_worker().network_memory_bytes / small_worker().segment_bytes);
  for (std::uint32_t i = 0; i < workers; ++i) {
    CHECK(job.worker(i).task_count() == 0);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    // A link may still be about to drop the frame that a task was cancelled in.
    while (job.worker(i).free_network_segments() != all && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    CHECK(job.worker(i).free_network_segments() == all);
  }
}

}  // namespace

TEST_CASE("every partitioning gives every subtask the same over one, two and four workers") {
  const std::vector<std::pair<std::string, Partition>> table{
      {"forward", [](const Stream& s) { return s; }},
      {"rebalance", [](const Stream& s) { return s.rebalance(); }},
      {"rescale", [](const Stream& s) { return s.rescale(); }},
      {"broadcast", [](const Stream& s) { return s.broadcast(); }},
      {"global", [](const Stream& s) { return s.global(); }},
      {"key_by", [](const Stream& s) -> Stream { return s.key_by([](std::uint64_t i) { return i % 100; }); }},
      {"custom", [](const Stream& s) {
         return s.partition_custom([](std::uint64_t key, std::uint32_t n) { return key % n; }, same);
       }}};
  LocalJob one(small_worker(), 1);
  LocalJob two(small_worker(), 2);
  LocalJob four(small_worker(), 4);
  for (const auto& [name, partition] : table) {
    for (const std::uint32_t parallelism : {1, 2, 3, 8}) {
      CAPTURE(name);
      CAPTURE(parallelism);
      const auto expected = spread(one, parallelism, parallelism, partition);
      CHECK(spread(two, parallelism, parallelism, partition) == expected);
      CHECK(spread(four, parallelism, parallelism, partition) == expected);
    }
  }
  check_all_home(two, 2);
  check_all_home(four, 4);
}

TEST_CASE("segments of records larger than a segment arrive whole") {
  const auto records = std::make_shared<Collected<std::string>>();
  LocalJob job(small_worker(), 2);
  const auto outcome = job.run(
      [&](Environment& env) {
        env.generate(40,
                     [](std::uint64_t i) { return std::string(i * 5000, static_cast<char>('a' + i % 26)); })
            .rebalance()
            .collect(records);
      },
      2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  auto got = records->take();
  CHECK(got.size() == 40);
  for (const auto& text : got) {
    const auto i = text.size() / 5000;
    CHECK(text == std::string(i * 5000, static_cast<char>('a' + i % 26)));
  }
}

TEST_CASE("a lone record reaches another worker though nothing pushes it") {
  Bell arrived;
  LocalJob job(small_worker(), 2);
  const Thread canceller("canceller", [&] {
    arrived.await();
    job.cancel();
  });
  const auto outcome = job.run(
      [&](Environment& env) {
        env.buffer_timeout(std::chrono::milliseconds(-1));  // only full segments, or a reader that is dry
        add_source<Sleeper>(env).broadcast().for_each([&](std::uint64_t) { arrived.ring(); });
      },
      2);
  CHECK(outcome.status == JobStatus::Canceled);
}

TEST_CASE("a task that fails on one worker ends the job on all, with its own cause") {
  LocalJob job(small_worker(), 3);
  const auto outcome = job.run(
      [](Environment& env) {
        add_source<Endless>(env).rebalance().for_each([](std::uint64_t i) {
          if (i == 100'000) throw std::runtime_error("it does not add up");
        });
      },
      3);
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("it does not add up") != std::string::npos);
  check_all_home(job, 3);
}

TEST_CASE("a job over several workers is cancelled in the middle of its exchange") {
  LocalJob job(small_worker(), 2);
  Bell running;
  const Thread canceller("canceller", [&] {
    running.await();
    job.cancel();
  });
  std::atomic<std::uint64_t> seen = 0;
  const auto outcome = job.run(
      [&](Environment& env) {
        add_source<Endless>(env).rebalance().for_each([&](std::uint64_t) {
          if (++seen == 50'000) running.ring();
        });
      },
      4);
  CHECK(outcome.status == JobStatus::Canceled);
  check_all_home(job, 2);
}

TEST_CASE("workers that exchange leave nothing behind") {
  const ProcessCounts before;
  {
    LocalJob job(small_worker(), 2);
    const auto outcome =
        job.run([](Environment& env) { env.generate(kCount, same).rebalance().discard(); }, 2);
    CHECK(outcome.status == JobStatus::Finished);
  }
  CHECK(ProcessCounts() == before);
}

TEST_CASE("a port that is taken is reported") {
  LocalJob first(small_worker(), 2);
  const auto address = *first.worker(0).data_address();
  CHECK(address.substr(0, 10) == "127.0.0.1:");
  auto options = small_worker();
  options.data_port = static_cast<std::uint16_t>(std::stoi(address.substr(10)));
  const auto taken = NetworkEnvironment({.memory_bytes = options.network_memory_bytes,
                                         .segment_bytes = options.segment_bytes,
                                         .buffers_per_channel = 2,
                                         .floating_buffers_per_gate = 8,
                                         .bind_address = options.data_bind_address,
                                         .port = options.data_port,
                                         .identity = LinkIdentity{}})
                         .data_address();
  CHECK_FALSE(taken);
  CHECK(taken.error().what.find(address) != std::string::npos);
}
