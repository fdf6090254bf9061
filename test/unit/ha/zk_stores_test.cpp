// SPDX-License-Identifier: Apache-2.0
#include "ha/zk_stores.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "checkpoint/snapshot/metadata.h"
#include "ha/election.h"
#include "ha/zk_paths.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"
#include "test/support/zk_tree_model.h"

namespace weir {
namespace {

using testing::ZkTreeModel;
using Luck = ZkTreeModel::Luck;
using Ids = std::vector<CheckpointId>;

constexpr JobId kJob{.high = 1, .low = 2};
constexpr JobId kOther{.high = 1, .low = 3};

/// A cluster under term 1, until depose().
struct Place {
  Place() { tree.write(paths.epoch(), ""), tree.write(paths.epoch(), ""); }

  void depose() { tree.write(paths.epoch(), ""); }

  /// The next requests meet with this luck, those behind them with none.
  void have(std::vector<Luck> next) {
    tree.luck = [next, i = std::size_t{0}]() mutable { return i < next.size() ? next[i++] : Luck::Answered; };
  }
  [[nodiscard]] std::vector<std::string> job_files() {
    const auto names = files.list(jobs_directory);
    return names ? *names : std::vector<std::string>();
  }
  [[nodiscard]] std::vector<JobId> jobs() {
    const auto recovered = job_store().recover();
    REQUIRE(recovered);
    std::vector<JobId> ids;
    for (const JobGraph& job : *recovered) ids.push_back(job.id);
    return ids;
  }
  [[nodiscard]] ZkJobGraphStore job_store() { return {term, verdicts, files, jobs_directory}; }
  /// As a job ends that was submitted.
  [[nodiscard]] Status end(const JobVerdict& how) {
    if (Status noted = verdicts.record(how); !noted) return noted;
    return job_store().remove(how.job);
  }
  [[nodiscard]] std::vector<JobVerdict> ended() {
    REQUIRE(job_store().recover());
    return *verdicts.recover();
  }

  [[nodiscard]] CompletedCheckpoint checkpoint(CheckpointId id) const {
    return {.job = kJob, .id = id, .root = root, .directory = root + "/chk-" + std::to_string(id)};
  }
  [[nodiscard]] ZkCheckpointStore checkpoints(bool may_fall_back = false) {
    return {term, files, {.job = kJob, .root = root, .may_fall_back = may_fall_back}};
  }
  [[nodiscard]] Ids checkpoint_ids(bool may_fall_back = false) {
    const auto recovered = checkpoints(may_fall_back).recover();
    REQUIRE(recovered);
    Ids ids;
    for (const CompletedCheckpoint& one : *recovered) ids.push_back(one.id);
    return ids;
  }
  [[nodiscard]] std::string node(CheckpointId id) const {
    const std::string digits = std::to_string(id);
    return paths.checkpoints(kJob) + "/" + std::string(19 - digits.size(), '0') + digits;
  }
  [[nodiscard]] bool has_metadata(CheckpointId id) {
    return files.open(checkpoint(id).directory + "/_metadata").has_value();
  }

  testing::TemporaryDirectory directory;
  testing::FaultyFileSystem files;
  std::string root = directory.path("job");
  std::string jobs_directory = directory.path("jobs");
  ZkTreeModel tree;
  ZkPaths paths = *ZkPaths::make("/weir/", "test");
  ZkTerm term{tree, {.paths = paths, .session = session_of_term(7, 1), .patience = 20ms}};
  ZkVerdictStore verdicts{term};
};

TEST_CASE("a job that was put comes back until it is removed, and its file with it") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob, .name = "one"}));
  REQUIRE(place.job_store().put({.id = kOther, .name = "two"}));
  CHECK(place.jobs() == std::vector{kJob, kOther});
  REQUIRE(place.job_store().put({.id = kJob, .name = "one, changed"}));
  const auto recovered = place.job_store().recover();
  REQUIRE(recovered);
  CHECK(recovered->front().name == "one, changed");
  CHECK(place.job_files().size() == 2);
  REQUIRE(place.job_store().remove(kJob));
  REQUIRE(place.job_store().remove(kJob));
  CHECK(place.jobs() == std::vector{kOther});
  CHECK(place.job_files().size() == 1);
}

TEST_CASE("what was deployed last for a job is known to the next leader, until the job is over") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  CHECK(*place.job_store().round_of(kJob) == DeployedRound{});
  DeployedRound round{.job = kJob,
                      .deployed_by = place.term.session(),
                      .attempt_number = 2,
                      .attempts = {.high = 5, .low = 6}};
  REQUIRE(place.job_store().put_round(round));
  round.attempt_number = 3;
  REQUIRE(place.job_store().put_round(round));
  CHECK(*place.job_store().round_of(kJob) == round);
  CHECK(place.job_store().round_of(kOther)->deployed_by.is_none());
  SUBCASE("whatever one writes that was deposed") {
    place.depose();
    CHECK(place.job_store().put_round({.job = kJob}).error().code == ErrorCode::NotLeader);
    CHECK(*place.job_store().round_of(kJob) == round);
  }
  SUBCASE("and one that cannot be read was none") {
    place.tree.write(place.paths.round(kJob), "rubbish");
    CHECK(*place.job_store().round_of(kJob) == DeployedRound{});
    CHECK(place.tree.exists(place.paths.round(kJob) + ".corrupt").is_done());
  }
  SUBCASE("for a job that is over nobody asks") {
    REQUIRE(place.end({.job = kJob}));
    CHECK_FALSE(place.tree.exists(place.paths.round(kJob)).is_done());
  }
}

TEST_CASE("what a dead leader left of jobs that have ended is removed, and nothing of others") {
  Place place;
  const std::string root = place.directory.path("c/" + kJob.hex());
  for (const JobId job : {kJob, kOther}) REQUIRE(place.job_store().put({.id = job}));
  ZkCheckpointStore checkpoints(place.term, place.files, {.job = kJob, .root = root});
  REQUIRE(checkpoints.add({.job = kJob, .id = 3, .root = root, .directory = root + "/chk-3"}));
  ZkCheckpointIdCounter counter(place.term, kJob), of_other(place.term, kOther);
  REQUIRE(counter.next());
  REQUIRE(of_other.next());
  place.directory.file("jobs/" + kJob.hex() + "-left", "a draft");
  const auto is_there = [&](const std::string& path) { return place.tree.exists(path).is_done(); };

  SUBCASE("it has ended, and nobody wants its checkpoints") {
    REQUIRE(place.end({.job = kJob, .checkpoints_to_delete = root}));
    REQUIRE(place.job_store().recover());
    CHECK(place.job_store().sweep() == std::vector{kJob});
    CHECK_FALSE(is_there(place.paths.counter(kJob)));
    CHECK_FALSE(is_there(place.paths.checkpoints(kJob)));
    CHECK_FALSE(std::filesystem::exists(root));
    CHECK(place.job_files().size() == 1);
  }
  SUBCASE("its checkpoints are wanted") {
    REQUIRE(place.end({.job = kJob, .status = JobStatus::Canceled}));
    REQUIRE(place.job_store().recover());
    place.job_store().sweep();
    CHECK_FALSE(is_there(place.paths.counter(kJob)));
    CHECK(is_there(place.paths.checkpoints(kJob)));
    CHECK(std::filesystem::exists(root + "/chk-3/_metadata"));
  }
  SUBCASE("it names a folder that is not its own") {
    REQUIRE(place.end({.job = kJob, .checkpoints_to_delete = place.directory.path("c")}));
    REQUIRE(place.job_store().recover());
    place.job_store().sweep();
    CHECK(std::filesystem::exists(root + "/chk-3/_metadata"));
  }
  SUBCASE("it has not ended") {
    CHECK(place.job_store().sweep().empty());
    CHECK(is_there(place.paths.counter(kJob)));
    CHECK(is_there(place.paths.checkpoints(kJob)));
    CHECK(place.job_files().size() == 3);
  }
  CHECK(is_there(place.paths.counter(kOther)));
  CHECK(place.jobs().back() == kOther);
}

TEST_CASE("a leader that was deposed writes nothing and deletes nothing") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  REQUIRE(place.checkpoints().add(place.checkpoint(1)));
  ZkCheckpointIdCounter counter(place.term, kJob);
  REQUIRE(counter.next());
  place.depose();
  const int before = place.tree.commits;
  CHECK(place.job_store().put({.id = kOther}).error().code == ErrorCode::NotLeader);
  CHECK(place.job_store().remove(kJob).error().code == ErrorCode::NotLeader);
  CHECK(place.checkpoints().add(place.checkpoint(2)).error().code == ErrorCode::NotLeader);
  CHECK(place.checkpoints().remove(place.checkpoint(1)).error().code == ErrorCode::NotLeader);
  CHECK(counter.skip_to(1000).error().code == ErrorCode::NotLeader);
  CHECK(place.end({.job = kJob}).error().code == ErrorCode::NotLeader);
  CHECK(place.tree.commits == before);
  CHECK(place.has_metadata(1));
  CHECK(place.has_metadata(2));
  CHECK(place.job_files().size() == 2);
}

TEST_CASE("a disk that cannot be read now is asked again later, and nothing is put aside") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  for (const CheckpointId id : {1, 2}) REQUIRE(place.checkpoints().add(place.checkpoint(id)));
  SUBCASE("it says so") {
    place.files.read_error = EIO;
    CHECK(place.job_store().recover().error().retry == Retry::Later);
    for (const bool may_fall_back : {false, true})
      CHECK(place.checkpoints(may_fall_back).recover().error().code == ErrorCode::IoFailure);
    place.files.read_error = 0;
  }
  SUBCASE("it is not mounted") {
    std::filesystem::rename(place.root, place.root + "-unmounted");
    for (const bool may_fall_back : {false, true})
      CHECK(place.checkpoints(may_fall_back).recover().error().code == ErrorCode::NotFound);
    std::filesystem::rename(place.root + "-unmounted", place.root);
  }
  CHECK(place.jobs() == std::vector{kJob});
  CHECK(place.checkpoint_ids() == Ids{1, 2});
}

TEST_CASE("an answer that is lost is neither taken for a failure nor for success") {
  Place place;
  REQUIRE(place.checkpoints().add(place.checkpoint(1)));
  SUBCASE("the request was carried out") { place.have({Luck::Answered, Luck::LostAfter}); }
  SUBCASE("the request never arrived") { place.have({Luck::Answered, Luck::LostBefore}); }
  SUBCASE("nor did the question before it, several times") {
    place.have({Luck::LostBefore, Luck::LostBefore, Luck::Answered, Luck::LostAfter, Luck::LostBefore});
  }
  CHECK(place.checkpoints().add(place.checkpoint(2)));
  CHECK(place.checkpoint_ids() == Ids{1, 2});
  place.have({Luck::Answered, Luck::LostAfter});
  CHECK(place.checkpoints().remove(place.checkpoint(1)));
  CHECK(place.checkpoint_ids() == Ids{2});
}

TEST_CASE("if nobody answers any more, what was prepared is kept: it may be spoken of") {
  Place place;
  place.tree.luck = [] { return Luck::LostAfter; };
  CHECK(place.job_store().put({.id = kJob}).error().code == ErrorCode::NotLeader);
  const Status added = place.checkpoints().add(place.checkpoint(1));
  CHECK(added.error().code == ErrorCode::NotLeader);
  CHECK(added.error().what.find("is not known") != std::string::npos);
  CHECK(place.has_metadata(1));
}

TEST_CASE("a write whose answer was lost and that a later term overtook stays unknown") {
  Place place;
  const std::string path = place.paths.cluster() + "/a";
  place.tree.luck = [&place, asked = 0]() mutable {
    ++asked;  // is it there, is what is above it, then the commit
    if (asked == 4) place.depose();
    return asked == 3 ? Luck::LostAfter : Luck::Answered;
  };
  CHECK(place.term.put(path, "x").error().code == ErrorCode::NotLeader);
  CHECK(place.tree.data(path) == "x");
}

TEST_CASE("whatever is lost, what is put is there in the end and what is removed is not") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Place place;
  ZkTerm term(place.tree, {.paths = place.paths, .session = session_of_term(7, 1), .patience = 10s});
  place.tree.luck = [&] { return static_cast<Luck>(random() % 3); };
  std::map<std::string, std::string> wanted;
  for (int i = 0; i < 300; ++i) {
    const std::string path = place.paths.cluster() + "/x/" + std::to_string(random() % 3);
    if (random() % 2 == 0) {
      wanted[path] = std::to_string(i);
      REQUIRE(term.put(path, wanted[path]));
    } else {
      wanted.erase(path);
      REQUIRE(term.remove(path));
    }
    for (int other = 0; other < 3; ++other) {
      const std::string name = place.paths.cluster() + "/x/" + std::to_string(other);
      REQUIRE(place.tree.is_there(name) == wanted.contains(name));
      if (wanted.contains(name)) REQUIRE(place.tree.data(name) == wanted[name]);
    }
  }
}

TEST_CASE("a pointer to a job that cannot be read is put aside, and the others are recovered") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  REQUIRE(place.job_store().put({.id = kOther}));
  SUBCASE("it is nonsense") { place.tree.write(place.paths.job(kJob), "nonsense"); }
  SUBCASE("it is empty") { place.tree.write(place.paths.job(kJob), ""); }
  SUBCASE("it is another job's") {
    place.tree.write(place.paths.job(kJob), place.tree.data(place.paths.job(kOther)));
  }
  const std::string content = place.tree.data(place.paths.job(kJob));
  CHECK(place.jobs() == std::vector{kOther});
  CHECK(!place.tree.is_there(place.paths.job(kJob)));
  CHECK(place.tree.data(place.paths.job(kJob) + ".corrupt") == content);
  CHECK(place.jobs() == std::vector{kOther});
}

TEST_CASE("a job whose file is away is not recovered, and not forgotten") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  REQUIRE(place.job_store().put({.id = kOther}));
  const auto names = place.job_files();
  const std::string path = place.jobs_directory + "/" + names.front();
  REQUIRE(place.files.rename(path, path + ".away"));
  CHECK(place.jobs() == std::vector{kOther});
  REQUIRE(place.files.rename(path + ".away", path));
  CHECK(place.jobs() == std::vector{kJob, kOther});
}

TEST_CASE("a disk that cannot be read is no reason to put anything aside, or to go on without it") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  REQUIRE(place.checkpoints().add(place.checkpoint(1)));
  REQUIRE(place.checkpoints().add(place.checkpoint(2)));
  place.files.open_error = EIO;
  CHECK(place.job_store().recover().error().code == ErrorCode::IoFailure);
  CHECK(place.checkpoints(true).recover().error().code == ErrorCode::IoFailure);
  place.files.open_error = 0;
  CHECK(place.jobs() == std::vector{kJob});
  CHECK(place.checkpoint_ids() == Ids{1, 2});
}

TEST_CASE("checkpoints come back in the order of their ids, savepoints among them") {
  Place place;
  CHECK(place.checkpoint_ids().empty());
  for (const CheckpointId id : {9, 10, 100}) REQUIRE(place.checkpoints().add(place.checkpoint(id)));
  CompletedCheckpoint savepoint = place.checkpoint(50);
  savepoint.is_savepoint = true;
  savepoint.root = savepoint.directory = place.directory.path("s");
  REQUIRE(place.checkpoints().add(savepoint));
  CHECK(place.checkpoint_ids() == Ids{9, 10, 50, 100});
  REQUIRE(place.checkpoints().remove(place.checkpoint(10)));
  REQUIRE(place.checkpoints().remove(savepoint));
  CHECK(place.checkpoint_ids() == Ids{9, 100});
  CHECK(!place.has_metadata(10));
  CHECK(read_checkpoint(place.files, savepoint.directory).has_value());
}

TEST_CASE("without the latest checkpoint nothing starts, unless falling back is allowed; it is put aside") {
  Place place;
  for (const CheckpointId id : {1, 2}) REQUIRE(place.checkpoints().add(place.checkpoint(id)));
  SUBCASE("its pointer is nonsense") { place.tree.write(place.node(2), "nonsense"); }
  SUBCASE("its metadata are gone") {
    REQUIRE(place.files.remove(place.checkpoint(2).directory + "/_metadata"));
  }
  SUBCASE("it points to another") { place.tree.write(place.node(2), place.tree.data(place.node(1))); }
  const auto refused = place.checkpoints().recover();
  REQUIRE(!refused);
  CHECK(refused.error().what.find("state.checkpoints.fall-back") != std::string::npos);
  CHECK(place.checkpoint_ids(true) == Ids{1});
  CHECK(place.tree.is_there(place.node(2) + ".corrupt"));
  CHECK(place.checkpoint_ids() == Ids{1});
}

TEST_CASE("what another job left is started from, and not touched") {
  Place place;
  CompletedCheckpoint foreign = place.checkpoint(3);
  foreign.root = place.directory.path("other");
  foreign.directory = foreign.root + "/chk-3";
  REQUIRE(write_metadata(place.files, foreign));
  REQUIRE(place.checkpoints().adopt(foreign));
  CHECK(place.checkpoint_ids() == Ids{3});
  REQUIRE(place.checkpoints().remove(foreign));
  CHECK(place.checkpoint_ids().empty());
  CHECK(read_checkpoint(place.files, foreign.directory).has_value());
}

TEST_CASE("if no checkpoint can be read the job does not start from nothing") {
  Place place;
  REQUIRE(place.checkpoints().add(place.checkpoint(1)));
  place.tree.write(place.node(1), "nonsense");
  CHECK(!place.checkpoints(true).recover());
}

TEST_CASE("ids rise over all counters of one job, whatever is lost") {
  Place place;
  CheckpointId last = 0;
  for (int process = 0; process < 3; ++process) {
    ZkCheckpointIdCounter counter(place.term, kJob);
    place.have({Luck::Answered, Luck::Answered, Luck::LostAfter});
    for (int i = 0; i < 40; ++i) {
      const auto id = counter.next();
      REQUIRE(id);
      CHECK(*id > last);
      last = *id;
    }
  }
  ZkCheckpointIdCounter counter(place.term, kJob);
  REQUIRE(counter.skip_to(10'000));
  CHECK(*counter.next() == 10'001);
  REQUIRE(counter.skip_to(5));
  CHECK(*counter.next() == 10'002);
  REQUIRE(place.checkpoints().add(place.checkpoint(10'002)));
  REQUIRE(counter.forget());
  CHECK(!place.tree.is_there(place.paths.counter(kJob)));
  CHECK(place.checkpoint_ids() == Ids{10'002});
  REQUIRE(place.checkpoints().remove(place.checkpoint(10'002)));
  REQUIRE(counter.forget());
  CHECK(!place.tree.is_there(place.paths.checkpoints(kJob)));
  place.tree.write(place.paths.counter(kJob), "nonsense");
  CHECK(!ZkCheckpointIdCounter(place.term, kJob).next());
}

JobVerdict verdict(std::uint64_t number) {
  return {.job = {.high = 9, .low = number},
          .name = "job " + std::to_string(number),
          .status = JobStatus::Failed,
          .failure = "why",
          .started = WallTime(1s),
          .ended = WallTime(std::chrono::seconds(number)),
          .accumulators = {{"lines", 3}}};
}

TEST_CASE("who leads no longer is told no bound below which checkpoints are over") {
  Place place;
  ZkCheckpointIdCounter counter(place.term, kJob);
  REQUIRE(counter.upcoming());
  place.depose();
  const auto bound = counter.upcoming();
  REQUIRE(!bound);
  CHECK(bound.error().code == ErrorCode::NotLeader);
}

TEST_CASE("how jobs ended is remembered in the order in which they did, of the latest") {
  Place place;
  CHECK(place.ended().empty());
  for (const std::uint64_t number : {7, 3, 5}) REQUIRE(place.end(verdict(number)));
  REQUIRE(place.end(verdict(5)));
  CHECK(place.ended() == std::vector{verdict(3), verdict(5), verdict(7)});
  for (std::uint64_t number = 8; number < 8 + ZkVerdictStore::kRemembered; ++number)
    REQUIRE(place.end(verdict(number)));
  CHECK(place.ended().size() == ZkVerdictStore::kRemembered);
  CHECK(!place.tree.is_there(place.paths.verdict(verdict(7).job)));
}

TEST_CASE("the end of a job goes on record with its removal, both or neither") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  REQUIRE(place.verdicts.record({.job = kJob}));
  CHECK(place.jobs() == std::vector{kJob});
  CHECK(place.ended().empty());
  place.have({Luck::Answered, Luck::LostAfter});
  const int before = place.tree.commits;
  REQUIRE(place.job_store().remove(kJob));
  CHECK(place.tree.commits > before);
  CHECK(place.jobs().empty());
  CHECK(place.ended().size() == 1);
  CHECK(place.job_files().empty());
}

TEST_CASE("a job that has ended is not taken in again, and not run again") {
  Place place;
  REQUIRE(place.job_store().put({.id = kJob}));
  const std::string pointer = place.tree.data(place.paths.job(kJob));
  REQUIRE(place.end({.job = kJob}));
  CHECK(place.job_store().put({.id = kJob}).error().code == ErrorCode::Refused);
  place.tree.write(place.paths.job(kJob), pointer);
  CHECK(place.jobs().empty());
  CHECK(!place.tree.is_there(place.paths.job(kJob)));
}

TEST_CASE("what is no end of a job is put aside, and what is too long is cut") {
  Place place;
  JobVerdict one = verdict(1);
  one.status = JobStatus::Running;
  REQUIRE(place.end(one));
  JobVerdict two = verdict(2);
  two.failure = std::string(1 << 20, 'x');
  for (int i = 0; i < 10'000; ++i) two.accumulators["accumulator " + std::to_string(i)] = i;
  REQUIRE(place.end(two));
  const auto remembered = place.ended();
  REQUIRE(remembered.size() == 1);
  CHECK(remembered.front().job == two.job);
  CHECK(remembered.front().status == JobStatus::Failed);
  CHECK(place.tree.is_there(place.paths.verdict(one.job) + ".corrupt"));
}

TEST_CASE("what cannot be a path in ZooKeeper is refused") {
  CHECK(ZkPaths::make("/weir", "a")->cluster() == "/weir/a");
  CHECK(ZkPaths::make("", "a")->cluster() == "/a");
  CHECK(ZkPaths::make("/a/b/", "/c/")->epoch() == "/a/b/c/epoch");
  for (const auto& [root, cluster] :
       {std::pair("/weir", ""), std::pair("/we ir", "a"), std::pair("/a//b", "c"), std::pair("/weir", "../a"),
        std::pair("/weir", "a/./b")})
    CHECK(!ZkPaths::make(root, cluster));
  CHECK(!ZkPaths::make("/weir", std::string(600, 'x')));
}

}  // namespace
}  // namespace weir
