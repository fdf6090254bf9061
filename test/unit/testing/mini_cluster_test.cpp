// SPDX-License-Identifier: Apache-2.0
// The cluster that users test with.
#include "api/testing/mini_cluster.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/testing/held_source.h"

using namespace weir;
using namespace weir::testing;
using Numbers = std::vector<std::int64_t>;

namespace {

Numbers up_to(std::int64_t count) {
  Numbers numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

struct Sum {
  std::int64_t key = 0;
  std::int64_t total = 0;
};

/// The sum of the even numbers below 2000 and that of the odd ones, said at the end.
class Sums {
public:
  [[nodiscard]] testing::MiniCluster::Program program() const {
    return [hold = hold_, seen = seen_](Environment& env) {
      env.enable_checkpointing(10ms);
      env.restart_strategy(FixedDelay{.attempts = 3, .delay = 0ms});
      held(env, up_to(2000), hold)
          .map([](std::int64_t i) { return Sum{i % 2, i}; })
          .key_by(&Sum::key)
          .sum(&Sum::total, Emit::Final)
          .uid("sums")
          .map([](const Sum& sum) { return sum.total; })
          .collect(seen);
    };
  }
  void release() { hold_->release(); }
  [[nodiscard]] Numbers seen() const {
    Numbers all = seen_->take();
    std::ranges::sort(all);
    return all;
  }

private:
  std::shared_ptr<Hold> hold_ = std::make_shared<Hold>(1000);
  std::shared_ptr<Collected<std::int64_t>> seen_ = std::make_shared<Collected<std::int64_t>>();
};

const Numbers kExpected = {999'000, 1'000'000};

}  // namespace

TEST_CASE("a program runs to its end, with its arguments" * doctest::timeout(60)) {
  testing::MiniCluster cluster;
  const auto seen = std::make_shared<Collected<std::int64_t>>();
  const JobEnd end = cluster.run(
      [&](Environment& env) { env.from_collection(up_to(env.params().get_int("count", 0))).collect(seen); },
      {.arguments = {"--count", "3"}});
  CHECK(end.status == JobStatus::Finished);
  CHECK(seen->take() == up_to(3));
}

TEST_CASE("a job whose TaskManager is killed goes on from its checkpoint elsewhere" * doctest::timeout(60)) {
  Sums sums;
  testing::MiniCluster::Options options;
  SUBCASE("all of it") { options = {.task_managers = 1, .slots = 2}; }
  SUBCASE("one half of it") { options = {.task_managers = 2, .slots = 1}; }
  testing::MiniCluster cluster(options);
  MiniJob& job = cluster.submit(sums.program(), {.parallelism = 2});
  job.await_running();
  job.await_checkpoint();
  CHECK(cluster.start_task_manager() == options.task_managers);
  cluster.kill_task_manager(0);
  sums.release();
  const JobEnd end = job.await();
  CHECK_MESSAGE(end.status == JobStatus::Finished, end.failure);
  CHECK(job.restarts() >= 1);
  CHECK(sums.seen() == kExpected);
}

TEST_CASE("a job tells on which TaskManager each task is" * doctest::timeout(60)) {
  Sums sums;
  testing::MiniCluster cluster({.task_managers = 2, .slots = 1});
  MiniJob& job = cluster.submit(sums.program(), {.parallelism = 2});
  job.await_running();
  CHECK(job.task_managers() == std::vector<std::uint32_t>{0, 1});
  const std::uint32_t first = job.task_manager_of("Sum");
  CHECK(job.task_manager_of("Sum", 1) == 1 - first);
  CHECK_THROWS_WITH_AS((void)job.task_manager_of("Sum", 2),
                       doctest::Contains("no TaskManager has subtask 2 of Sum"), std::runtime_error);
  CHECK_THROWS_AS((void)job.task_manager_of("Join"), std::runtime_error);

  const std::uint32_t spare = cluster.start_task_manager();
  cluster.kill_task_manager(first);
  CHECK(cluster.task_managers() == std::vector{1 - first, spare});
  CHECK_THROWS_WITH_AS(cluster.kill_task_manager(first), doctest::Contains("there is no TaskManager"),
                       std::runtime_error);
  job.await_checkpoint();  // none is complete before it runs elsewhere
  CHECK(job.task_managers() == std::vector{1 - first, spare});
  sums.release();
  CHECK(job.await().status == JobStatus::Finished);
}

TEST_CASE("a job goes on from a savepoint of another that was cancelled" * doctest::timeout(60)) {
  Sums sums;
  testing::MiniCluster cluster;
  MiniJob& before = cluster.submit(sums.program(), {.parallelism = 2});
  const std::string savepoint = before.savepoint();
  before.cancel();
  CHECK(before.await().status == JobStatus::Canceled);
  CHECK(sums.seen().empty());
  sums.release();
  CHECK(cluster.run(sums.program(), {.parallelism = 3, .from_savepoint = savepoint}).status ==
        JobStatus::Finished);
  CHECK(sums.seen() == kExpected);
}

TEST_CASE("what fails is a result, what cannot be done is thrown" * doctest::timeout(60)) {
  testing::MiniCluster cluster;
  const JobEnd end = cluster.run([](Environment& env) {
    env.from_collection(up_to(3)).for_each([](std::int64_t) { throw std::runtime_error("no more"); });
  });
  CHECK(end.status == JobStatus::Failed);
  CHECK(end.failure.find("no more") != std::string::npos);
  CHECK_THROWS_AS(cluster.run([](Environment& env) { (void)env.params().require("input"); }),
                  std::runtime_error);
}

TEST_CASE("patience ends, and a job that still runs when the cluster ends is cancelled" *
          doctest::timeout(60)) {
  Sums sums;
  testing::MiniCluster cluster({.patience = 50ms});
  MiniJob& job = cluster.submit(sums.program());
  CHECK_THROWS_WITH_AS((void)job.await(), doctest::Contains("it has not ended"), std::runtime_error);
}
