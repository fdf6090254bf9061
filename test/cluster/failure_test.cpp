// SPDX-License-Identifier: Apache-2.0
// What a lost process costs.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

constexpr auto kErr = Process::Stream::Err;
constexpr std::uint32_t kParallelism = 2;
constexpr std::size_t kTasks = 2 * kParallelism;  // sources, and sums with their sinks

TestCluster::Options with_spare_slots() {
  return {.task_managers = 3,
          .slots = 2,
          .settings = {"restart-strategy=fixed-delay", "restart-strategy.fixed-delay.attempts=1000000",
                       "restart-strategy.fixed-delay.delay=0 ms", "heartbeat.interval=100 ms",
                       "heartbeat.timeout=1 s"}};
}

/// Runs until it is cancelled.
Submission endless() {
  return {.program = "numbers", .arguments = {"--count", "1000000000000000"}, .parallelism = kParallelism};
}

/// A TaskManager that runs tasks of the job.
std::size_t a_busy_one(TestCluster& cluster, const std::string& job) {
  const auto details = cluster.status(job);
  return cluster.task_manager_at(details["vertices"][0]["subtasks"][0]["data-address"]);
}

TimePoint now() { return std::chrono::steady_clock::now(); }

/// From the loss of a TaskManager until every task runs again.
Duration await_recovery(Process& run, TimePoint lost) {
  REQUIRE_MESSAGE(run.await_line("switched to status RUNNING", 20s, kErr), run.text(kErr));
  return TestCluster::await_running(run, kTasks) - lost;
}

TEST_CASE("a job survives its TaskManagers being killed, one after the other") {
  TestCluster cluster(with_spare_slots());
  const auto run = cluster.start(endless());
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, kTasks);
  for (int i = 0; i < 3; ++i) {
    const auto lost = now();
    cluster.kill(a_busy_one(cluster, job));
    CHECK(await_recovery(*run, lost) < 10s);
    cluster.start_task_manager();
  }
  CHECK(cluster.status(job)["restarts"] == 3);
  CHECK(cluster.weir("cancel", {job.substr(0, 8)}).end == ProcessEnd{.code = 0});
  CHECK(run->await_end() == ProcessEnd{.code = 1});
  CHECK(run->text(kErr).find("was cancelled") != std::string::npos);
}

TEST_CASE("a frozen TaskManager is given up; thawed, it joins anew by itself") {
  TestCluster cluster(with_spare_slots());
  const auto run = cluster.start(endless());
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, kTasks);
  const std::size_t frozen = a_busy_one(cluster, job);
  const auto lost = now();
  cluster.freeze(frozen);
  CHECK(await_recovery(*run, lost) < 10s);
  CHECK(cluster.status()["instances"].size() == 2);

  cluster.thaw(frozen);
  REQUIRE(cluster.task_manager(frozen).await_line("Registered at the JobManager", 20s, kErr));
  CHECK(cluster.status()["instances"].size() == 3);
  CHECK(cluster.status(job)["restarts"] == 1);
  CHECK(cluster.status(job)["state"] == "RUNNING");
}

TEST_CASE("what a TaskManager says that was given up is refused and counted") {
  auto options = with_spare_slots();
  options.task_managers = 0;
  TestCluster cluster(options);
  // These do not notice that they were away, and so speak as if they still belonged to the cluster.
  for (int i = 0; i < 2; ++i) cluster.start_task_manager({"heartbeat.timeout=1 h"});
  const auto run = cluster.start(endless());
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, kTasks);
  CHECK(cluster.status()["messages-refused"] == 0);
  const std::size_t zombie = a_busy_one(cluster, job);
  cluster.start_task_manager();
  const auto lost = now();
  cluster.freeze(zombie);
  CHECK(await_recovery(*run, lost) < 10s);
  cluster.thaw(zombie);
  CHECK(eventually([&] { return cluster.status()["messages-refused"] > 0; }));
  CHECK(eventually([&] { return cluster.status()["instances"].size() == 3; }));
  CHECK(cluster.status(job)["restarts"] == 1);
}

TEST_CASE("without spare slots a job that may restart waits until there are some") {
  auto options = with_spare_slots();
  options.task_managers = 1;
  TestCluster cluster(options);
  const auto run = cluster.start(endless());
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, kTasks);
  cluster.kill(0);
  REQUIRE(run->await_line("switched to status RESTARTING", 20s, kErr));
  cluster.start_task_manager();
  TestCluster::await_running(*run, kTasks);
  CHECK(cluster.status(job)["state"] == "RUNNING");
}

TEST_CASE("user code that crashes costs its TaskManager and a restart, and nothing else") {
  TestCluster cluster(with_spare_slots());
  const std::string once = cluster.files().file("once", "");
  const auto run = cluster.start({.program = "hostile",
                                  .arguments = {"--do", "segfault", "--once", once},
                                  .parallelism = kParallelism});
  const std::string job = TestCluster::id_of(*run);
  REQUIRE_MESSAGE(run->await_line("switched to status RESTARTING", 20s, kErr), run->text(kErr));
  TestCluster::await_running(*run, kTasks);
  CHECK(cluster.status()["instances"].size() == 2);
  CHECK(cluster.status(job)["restarts"] == 1);
  int crashed = 0;
  for (std::size_t i = 0; i < cluster.task_manager_count(); ++i) {
    const auto end = cluster.task_manager(i).await_end(0ms);
    if (!end) continue;
    ++crashed;
    CHECK(end->signal == SIGSEGV);
    CHECK(cluster.task_manager(i).text(kErr).find("this process crashed") != std::string::npos);
    CHECK(cluster.task_manager(i).text(kErr).find("Hostile") != std::string::npos);
  }
  CHECK(crashed == 1);
}

TEST_CASE("a task that ignores its cancellation ends its TaskManager with 11, and the job is cancelled") {
  auto options = with_spare_slots();
  options.settings.push_back("task.cancellation.timeout=500 ms");
  options.task_managers = 1;
  TestCluster cluster(options);
  const auto run = cluster.start({.program = "hostile", .arguments = {"--do", "ignore"}});
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, 2);
  CHECK(cluster.weir("cancel", {job}).end == ProcessEnd{.code = 0});
  CHECK(cluster.task_manager(0).await_end() == ProcessEnd{.code = 11});
  CHECK(run->await_end() == ProcessEnd{.code = 1});
  CHECK(cluster.status(job)["state"] == "CANCELED");
}

}  // namespace
}  // namespace weir::testing
