// SPDX-License-Identifier: Apache-2.0
// A leader dies, and the tasks do not: the next one takes them over as they run.
//
// What it costs, as docs/ha.md shows:
//
//   build/release/bin/test_cluster_adoption --no-skip --test-case="what a leader's death costs*"
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/drill/ledger.h"
#include "test/support/ha_cluster.h"

namespace weir::testing {
namespace {

using drill::Ledger;
using drill::Verdict;

constexpr auto kErr = Process::Stream::Err;
constexpr std::uint32_t kParallelism = 2;
constexpr std::uint32_t kTasks = 2 * kParallelism;
constexpr std::uint64_t kSeed = 11;
constexpr std::uint64_t kKeys = 50;
constexpr std::uint32_t kPartitions = 5;

TimePoint now() { return std::chrono::steady_clock::now(); }

long milliseconds(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

HaCluster::Options options(std::vector<std::string> more = {}) {
  HaCluster::Options wanted;
  wanted.settings = {"restart-strategy=fixed-delay", "restart-strategy.fixed-delay.attempts=1000000",
                     "restart-strategy.fixed-delay.delay=0 ms", "heartbeat.interval=200 ms",
                     "heartbeat.timeout=2 s", "taskmanager.registration.initial-backoff=50 ms"};
  wanted.settings.insert(wanted.settings.end(), more.begin(), more.end());
  return wanted;
}

/// Returns when a checkpoint is complete that was not before this call.
void await_new_checkpoint(const HaCluster& cluster, Duration patience = 20s) {
  const auto before = cluster.completed_checkpoints();
  REQUIRE(eventually(
      [&] {
        const auto now = cluster.completed_checkpoints();
        return std::any_of(now.begin(), now.end(), [&](const std::string& each) {
          return std::find(before.begin(), before.end(), each) == before.end();
        });
      },
      patience));
}

/// The verifiable job, whose output tells whether each event counted once. It runs until it is told to end.
class WatchedJob {
public:
  explicit WatchedJob(HaCluster& cluster) : cluster_(cluster) {
    run_ = cluster.start({.program = "verifiable",
                          .arguments = {"--seed", std::to_string(kSeed), "--partitions",
                                        std::to_string(kPartitions), "--keys", std::to_string(kKeys),
                                        "--rate", "5000", "--until", path("until"), "--output", path("out")},
                          .parallelism = kParallelism});
    id_ = TestCluster::id_of(*run_);
    TestCluster::await_running(*run_, kTasks);
    await_new_checkpoint(cluster);
  }

  /// "vertex/subtask" -> the id of the attempt, of tasks that run.
  [[nodiscard]] std::map<std::string, std::string> attempts() {
    std::map<std::string, std::string> found;
    const auto job = cluster_.status(id_);
    for (const auto& vertex : job["vertices"])
      for (const auto& subtask : vertex["subtasks"])
        if (subtask["state"] == "RUNNING")
          found[vertex["id"].get<std::string>() + "/" + subtask["subtask"].dump()] = subtask["attempt-id"];
    return found;
  }
  /// Its tasks run, all of them; whether as the same attempts.
  [[nodiscard]] bool goes_on_as(const std::map<std::string, std::string>& before) {
    std::map<std::string, std::string> after;
    REQUIRE(eventually([&] { return (after = attempts()).size() == kTasks; }));
    return after == before;
  }
  [[nodiscard]] int restarts() { return cluster_.status(id_)["restarts"]; }
  [[nodiscard]] const std::string& id() const { return id_; }

  /// It is told to end, its client is told once that it has, and each event counted once.
  void check_end() {
    std::ofstream(path("until")) << "now";
    const auto end = run_->await_end(60s);
    for (const auto stream : {Process::Stream::Out, kErr}) {
      while (run_->await_line("", 10s, stream)) {}
    }
    const std::string said = run_->text(Process::Stream::Out) + run_->text(kErr);
    CHECK_MESSAGE(end == ProcessEnd{.code = 0}, said);
    const auto once = said.find("switched to status FINISHED");
    CHECK_MESSAGE(once != std::string::npos, said);
    CHECK(said.find("switched to status FINISHED", once + 1) == std::string::npos);
    Ledger ledger(kSeed, kKeys, kPartitions);
    ledger.add_folder(path("out"));
    const Verdict verdict = ledger.verdict();
    CHECK(verdict.events > 1000);
    CHECK_MESSAGE(verdict.is_clean(), verdict.text());
  }

private:
  [[nodiscard]] std::string path(const std::string& name) const { return cluster_.files().path(name); }

  HaCluster& cluster_;
  std::unique_ptr<Process> run_;
  std::string id_;
};

/// The next one leads when this returns.
LeaderAddress kill_leader(HaCluster& cluster, const LeaderAddress& leader) {
  cluster.signal_job_manager(cluster.job_manager_at(leader.address), SIGKILL);
  return cluster.leaders().leader();
}

TEST_CASE("leaders are killed one after the other: the same attempts run on, and nothing is lost") {
  auto wanted = options();
  SUBCASE("with guardians") { wanted.job_managers = 3; }
  SUBCASE("whose sessions must run out") { wanted.has_guardians = false, wanted.job_managers = 3; }
  HaCluster cluster(wanted);
  LeaderAddress leader = cluster.leaders().leader();
  WatchedJob job(cluster);
  const auto before = job.attempts();
  for (int kills = 0; kills < 2; ++kills) {
    leader = kill_leader(cluster, leader);
    CHECK(job.goes_on_as(before));
    CHECK(job.restarts() == 0);
    await_new_checkpoint(cluster);
  }
  const Finished saved = cluster.weir("savepoint", {job.id(), cluster.files().path("savepoints")});
  CHECK_MESSAGE(saved.end == ProcessEnd{.code = 0}, saved.err);
  job.check_end();
}

TEST_CASE("a leader and a TaskManager die at once: the job starts anew from its checkpoint") {
  auto wanted = options();
  wanted.task_managers = 3;
  HaCluster cluster(wanted);
  const LeaderAddress first = cluster.leaders().leader();
  WatchedJob job(cluster);
  const auto before = job.attempts();
  // One that has tasks of it.
  const auto details = cluster.status(job.id());
  const std::string place = details["vertices"][0]["subtasks"][0]["data-address"];
  cluster.task_manager(cluster.task_manager_at(place)).signal(SIGKILL);
  (void)kill_leader(cluster, first);
  CHECK_FALSE(job.goes_on_as(before));
  await_new_checkpoint(cluster);
  job.check_end();
}

TEST_CASE("with no grace the tasks end with their leader, and the job starts anew") {
  HaCluster cluster(options({"jobmanager.adoption.grace=0 s"}));
  const LeaderAddress first = cluster.leaders().leader();
  WatchedJob job(cluster);
  const auto before = job.attempts();
  (void)kill_leader(cluster, first);
  CHECK_FALSE(job.goes_on_as(before));
  job.check_end();
}

TEST_CASE("a leader that was frozen while another took its tasks over changes nothing when it thaws") {
  HaCluster cluster(options());
  const LeaderAddress first = cluster.leaders().leader();
  WatchedJob job(cluster);
  const auto before = job.attempts();
  const std::size_t frozen = cluster.job_manager_at(first.address);
  cluster.signal_job_manager(frozen, SIGSTOP);
  CHECK(cluster.leaders().leader().address != first.address);
  CHECK(job.goes_on_as(before));
  cluster.signal_job_manager(frozen, SIGCONT);
  REQUIRE(cluster.job_manager(frozen).await_line("Steps down", 10s, kErr));
  const Finished refused = run_to_end({program_path("weir"), "cancel", "-m", first.address, job.id()});
  CHECK(refused.end == ProcessEnd{.code = 1});
  await_new_checkpoint(cluster);
  CHECK(job.goes_on_as(before));
  CHECK(!cluster.leaders().next(0ms));  // the second leads still
  job.check_end();
}

TEST_CASE("without a quorum the tasks run on; when it is back they are taken over within seconds") {
  auto wanted = options();
  wanted.servers = 3;
  HaCluster cluster(wanted);
  const LeaderAddress first = cluster.leaders().leader();
  WatchedJob job(cluster);
  const auto before = job.attempts();
  for (const std::size_t server : {0, 1}) cluster.zookeeper().kill(server);
  REQUIRE(cluster.job_manager(cluster.job_manager_at(first.address)).await_line("Steps down", 20s, kErr));
  for (const std::size_t server : {0, 1}) cluster.zookeeper().restart(server);
  for (const std::size_t server : {0, 1}) cluster.zookeeper().await_serving(server);
  await_new_checkpoint(cluster, 5s);
  CHECK(job.goes_on_as(before));
  CHECK(job.restarts() == 0);
  job.check_end();
}

TEST_CASE("whoever leads ZooKeeper may die: the attempts are the same") {
  auto wanted = options();
  wanted.servers = 3;
  HaCluster cluster(wanted);
  (void)cluster.leaders().leader();
  WatchedJob job(cluster);
  const auto before = job.attempts();
  cluster.zookeeper().kill(cluster.zookeeper().leader());
  await_new_checkpoint(cluster);
  CHECK(job.goes_on_as(before));
  CHECK(job.restarts() == 0);
  job.check_end();
}

// What it costs.

std::vector<std::int64_t> beats_in(const std::string& file) {
  std::vector<std::int64_t> beats;
  std::ifstream lines(file);
  for (std::int64_t at = 0; lines >> at;) beats.push_back(at);
  std::sort(beats.begin(), beats.end());
  return beats;
}

/// The longest time without output that begins before `until` and ends behind `from`.
Duration longest_gap(const std::vector<std::int64_t>& beats, TimePoint from, TimePoint until) {
  const auto nanoseconds = [](TimePoint at) { return at.time_since_epoch().count(); };
  std::int64_t longest = 0;
  for (std::size_t i = 1; i < beats.size(); ++i)
    if (beats[i] > nanoseconds(from) && beats[i - 1] < nanoseconds(until))
      longest = std::max(longest, beats[i] - beats[i - 1]);
  return std::chrono::nanoseconds(longest);
}

struct Costs {
  std::vector<Duration> leaderless;
  std::vector<Duration> silent;
};

void report(const std::string& what, std::vector<Duration> each) {
  std::sort(each.begin(), each.end());
  MESSAGE(what << ": " << each.size() << " kills, p50 " << milliseconds(each[each.size() / 2]) << " ms, p99 "
               << milliseconds(each[each.size() * 99 / 100]) << " ms, longest " << milliseconds(each.back())
               << " ms");
}

Costs costs_of(HaCluster& cluster, int kills) {
  LeaderAddress leader = cluster.leaders().leader();
  const std::string beats = cluster.files().path("beats");
  const auto run = cluster.start({.program = "pulse",
                                  .arguments = {"--output", beats, "--until", cluster.files().path("until")},
                                  .parallelism = kParallelism});
  TestCluster::await_running(*run, kTasks);
  std::vector<std::pair<TimePoint, TimePoint>> windows;
  Costs costs;
  for (int i = 0; i < kills; ++i) {
    const std::size_t victim = cluster.job_manager_at(leader.address);
    const TimePoint killed = now();
    leader = kill_leader(cluster, leader);
    costs.leaderless.push_back(now() - killed);
    cluster.await_restart(victim);
    await_new_checkpoint(cluster);
    windows.emplace_back(killed, now());
  }
  std::ofstream(cluster.files().path("until")) << "now";
  CHECK(run->await_end(60s) == ProcessEnd{.code = 0});
  const auto seen = beats_in(beats);
  for (const auto& [from, until] : windows) costs.silent.push_back(longest_gap(seen, from, until));
  return costs;
}

TEST_CASE("what a leader's death costs, with adoption and without" * doctest::skip()) {
  for (const bool adopts : {true, false}) {
    auto wanted = options({adopts ? "jobmanager.adoption.grace=30 s" : "jobmanager.adoption.grace=0 s"});
    wanted.job_managers = 4;  // because a guardian makes pauses between the crashes of one
    HaCluster cluster(wanted);
    const Costs costs = costs_of(cluster, 25);
    report("until there is a leader", costs.leaderless);
    report(adopts ? "without output, with adoption" : "without output, without adoption", costs.silent);
    CHECK(std::ranges::max(costs.silent) < (adopts ? Duration(200ms) : Duration(1s)));
  }
}

}  // namespace
}  // namespace weir::testing
