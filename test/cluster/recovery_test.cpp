// SPDX-License-Identifier: Apache-2.0
// Real jobs that go on: by a JobManager that comes back to a disk that does not, and from savepoints of the
// command line.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "apps/drill/ledger.h"
#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

using drill::Ledger;
using drill::Verdict;

constexpr std::uint64_t kSeed = 7;
constexpr std::uint64_t kKeys = 50;
constexpr std::uint32_t kPartitions = 4;

/// The verifiable job on a cluster whose JobManager keeps jobs and checkpoints in files.
class KeptJob {
public:
  KeptJob() : cluster_(options()) { submit(2); }

  /// From the beginning, or from a savepoint of an earlier one, with what that one wrote.
  void submit(std::uint32_t parallelism, const std::string& savepoint = "") {
    Submission job{.program = "verifiable",
                   .arguments = {"--seed", std::to_string(kSeed), "--partitions", std::to_string(kPartitions),
                                 "--keys", std::to_string(kKeys), "--rate", "5000", "--until", path("until"),
                                 "--output", path("out"), "--interval-ms", "50"},
                   .parallelism = parallelism,
                   .options = {"-d"}};
    if (!savepoint.empty()) job.options.insert(job.options.end(), {"-s", savepoint});
    const Finished submitted = cluster_.run(job);
    REQUIRE_MESSAGE(submitted.end == ProcessEnd{.code = 0}, submitted.err);
    id_ = submitted.out.substr(submitted.out.find("JobID ") + 6, 32);
  }
  /// `weir VERB WORDS... JOB DIRECTORY`: where the savepoint is.
  [[nodiscard]] std::string savepoint(const std::string& verb, std::vector<std::string> words) {
    words.insert(words.end(), {id_, path("savepoints")});
    const Finished said = cluster_.weir(verb, std::move(words));
    REQUIRE_MESSAGE(said.end == ProcessEnd{.code = 0}, said.err);
    const auto at = said.out.find(path("savepoints"));
    REQUIRE_MESSAGE(at != std::string::npos, said.out);
    return said.out.substr(at, said.out.find_first_of(" \n", at) - at);
  }

  [[nodiscard]] TestCluster& cluster() { return cluster_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string disk() const { return path("checkpoints"); }
  [[nodiscard]] std::string checkpoints() const { return disk() + "/" + id_; }
  [[nodiscard]] std::string status(const std::string& field) {
    const auto said = cluster_.status(id_);
    return said.value(field, std::string());
  }
  [[nodiscard]] std::size_t committed_files() const { return files_called("part-"); }
  /// Hidden, as readers see it.
  [[nodiscard]] std::size_t uncommitted_files() const { return files_called("."); }
  void end() const { std::ofstream(path("until")) << "now"; }
  [[nodiscard]] Verdict verdict() const {
    Ledger ledger(kSeed, kKeys, kPartitions);
    ledger.add_folder(path("out"));
    return ledger.verdict();
  }

private:
  [[nodiscard]] std::size_t files_called(const std::string& prefix) const {
    std::size_t count = 0;
    if (!std::filesystem::exists(path("out"))) return 0;
    for (const auto& file : std::filesystem::directory_iterator(path("out")))
      count += file.path().filename().string().starts_with(prefix);
    return count;
  }
  [[nodiscard]] TestCluster::Options options() const {
    return {.settings = {"heartbeat.interval=100 ms", "heartbeat.timeout=1 s",
                         "state.checkpoints.dir=" + path("checkpoints"), "high-availability=filesystem",
                         "high-availability.storageDir=" + path("jobs")}};
  }
  [[nodiscard]] std::string path(const std::string& name) const { return storage_.path(name); }

  const TemporaryDirectory storage_;
  TestCluster cluster_;
  std::string id_;
};

/// It ends, and has counted everything once.
void check_end_of(KeptJob& job) {
  job.end();
  CHECK(eventually([&] { return job.status("state") == "FINISHED"; }));
  const Verdict verdict = job.verdict();
  CHECK(verdict.events > 0);
  CHECK_MESSAGE(verdict.is_clean(), verdict.text());
}

TEST_CASE("a recovered job waits for the disk with its checkpoints, says so, and goes on when it is back") {
  KeptJob job;
  REQUIRE(eventually([&] { return job.committed_files() > 0; }));
  // Nothing below can be opened or listed, as on a disk that is in trouble.
  const std::string aside = job.checkpoints() + "-aside";
  std::filesystem::rename(job.checkpoints(), aside);
  std::filesystem::create_symlink(job.checkpoints(), job.checkpoints());
  job.cluster().replace_job_manager();

  std::string waiting;
  CHECK(eventually([&] { return !(waiting = job.status("waiting-for")).empty(); }));
  CHECK_MESSAGE(waiting.find("waiting for its state: cannot") == 0, waiting);
  CHECK_MESSAGE(waiting.find(job.checkpoints()) != std::string::npos, waiting);
  CHECK(job.status("state") == "CREATED");

  std::filesystem::remove(job.checkpoints());
  std::filesystem::rename(aside, job.checkpoints());
  CHECK(eventually([&] { return job.status("state") == "RUNNING"; }));
  check_end_of(job);
}

TEST_CASE("a recovered job whose disk of checkpoints is not mounted is not started from nothing") {
  KeptJob job;
  REQUIRE(eventually([&] { return job.committed_files() > 0; }));
  job.cluster().job_manager().signal(SIGSTOP);
  std::filesystem::rename(job.disk(), job.disk() + "-unmounted");
  job.cluster().replace_job_manager();

  std::string waiting;
  CHECK(eventually([&] { return !(waiting = job.status("waiting-for")).empty(); }));
  CHECK_MESSAGE(waiting.find("waiting for its state: the job's checkpoints are not in " + job.checkpoints() +
                             ", where they were: is that disk mounted?") == 0,
                waiting);
  CHECK(job.status("state") == "CREATED");

  std::filesystem::remove_all(job.disk());  // what tasks still wrote there
  std::filesystem::rename(job.disk() + "-unmounted", job.disk());
  CHECK(eventually([&] { return job.status("state") == "RUNNING"; }));
  check_end_of(job);
}

TEST_CASE("a job of two subtasks goes on with three, or with one, from where the command line had it saved") {
  KeptJob job;
  REQUIRE(eventually([&] { return job.committed_files() > 0; }));
  std::string savepoint;
  std::uint32_t parallelism = 3;
  SUBCASE("when it was cancelled") { savepoint = job.savepoint("cancel", {"-s"}); }
  SUBCASE("when it was stopped, which leaves nothing uncommitted") {
    savepoint = job.savepoint("stop", {"-s"});
    parallelism = 1;
  }
  const bool is_stopped = parallelism == 1;
  CHECK(eventually([&] { return job.status("state") == (is_stopped ? "FINISHED" : "CANCELED"); }));
  if (is_stopped) CHECK(job.uncommitted_files() == 0);

  job.submit(parallelism, savepoint);
  const std::size_t committed = job.committed_files();
  CHECK(eventually([&] { return job.committed_files() > committed; }));
  check_end_of(job);
}

}  // namespace
}  // namespace weir::testing
