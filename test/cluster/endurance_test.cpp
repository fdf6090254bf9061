// SPDX-License-Identifier: Apache-2.0
// What must hold over many losses, many jobs and minutes of work. Prints what it measured.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
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

struct Spread {
  Duration p50;
  Duration p99;
};

Spread print(const char* what, std::vector<Duration> all) {
  std::sort(all.begin(), all.end());
  const Spread spread{.p50 = all[all.size() / 2], .p99 = all[(all.size() * 99 + 99) / 100 - 1]};
  std::printf("%s, ms: least %ld, p50 %ld, p99 %ld, most %ld, of %zu\n", what, ms(all.front()),
              ms(spread.p50), ms(spread.p99), ms(all.back()), all.size());
  return spread;
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
  CHECK(print("killed TaskManager to all tasks RUNNING", recoveries).p99 <= 500ms);
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
  CHECK(print("frozen TaskManager to all tasks RUNNING", recoveries).p99 <= kHeartbeatTimeout + 500ms);
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

/// A job with work for every core and for the connection between its TaskManagers. How long it ran.
Duration busy_job(TestCluster& cluster) {
  const Finished done = cluster.run(
      {.program = "numbers", .arguments = {"--count", "200000000"}, .parallelism = 2, .options = {"-q"}});
  REQUIRE_MESSAGE(done.end == ProcessEnd{.code = 0}, done.err);
  const std::string before = "Job Runtime: ";
  const auto at = done.out.find(before);
  REQUIRE_MESSAGE(at != std::string::npos, done.out);
  return milliseconds(std::stol(done.out.substr(at + before.size())));
}

/// A job whose sinks wait, so that its sources wait as well.
class BlockedJob {
public:
  explicit BlockedJob(TestCluster& cluster)
      : cluster_(cluster),
        run_(cluster.start({.program = "slow_sink", .arguments = {"--pause", "20"}, .parallelism = 2})),
        id_(TestCluster::id_of(*run_)) {
    TestCluster::await_running(*run_, kTasks);
    std::uint64_t before = 0;
    REQUIRE(eventually([&] {
      // Two heartbeats: what is counted here is what the JobManager has heard of.
      (void)run_->await_line("never", 2s, kErr);
      const std::uint64_t now = written();
      const std::uint64_t then = std::exchange(before, now);
      return then > 0 && now < then + kFew;
    }));
  }
  void end() {
    run_->signal(SIGINT);
    REQUIRE_MESSAGE(run_->await_end() == ProcessEnd{.code = 1}, run_->text(kErr));
  }
  [[nodiscard]] std::uint64_t written() const {
    return cluster_.status(id_)["vertices"][0]["write-records"].get<std::uint64_t>();
  }

  static constexpr std::uint64_t kFew = 2'000;  // records: an unhindered source writes as many in 10 ms

private:
  TestCluster& cluster_;
  std::unique_ptr<Process> run_;
  std::string id_;
};

TEST_CASE("a job that is blocked by its sinks does not slow a job beside it") {
  constexpr int kRounds = 9;
  TestCluster cluster({.task_managers = 2, .slots = 2});
  (void)busy_job(cluster);
  std::vector<Duration> alone;
  std::vector<Duration> beside;
  for (int i = 0; i < kRounds; ++i) {
    alone.push_back(busy_job(cluster));
    BlockedJob blocked(cluster);
    const std::uint64_t before = blocked.written();
    beside.push_back(busy_job(cluster));
    CHECK(blocked.written() <= before + BlockedJob::kFew);
    blocked.end();
  }
  const Duration undisturbed = print("a busy job alone", alone).p50;
  const Duration disturbed = print("a busy job beside one that is blocked", beside).p50;
  CHECK(10 * disturbed <= 11 * undisturbed);
}

/// Submits, waits until it runs, cancels, waits until it is over.
void one_life(TestCluster& cluster) {
  auto job = endless();
  job.parallelism = 1;
  const auto run = cluster.start(job);
  const std::string id = TestCluster::id_of(*run);
  TestCluster::await_running(*run, 2);
  CHECK(cluster.kept_files() > 0);
  run->signal(SIGINT);
  REQUIRE_MESSAGE(run->await_end() == ProcessEnd{.code = 1}, run->text(kErr));
}

/// What jobs may leave behind, and where.
struct ClusterUse {
  explicit ClusterUse(TestCluster& cluster)
      : job_manager(cluster.job_manager().use()), task_manager(cluster.task_manager(0).use()) {}

  ProcessUse job_manager;
  ProcessUse task_manager;
};

void check_growth(const char* who, const ProcessUse& before, const ProcessUse& after,
                  std::size_t most_bytes) {
  std::printf("%s: %zu -> %zu KiB, %zu -> %zu descriptors, %zu -> %zu threads\n", who,
              before.resident_bytes >> 10, after.resident_bytes >> 10, before.descriptors, after.descriptors,
              before.threads, after.threads);
  CHECK(after.resident_bytes <= before.resident_bytes + most_bytes);
  CHECK(after.descriptors <= before.descriptors + 2);
  CHECK(after.threads <= before.threads);
}

/// `lives` jobs one after the other, when `first` others have had what they need loaded.
void check_that_nothing_stays(int first, int lives, std::size_t most_bytes) {
  TestCluster cluster({.task_managers = 1, .slots = 1});
  for (int i = 0; i < first; ++i) one_life(cluster);
  const ClusterUse before(cluster);
  for (int i = 0; i < lives; ++i) one_life(cluster);
  const ClusterUse after(cluster);
  check_growth("JobManager", before.job_manager, after.job_manager, most_bytes);
  check_growth("TaskManager", before.task_manager, after.task_manager, most_bytes);
  CHECK(eventually([&] { return cluster.kept_files() == 0; }));
}

TEST_CASE("twenty jobs leave nothing behind") { check_that_nothing_stays(10, 20, 1 << 20); }

TEST_CASE("a thousand jobs leave nothing behind") { check_that_nothing_stays(100, 1000, 1 << 20); }

}  // namespace
}  // namespace weir::testing
