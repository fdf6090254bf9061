// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <api/testing/held_source.h>
#include <api/testing/mini_cluster.h>
#include <api/testing/operator_harness.h>

#include "sensors.h"

using namespace std::chrono_literals;
using namespace weir::testing;
using weir::JobStatus;

namespace {

using Alarms = std::set<Alarm>;

weir::OperatorHarness<Reading, Alarm> silence() {
  using Operator = weir::KeyedProcess<Reading, Alarm, std::string Reading::*, Silence>;
  return {[] { return std::make_unique<Operator>(&Reading::sensor, Silence{}); }, &Reading::sensor};
}

/// A thousand sensors speak each second. The even ones fall silent after ten seconds, the others after
/// twenty.
std::vector<Reading> readings() {
  std::vector<Reading> all;
  for (std::int64_t second = 0; second < 20; ++second)
    for (int sensor = 0; sensor < 1000; ++sensor)
      if (second < 10 || sensor % 2 == 1) all.push_back({"s" + std::to_string(sensor), second * 1000});
  return all;
}

Alarms expected() {
  Alarms all;
  for (int sensor = 0; sensor < 1000; ++sensor)
    all.insert({"s" + std::to_string(sensor), sensor % 2 == 1 ? 19'000 : 9'000});
  return all;
}

/// The whole program with another source and another sink. A restarted job may collect what it had collected.
class Run {
public:
  explicit Run(std::shared_ptr<Hold> hold) : hold_(std::move(hold)) {}

  [[nodiscard]] MiniCluster::Program program() const {
    return [hold = hold_, seen = seen_](weir::Environment& env) {
      env.enable_checkpointing(10ms);
      env.restart_strategy(weir::FixedDelay{.attempts = 3, .delay = 0ms});
      alarms(held(env, readings(), hold)).collect(seen);
    };
  }
  [[nodiscard]] Alarms seen() const {
    const std::vector<Alarm> all = seen_->take();
    return {all.begin(), all.end()};
  }

private:
  std::shared_ptr<Hold> hold_;
  std::shared_ptr<weir::Collected<Alarm>> seen_ = std::make_shared<weir::Collected<Alarm>>();
};

}  // namespace

TEST_CASE("a sensor that is silent for a minute is told of, once") {
  auto task = silence();
  task.record({"kitchen", 1000}, 1000);
  task.record({"attic", 30'000}, 30'000);

  SUBCASE("in one life") {}
  SUBCASE("across a crash") { task.crash_and_restore(); }
  SUBCASE("on two subtasks from here on") { task.restore(task.snapshot(), 2); }

  task.watermark(60'999);
  CHECK(task.take_values().empty());
  task.watermark(61'000);
  CHECK(task.take_values() == std::vector{Alarm{"kitchen", 1000}});
  task.finish();
  CHECK(task.take_values() == std::vector{Alarm{"attic", 30'000}});
}

TEST_CASE("a TaskManager dies in mid-stream, and each silence is told of") {
  const auto hold = std::make_shared<Hold>(12'000);
  const Run run(hold);
  MiniCluster cluster({.task_managers = 1, .slots = 2});
  MiniJob& job = cluster.submit(run.program(), {.parallelism = 2});
  job.await_running();
  job.await_checkpoint();
  cluster.start_task_manager();
  cluster.kill_task_manager(0);
  hold->release();
  CHECK(job.await().status == JobStatus::Finished);
  CHECK(job.restarts() >= 1);
  CHECK(run.seen() == expected());
}

TEST_CASE("a job goes on from its savepoint with more subtasks") {
  const auto hold = std::make_shared<Hold>(12'000);
  const Run run(hold);
  MiniCluster cluster;
  MiniJob& before = cluster.submit(run.program(), {.parallelism = 1});
  const std::string savepoint = before.stop_with_savepoint();
  CHECK(before.await().status == JobStatus::Finished);
  Alarms seen = run.seen();
  CHECK(seen != expected());

  hold->release();
  const JobEnd end = cluster.run(run.program(), {.parallelism = 3, .from_savepoint = savepoint});
  CHECK_MESSAGE(end.status == JobStatus::Finished, end.failure);
  seen.merge(run.seen());
  CHECK(seen == expected());
}
