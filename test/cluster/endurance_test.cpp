// SPDX-License-Identifier: Apache-2.0
// What must hold over many losses, many jobs and minutes of work. Prints what it measured.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr auto kErr = Process::Stream::Err;
constexpr std::uint32_t kParallelism = 2;
constexpr std::size_t kTasks = 2 * kParallelism;
constexpr Duration kHeartbeatTimeout = 1s;

TestCluster::Options with_spare_slots() {
  return {.task_managers = 3,
          .slots = 2,
          .settings = {"restart-strategy=fixed-delay", "restart-strategy.fixed-delay.attempts=1000000",
                       "restart-strategy.fixed-delay.delay=0 ms", "heartbeat.interval=200 ms",
                       "heartbeat.timeout=1 s"}};
}

Submission endless() {
  return {.program = "numbers", .arguments = {"--count", "1000000000000000"}, .parallelism = kParallelism};
}

TimePoint now() { return std::chrono::steady_clock::now(); }

/// From a loss until every task runs again.
Duration await_recovery(Process& run, TimePoint lost) {
  REQUIRE_MESSAGE(run.await_line("switched to status RUNNING", 20s, kErr), run.text(kErr));
  return TestCluster::await_running(run, kTasks) - lost;
}

std::size_t a_busy_one(TestCluster& cluster, const std::string& job) {
  const auto details = cluster.status(job);
  return cluster.task_manager_at(details["vertices"][0]["subtasks"][0]["data-address"]);
}

long ms(Duration length) { return static_cast<long>(duration_cast<milliseconds>(length).count()); }

/// Prints the spread, and answers the 99th percentile.
Duration print(const char* what, std::vector<Duration> all) {
  std::sort(all.begin(), all.end());
  const Duration p99 = all[(all.size() * 99 + 99) / 100 - 1];
  std::printf("%s, ms: p50 %ld, p99 %ld, most %ld, of %zu\n", what, ms(all[all.size() / 2]), ms(p99),
              ms(all.back()), all.size());
  return p99;
}

TEST_CASE("after a TaskManager is killed a job runs again within half a second, fifty times") {
  TestCluster cluster(with_spare_slots());
  const auto run = cluster.start(endless());
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, kTasks);
  std::vector<Duration> recoveries;
  for (int i = 0; i < 50; ++i) {
    const std::size_t victim = a_busy_one(cluster, job);
    const auto lost = now();
    cluster.kill(victim);
    recoveries.push_back(await_recovery(*run, lost));
    cluster.start_task_manager();
  }
  CHECK(print("killed TaskManager to all tasks RUNNING", recoveries) <= 500ms);
  CHECK(cluster.status(job)["restarts"] == 50);
}

TEST_CASE("a frozen TaskManager costs its heartbeat time-out and half a second, and joins anew") {
  TestCluster cluster(with_spare_slots());
  const auto run = cluster.start(endless());
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, kTasks);
  std::vector<Duration> recoveries;
  for (int i = 0; i < 10; ++i) {
    const std::size_t victim = a_busy_one(cluster, job);
    const auto lost = now();
    cluster.freeze(victim);
    recoveries.push_back(await_recovery(*run, lost));
    cluster.thaw(victim);
    REQUIRE(eventually([&] { return cluster.status()["instances"].size() == 3; }));
  }
  CHECK(print("frozen TaskManager to all tasks RUNNING", recoveries) <= kHeartbeatTimeout + 500ms);
}

TEST_CASE("a slow sink throttles its source, and memory stays as it is") {
  TestCluster cluster({.task_managers = 2, .slots = 1});
  const auto run = cluster.start({.program = "slow_sink", .arguments = {"--pause", "1"}, .parallelism = 2});
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, kTasks);
  const auto resident = [&] {
    return std::max(cluster.task_manager(0).use().resident_bytes,
                    cluster.task_manager(1).use().resident_bytes);
  };
  // By then every buffer on the way is full.
  (void)run->await_line("never", 5s);
  const std::size_t before = resident();
  CHECK_FALSE(run->await_line("never", 60s));
  const std::size_t after = resident();
  std::printf("60 s of back-pressure: %zu KiB resident, before %zu KiB\n", after >> 10, before >> 10);
  CHECK(after <= before + (4 << 20));
  CHECK(cluster.status(job)["state"] == "RUNNING");
}

/// Submits, waits until it runs, cancels, waits until it is over.
void one_life(TestCluster& cluster) {
  auto job = endless();
  job.parallelism = 1;
  const auto run = cluster.start(job);
  const std::string id = TestCluster::id_of(*run);
  TestCluster::await_running(*run, 2);
  run->signal(SIGINT);
  REQUIRE_MESSAGE(run->await_end() == ProcessEnd{.code = 1}, run->text(kErr));
}

TEST_CASE("a thousand jobs leave nothing behind") {
  TestCluster cluster({.task_managers = 1, .slots = 1});
  for (int i = 0; i < 100; ++i) one_life(cluster);
  const ProcessUse jm = cluster.job_manager().use();
  const ProcessUse tm = cluster.task_manager(0).use();
  for (int i = 0; i < 1000; ++i) one_life(cluster);
  const ProcessUse jm_after = cluster.job_manager().use();
  const ProcessUse tm_after = cluster.task_manager(0).use();
  std::printf("1,000 jobs: JobManager %zu -> %zu KiB, TaskManager %zu -> %zu KiB\n", jm.resident_bytes >> 10,
              jm_after.resident_bytes >> 10, tm.resident_bytes >> 10, tm_after.resident_bytes >> 10);
  CHECK(jm_after.resident_bytes <= jm.resident_bytes + (4 << 20));
  CHECK(tm_after.resident_bytes <= tm.resident_bytes + (4 << 20));
  CHECK(jm_after.descriptors <= jm.descriptors + 2);
  CHECK(tm_after.descriptors <= tm.descriptors + 2);
  CHECK(jm_after.threads <= jm.threads);
  CHECK(tm_after.threads <= tm.threads);
}

}  // namespace
}  // namespace weir::testing
