// SPDX-License-Identifier: Apache-2.0
// Processes die at any moment, again and again, and the output is as if nothing had happened. Prints its
// seed; WEIR_SEED=n does it again, as far as processes can.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/drill/ledger.h"
#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

using drill::Ledger;
using drill::Verdict;

using std::chrono::milliseconds;

constexpr std::uint32_t kParallelism = 3;
constexpr std::uint32_t kPartitions = 7;
constexpr std::uint64_t kKeys = 100;
constexpr Duration kHeartbeatTimeout = 1s;  // as in the settings below
constexpr const char* kForgotten = "forgotten";  // over, as a JobManager sees it that came afterwards

std::uint64_t seed_of_this_run() {
  const char* const given = std::getenv("WEIR_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct Drill {
  std::string backend = "filesystem";
  std::vector<std::string> more = {};  // of the program
  std::uint32_t kills = 10;            // of a random process at a random moment, in six one JobManager
  std::uint32_t deaths = 10;           // of one that is amid a checkpoint or a commit
  std::uint32_t freezes = 1;           // of one that is given up meanwhile, and thaws
  std::uint64_t seed = seed_of_this_run();
};

/// The verifiable job on a cluster whose TaskManagers do not live long.
class MortalCluster {
public:
  explicit MortalCluster(const Drill& drill) : drill_(drill), random_(drill.seed), cluster_(options()) {
    std::filesystem::create_directory(path("deaths"));
    std::vector<std::string> arguments{"--seed", std::to_string(drill.seed), "--partitions",
                                       std::to_string(kPartitions), "--keys", std::to_string(kKeys),
                                       "--rate", "10000", "--until", path("until"), "--output", path("out"),
                                       "--backend", drill.backend.substr(0, drill.backend.find(' ')),
                                       "--interval-ms", "100",
                                       "--deaths", path("deaths"), "--most-deaths",
                                       std::to_string(drill.deaths), "--odds", "40"};
    if (drill.backend.ends_with(" incremental")) arguments.emplace_back("--incremental");
    arguments.insert(arguments.end(), drill.more.begin(), drill.more.end());
    const Finished submitted = cluster_.run({.program = "verifiable",
                                             .arguments = std::move(arguments),
                                             .parallelism = kParallelism,
                                             .options = {"-d"}});
    REQUIRE_MESSAGE(submitted.end == ProcessEnd{.code = 0}, submitted.err);
    const auto at = submitted.out.find("JobID ");
    REQUIRE_MESSAGE(at != std::string::npos, submitted.out);
    job_ = submitted.out.substr(at + 6, 32);
  }

  /// Kills until there were enough, and has the job end, which is no safe place either.
  void run() {
    while (killed_ < drill_.kills || frozen_ < drill_.freezes || deaths() < drill_.deaths) {
      pause(milliseconds(20 + random_() % 400));
      replace_the_dead();
      if (frozen_ < drill_.freezes && random_() % 8 == 0) freeze_one();
      else if (killed_ < drill_.kills) kill_one();
    }
    std::ofstream(path("until")) << "now";
    for (int i = 0; i < 3; ++i) {
      pause(milliseconds(random_() % 150));
      kill_one();
    }
    std::string last;
    CHECK(eventually([&] { return is_over(last = state()); }, 60s));
    CHECK_MESSAGE((last == "FINISHED" || last == kForgotten), last);
    // Who forgot the job died before he could delete its checkpoints, or was about to.
    if (last == "FINISHED") CHECK(eventually([&] { return checkpoint_files().empty(); }));
    for (const std::string& left : last == "FINISHED" ? checkpoint_files() : std::vector<std::string>())
      MESSAGE("left behind: " << left);
  }

  [[nodiscard]] Verdict verdict() {
    Ledger ledger(drill_.seed, kKeys, kPartitions);
    ledger.add_folder(path("out"));
    const Verdict verdict = ledger.verdict();
    std::printf("seed %llu, %s: %u killed, %u dead amid a checkpoint, %u frozen; %s\n",
                static_cast<unsigned long long>(drill_.seed), drill_.backend.c_str(), killed_, deaths(),
                frozen_, verdict.text().c_str());
    std::fflush(stdout);
    return verdict;
  }

private:
  TestCluster::Options options() const {
    const std::string folder = storage_.path();
    return {.task_managers = 3,
            .slots = 2,
            .settings = {"heartbeat.interval=100 ms", "heartbeat.timeout=1 s",
                         "state.checkpoints.dir=" + folder + "/checkpoints",
                         "high-availability=filesystem", "high-availability.storageDir=" + folder + "/jobs"}};
  }
  [[nodiscard]] std::string path(const std::string& name) const { return storage_.path(name); }
  [[nodiscard]] std::string state() {
    const Finished said = cluster_.weir("status", {"--output", "json", job_});
    if (said.err.find("there is no job") != std::string::npos) return kForgotten;
    REQUIRE_MESSAGE(said.end == ProcessEnd{.code = 0}, said.err);
    return nlohmann::json::parse(said.out)["state"];
  }
  [[nodiscard]] static bool is_over(const std::string& state) {
    return state == "FINISHED" || state == "FAILED" || state == "CANCELED" || state == kForgotten;
  }
  [[nodiscard]] std::uint32_t deaths() const {
    std::uint32_t count = 0;
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(path("deaths"))) ++count;
    return count;
  }
  [[nodiscard]] std::vector<std::string> checkpoint_files() const {
    std::vector<std::string> files;
    std::error_code vanished;
    for (std::filesystem::recursive_directory_iterator at(path("checkpoints"), vanished), end;
         !vanished && at != end; at.increment(vanished))
      files.push_back(at->path().string());
    return files;
  }
  void pause(Duration length) { (void)cluster_.job_manager().await_line("nobody says this", length); }
  [[nodiscard]] bool is_alive(std::size_t index) {
    return !cluster_.task_manager(index).await_end(0ms).has_value();
  }
  void replace_the_dead() {
    std::vector<std::size_t> alive;
    for (const std::size_t index : alive_)
      if (is_alive(index)) alive.push_back(index);
    while (alive.size() < alive_.size()) alive.push_back(cluster_.start_task_manager());
    alive_ = std::move(alive);
  }
  void kill_one() {
    ++killed_;
    if (random_() % 6 == 0) return cluster_.replace_job_manager();
    const std::size_t victim = random_() % alive_.size();
    cluster_.kill(alive_[victim]);
    alive_[victim] = cluster_.start_task_manager();
  }
  /// Its tasks run elsewhere when it thaws, and it does not know.
  void freeze_one() {
    const std::size_t victim = alive_[random_() % alive_.size()];
    ++frozen_;
    cluster_.freeze(victim);
    pause(kHeartbeatTimeout + milliseconds(200 + random_() % 500));
    cluster_.thaw(victim);
  }

  const Drill drill_;
  const TemporaryDirectory storage_;
  std::mt19937_64 random_;
  TestCluster cluster_;
  std::string job_;
  std::vector<std::size_t> alive_ = {0, 1, 2};
  std::uint32_t killed_ = 0;
  std::uint32_t frozen_ = 0;
};

/// What comes out when TaskManagers die.
Verdict verdict_of(const Drill& drill) {
  MortalCluster cluster(drill);
  cluster.run();
  return cluster.verdict();
}

/// The drill on one backend. RocksDB writes its checkpoints whole, or only what is new in them.
void check(const char* backend, Drill drill, std::uint64_t least_events) {
  CAPTURE(backend);
  drill.backend = backend;
  const Verdict verdict = verdict_of(drill);
  CHECK(verdict.events > least_events);
  CHECK_MESSAGE(verdict.is_clean(), verdict.text());
}

/// Some minutes each, so that they can be run one by one.
void check_200_deaths(const char* backend) {
  check(backend, {.kills = 90, .deaths = 100, .freezes = 10}, 100'000);
}

}  // namespace

TEST_CASE("each event counts once while TaskManagers die") {
  for (const char* backend : {"memory", "filesystem", "rocksdb", "rocksdb incremental"})
    check(backend, {.kills = 5, .deaths = 5}, 10'000);
}

TEST_CASE("each event counts once over 200 deaths: memory") { check_200_deaths("memory"); }
TEST_CASE("each event counts once over 200 deaths: filesystem") { check_200_deaths("filesystem"); }
TEST_CASE("each event counts once over 200 deaths: rocksdb") { check_200_deaths("rocksdb"); }
TEST_CASE("each event counts once over 200 deaths: rocksdb incremental") {
  check_200_deaths("rocksdb incremental");
}

TEST_CASE("without alignment, with commits too early, forgotten or by whom was told to end, this is seen") {
  for (const std::string part : {"alignment", "commit-order", "restore", "fence"}) {
    CAPTURE(part);
    std::printf("broken on purpose: %s; ", part.c_str());
    const Verdict verdict = verdict_of({.more = {"--break", part}, .kills = 10, .deaths = 20});
    CHECK_FALSE(verdict.is_clean());
  }
}

}  // namespace weir::testing
