// SPDX-License-Identifier: Apache-2.0
// How long a cluster is without a leader when its leader is killed. Prints what docs/benchmarks.md shows:
//
//   build/release/bin/test_cluster_failover -s
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <vector>

#include "test/support/ha_cluster.h"

namespace weir::testing {
namespace {

constexpr Duration kSession = 2s;

/// From the death of a leader until the next can be found, for each of some deaths, sorted.
std::vector<Duration> gaps(HaCluster& cluster, int kills) {
  std::vector<Duration> all;
  LeaderAddress leader = cluster.leaders().leader();
  for (int i = 0; i < kills; ++i) {
    const std::size_t victim = cluster.job_manager_at(leader.address);
    const TimePoint killed = std::chrono::steady_clock::now();
    cluster.signal_job_manager(victim, SIGKILL);
    leader = cluster.leaders().leader();
    all.push_back(std::chrono::steady_clock::now() - killed);
    if (cluster.has_guardians()) cluster.await_restart(victim);
    else cluster.start_job_manager();
  }
  std::sort(all.begin(), all.end());
  return all;
}

long milliseconds(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

void report(const std::string& how, const std::vector<Duration>& sorted) {
  MESSAGE(how << ": " << sorted.size() << " kills, p50 " << milliseconds(sorted[sorted.size() / 2])
              << " ms, p99 " << milliseconds(sorted[sorted.size() * 99 / 100]) << " ms, longest "
              << milliseconds(sorted.back()) << " ms");
}

TEST_CASE("with a guardian the next leader is there long before the session's time-out") {
  // Four, because a guardian makes pauses between the crashes of one.
  HaCluster cluster({.job_managers = 4, .task_managers = 0, .session_timeout = kSession});
  const auto sorted = gaps(cluster, 20);
  report("with a guardian", sorted);
  CHECK(sorted.back() < kSession / 2);
}

TEST_CASE("without one it is there half a second after the time-out at the latest") {
  HaCluster cluster(
      {.job_managers = 3, .task_managers = 0, .session_timeout = kSession, .has_guardians = false});
  const auto sorted = gaps(cluster, 10);
  report("without a guardian", sorted);
  CHECK(sorted.back() < kSession + 500ms);
}

}  // namespace
}  // namespace weir::testing
