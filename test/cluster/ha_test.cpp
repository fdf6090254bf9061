// SPDX-License-Identifier: Apache-2.0
// Several JobManagers, a real ZooKeeper, and what may befall them.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "test/support/ha_cluster.h"
#include "test/support/zk_events.h"

namespace weir::testing {
namespace {

constexpr auto kErr = Process::Stream::Err;
constexpr std::uint32_t kParallelism = 2;

TimePoint now() { return std::chrono::steady_clock::now(); }

HaCluster::Options options(std::size_t servers = 1) {
  return {.servers = servers,
          .settings = {"restart-strategy=fixed-delay", "restart-strategy.fixed-delay.attempts=1000000",
                       "restart-strategy.fixed-delay.delay=0 ms", "heartbeat.interval=200 ms",
                       "heartbeat.timeout=2 s", "taskmanager.registration.initial-backoff=50 ms"}};
}

/// Takes some ten seconds if nothing happens.
Submission sums(const HaCluster& cluster, std::int64_t count = 50'000) {
  return {.program = "sums",
          .arguments = {"--count", std::to_string(count), "--pause", "30", "--output",
                        cluster.files().path("sums")},
          .parallelism = kParallelism};
}

std::vector<std::string> expected_sums(std::int64_t count) {
  std::map<std::int64_t, std::int64_t> sums;
  for (std::int64_t i = 0; i < count; ++i) sums[i % 7] += i;
  std::vector<std::string> lines;
  for (const auto& [key, sum] : sums) lines.push_back(std::to_string(key) + " " + std::to_string(sum));
  return lines;
}

/// The job ended well, each number was counted once, and its client was told once.
void check_result(HaCluster& cluster, Process& run, std::int64_t count = 50'000) {
  const auto end = run.await_end(90s);
  // What it wrote last may still be in the pipes.
  for (const auto stream : {Process::Stream::Out, kErr}) {
    while (run.await_line("", 10s, stream)) {}
  }
  const std::string said = run.text(Process::Stream::Out) + run.text(kErr);
  CHECK_MESSAGE(end == ProcessEnd{.code = 0}, said);
  CHECK(sorted_lines(content_of(cluster.files().path("sums"))) == expected_sums(count));
  const auto once = said.find("switched to status FINISHED");
  CHECK_MESSAGE(once != std::string::npos, said);
  CHECK(said.find("switched to status FINISHED", once + 1) == std::string::npos);
}

void await_checkpoint(HaCluster& cluster) {
  // One that is complete: it has metadata.
  REQUIRE(eventually([&] {
    return !cluster.completed_checkpoints().empty();
  }));
}

TEST_CASE("a job goes on under the next leader when its own is killed") {
  auto wanted = options();
  SUBCASE("whose guardian ends its session") {}
  SUBCASE("whose session must run out") { wanted.has_guardians = false; }
  HaCluster cluster(wanted);
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster));
  TestCluster::await_running(*run, 2 * kParallelism);
  await_checkpoint(cluster);
  const TimePoint killed = now();
  cluster.signal_job_manager(cluster.job_manager_at(first.address), SIGKILL);
  const LeaderAddress second = cluster.leaders().leader();
  const auto took = now() - killed;
  CHECK(second.address != first.address);
  CHECK(second.session.low == first.session.low + 1);
  CHECK(took < (wanted.has_guardians ? 1s : 5s));
  if (wanted.has_guardians) cluster.await_restart(cluster.job_manager_at(first.address));
  check_result(cluster, *run);
}

TEST_CASE("a leader that was frozen comes back to find its word refused") {
  HaCluster cluster(options());
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster));
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, 2 * kParallelism);
  await_checkpoint(cluster);
  const std::size_t frozen = cluster.job_manager_at(first.address);
  cluster.signal_job_manager(frozen, SIGSTOP);
  const LeaderAddress second = cluster.leaders().leader();
  CHECK(second.address != first.address);
  REQUIRE(eventually([&] { return cluster.status(job)["state"] == "RUNNING"; }));
  cluster.signal_job_manager(frozen, SIGCONT);
  REQUIRE(cluster.job_manager(frozen).await_line("Steps down", 10s, kErr));
  const Finished refused =
      run_to_end({program_path("weir"), "cancel", "-m", first.address, job});
  CHECK(refused.end == ProcessEnd{.code = 1});
  check_result(cluster, *run);
  CHECK(!cluster.leaders().next(0ms));  // the second leads still
}

TEST_CASE("JobManagers that end in good order hand over at once") {
  HaCluster cluster(options());
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster));
  TestCluster::await_running(*run, 2 * kParallelism);
  const std::size_t ended = cluster.job_manager_at(first.address);
  const TimePoint told = now();
  cluster.job_manager(ended).signal(SIGTERM);  // the guardian hands it on
  const LeaderAddress second = cluster.leaders().leader();
  CHECK(now() - told < 2s);
  CHECK(second.address != first.address);
  CHECK(cluster.job_manager(ended).await_end(20s) == ProcessEnd{.code = 0});
  check_result(cluster, *run);
}

TEST_CASE("whoever leads ZooKeeper may die: no job notices") {
  HaCluster cluster(options(3));
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster));
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, 2 * kParallelism);
  cluster.zookeeper().kill(cluster.zookeeper().leader());
  check_result(cluster, *run);
  CHECK(!cluster.leaders().next(0ms));
  CHECK(cluster.status(job)["restarts"] == 0);
  CHECK(cluster.status()["jobmanager"] == first.address);
}

TEST_CASE("without a quorum nobody leads; when it is back the job goes on where it was") {
  HaCluster cluster(options(3));
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster));
  TestCluster::await_running(*run, 2 * kParallelism);
  await_checkpoint(cluster);
  for (const std::size_t server : {0, 1}) cluster.zookeeper().kill(server);
  REQUIRE(cluster.job_manager(cluster.job_manager_at(first.address)).await_line("Steps down", 20s, kErr));
  for (const std::size_t server : {0, 1}) cluster.zookeeper().restart(server);
  const LeaderAddress second = cluster.leaders().leader();
  CHECK(second.session.low > first.session.low);
  check_result(cluster, *run);
}

TEST_CASE("all JobManagers may die: the next ones go on with the jobs") {
  HaCluster cluster(options());
  (void)cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster));
  TestCluster::await_running(*run, 2 * kParallelism);
  await_checkpoint(cluster);
  for (const std::size_t index : {0, 1}) cluster.signal_job_manager(index, SIGKILL);
  for (const std::size_t index : {0, 1}) cluster.await_restart(index);
  check_result(cluster, *run);
}

TEST_CASE("how a job ended is known to the next leader, and its client may ask late") {
  HaCluster cluster(options());
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster, 500));
  const std::string job = TestCluster::id_of(*run);
  check_result(cluster, *run, 500);
  CHECK(eventually([&] { return cluster.completed_checkpoints().empty(); }));
  cluster.signal_job_manager(cluster.job_manager_at(first.address), SIGKILL);
  CHECK(cluster.leaders().leader().address != first.address);
  CHECK(cluster.status(job)["state"] == "FINISHED");
}

TEST_CASE("a JobManager stands by although one of ZooKeeper's hosts is unknown") {
  auto wanted = options();
  wanted.job_managers = 1;
  HaCluster cluster(wanted);
  const LeaderAddress first = cluster.leaders().leader();
  cluster.start_job_manager("no-such-host.invalid:2181," + cluster.zookeeper().hosts(),
                            {"high-availability.zookeeper.trusted-network=true"});
  cluster.signal_job_manager(0, SIGKILL);
  CHECK(cluster.leaders().leader().address != first.address);
}

TEST_CASE("clusters of different ids share ZooKeeper, and nothing else") {
  HaCluster one(options());
  auto wanted = options();
  wanted.cluster = "other";
  wanted.shared_zookeeper = &one.zookeeper();
  HaCluster other(wanted);
  const LeaderAddress first = one.leaders().leader();
  const LeaderAddress of_other = other.leaders().leader();
  CHECK(first.address != of_other.address);
  const auto run = one.start(sums(one));
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, 2 * kParallelism);
  CHECK(other.status()["jobs-running"] == 0);
  CHECK(other.status()["taskmanagers"] == 2);
  CHECK(other.weir("cancel", {job}).end == ProcessEnd{.code = 1});

  one.signal_job_manager(one.job_manager_at(first.address), SIGKILL);
  CHECK(one.leaders().leader().session.low == first.session.low + 1);
  CHECK(!other.leaders().next(0ms));  // it has noticed nothing
  CHECK(other.status()["jobmanager"] == of_other.address);
  check_result(one, *run);
}

/// How a request to ZooKeeper ends for somebody with that secret, or with none.
struct Stranger {
  Stranger(const HaCluster& cluster, const std::string& hosts, const std::string& secret)
      : paths(cluster.paths()) {
    auto opened = ZkClient::open({.hosts = hosts, .session_timeout = 2s, .secret = secret}, events);
    REQUIRE(opened);
    client = *std::move(opened);
    REQUIRE(events.await(ZkSessionState::Connected));
  }
  ZkPaths paths;
  ZkEvents events;
  std::unique_ptr<ZkClient> client;
};

TEST_CASE("the nodes of a cluster with a secret are nobody else's, and it works as any other") {
  const TemporaryDirectory place;
  const std::string file = place.file("secret", "weir:sesame\n");
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write);
  auto wanted = options();
  wanted.secret_file = file;
  HaCluster cluster(wanted);
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster));
  const std::string job = TestCluster::id_of(*run);
  TestCluster::await_running(*run, 2 * kParallelism);
  await_checkpoint(cluster);

  const auto try_all = [&](const std::string& secret, ZkOutcome how) {
    Stranger stranger(cluster, cluster.zookeeper().hosts(), secret);
    const std::string pointer = stranger.paths.job(*JobId::parse(job));
    for (const std::string& node : {stranger.paths.leader(), stranger.paths.epoch(), pointer})
      CHECK_MESSAGE(stranger.client->get(node).outcome == how, node);
    CHECK(stranger.client->children(stranger.paths.jobs()).outcome == how);
    if (how == ZkOutcome::Done) return;
    CHECK(stranger.client->commit({ZkOp::set(stranger.paths.epoch(), "")}).outcome == how);
    CHECK(stranger.client->commit({ZkOp::remove(pointer)}).outcome == how);
    CHECK(stranger.client->commit({ZkOp::create(stranger.paths.jobs() + "/mine", "")}).outcome == how);
  };
  try_all("", ZkOutcome::NotAllowed);
  try_all("weir:guess", ZkOutcome::NotAllowed);
  try_all("weir:sesame", ZkOutcome::Done);

  cluster.signal_job_manager(cluster.job_manager_at(first.address), SIGKILL);
  CHECK(cluster.leaders().leader().address != first.address);
  check_result(cluster, *run);
}

TEST_CASE("a secret that others can read is refused, and says how to mend it") {
  const TemporaryDirectory place;
  const std::string file = place.file("secret", "weir:sesame\n");
  std::filesystem::permissions(file, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  const Finished refused = run_to_end({program_path("weir-taskmanager"), "--zookeeper", "127.0.0.1:1", "-D",
                                       "high-availability.zookeeper.client.secret-file=" + file});
  CHECK(refused.end == ProcessEnd{.code = 2});
  CHECK_MESSAGE(refused.err.find("chmod 600") != std::string::npos, refused.err);
}

/// Files below a folder, but the identity of the cluster, which is there to stay.
std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code gone;  // files go while we look
  for (std::filesystem::recursive_directory_iterator at(folder, gone), end; !gone && at != end;
       at.increment(gone))
    if (at->is_regular_file(gone) && at->path().filename() != "identity")
      found.push_back(at->path().string());
  return found;
}

TEST_CASE("a leader that dies as a job ends leaves nothing of it behind") {
  HaCluster cluster(options());
  const LeaderAddress first = cluster.leaders().leader();
  const auto run = cluster.start(sums(cluster, 3'000));
  const std::string job = TestCluster::id_of(*run);
  REQUIRE(run->await_line("switched to status FINISHED", 60s, kErr));
  cluster.signal_job_manager(cluster.job_manager_at(first.address), SIGKILL);
  CHECK(cluster.leaders().leader().address != first.address);
  Stranger somebody(cluster, cluster.zookeeper().hosts(), "");
  const auto has_node = [&](const std::string& path) { return somebody.client->exists(path).is_done(); };
  const JobId id = *JobId::parse(job);
  CHECK(eventually([&] { return files_below(cluster.files().path("ha")).empty(); }));
  CHECK(eventually([&] {
    return !has_node(somebody.paths.counter(id)) && !has_node(somebody.paths.checkpoints(id)) &&
           !has_node(somebody.paths.job(id)) && !has_node(somebody.paths.round(id));
  }));
  CHECK(has_node(somebody.paths.verdict(id)));
  check_result(cluster, *run, 3'000);
}

}  // namespace
}  // namespace weir::testing
