// SPDX-License-Identifier: Apache-2.0
#include "ha/checkpoint_keeper.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "checkpoint/snapshot/checkpoint_files.h"
#include "checkpoint/snapshot/metadata.h"
#include "ha/file_stores.h"
#include "ha/memory_stores.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"

namespace weir {
namespace {

using Paths = std::vector<std::string>;

/// The disk of one job. Each keeper() is that of another JobManager.
struct Disk {
  testing::TemporaryDirectory directory;
  testing::FaultyFileSystem files;
  std::string root = directory.path("job");
  FileCheckpointStoreFactory stores{files, false};

  [[nodiscard]] CheckpointKeeper keeper() { return {files, stores.open({}, root), root}; }
  [[nodiscard]] CompletedCheckpoint checkpoint(CheckpointId id) const {
    return {.id = id, .root = root, .directory = root + "/chk-" + std::to_string(id)};
  }
  /// Files below the root, of a few bytes each.
  void lay(const Paths& paths) {
    for (const std::string& path : paths) {
      const std::filesystem::path file = root + "/" + path;
      std::filesystem::create_directories(file.parent_path());
      std::ofstream(file) << path;
    }
  }
  /// Names these files, and those that are not there are laid down.
  [[nodiscard]] CompletedCheckpoint with_files(CheckpointId id, const Paths& paths) {
    CompletedCheckpoint made = checkpoint(id);
    OperatorSnapshot& part = made.operators[{.high = 1, .low = 1}].subtasks[0];
    for (const std::string& path : paths) {
      if (!std::filesystem::exists(root + "/" + path)) lay({path});
      StateHandle handle{.path = path, .bytes = path.size(), .crc = crc32c(std::as_bytes(std::span(path)))};
      if (path.starts_with("shared/")) part.shared.push_back(std::move(handle));
      else part.state = std::move(handle);
    }
    return made;
  }
  /// All files below the root, sorted.
  [[nodiscard]] Paths tree() const {
    Paths paths;
    if (!std::filesystem::exists(root)) return paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.is_regular_file()) paths.push_back(std::filesystem::relative(entry.path(), root).string());
    std::ranges::sort(paths);
    return paths;
  }
};

TEST_CASE("what a job has of its own and cannot read now, it is to be asked for again") {
  Disk disk;
  REQUIRE(disk.keeper().write(disk.checkpoint(1), true));
  for (const int error : {EIO, EACCES}) {
    disk.files.read_error = error;
    const auto refused = disk.keeper().recover("");
    REQUIRE(!refused);
    CHECK(refused.error().retry == Retry::Later);
  }
  disk.files.read_error = 0;
  disk.files.create_error = EROFS;  // no id can be reserved
  CHECK(disk.keeper().recover("").error().retry == Retry::Later);
  disk.files.create_error = 0;
  CHECK(disk.keeper().recover("")->size() == 1);
}

TEST_CASE("what is spoilt, and what a job was told to start from and is not there, is told at once") {
  Disk disk;
  const auto none = disk.keeper().recover(disk.directory.path("nothing"));
  REQUIRE(!none);
  CHECK(none.error().retry == Retry::Never);
  disk.lay({"chk-1/_metadata"});
  const auto spoilt = disk.keeper().recover("");
  REQUIRE(!spoilt);
  CHECK(spoilt.error().retry == Retry::Never);
}

// What is left behind. Each test lays down what died, and asks who comes next.

TEST_CASE("a checkpoint that its JobManager or its tasks did not live to complete leaves nothing") {
  Disk disk;
  {
    CheckpointKeeper before = disk.keeper();
    REQUIRE(before.recover(""));
    for (CheckpointId id = 1; id <= 3; ++id) REQUIRE(*before.next_id() == id);
    REQUIRE(before.write(disk.with_files(1, {"chk-1/state", "shared/op-0-a-1.1.sst"}), true));
  }
  disk.lay({"chk-2/state", "chk-3/late.unfinished", "shared/op-0-a-2.2.sst",
            "shared/op-0-a-3.9.sst.unfinished", "notes.txt", "chk-x/file", "shared/notes"});
  SUBCASE("for the next JobManager") { REQUIRE(disk.keeper().recover("")); }
  SUBCASE("nor after the job's end") {
    CheckpointKeeper last = disk.keeper();
    REQUIRE(last.recover(""));
    last.remove(disk.checkpoint(1), {"chk-1/state", "shared/op-0-a-1.1.sst"});
    disk.lay({"chk-3/later", "shared/op-0-a-3.7.sst"});
    last.close(false);
    CHECK(disk.tree() == Paths{"chk-x/file", "notes.txt", "shared/notes"});
    return;
  }
  CHECK(disk.tree() == Paths{"chk-1/_metadata", "chk-1/state", "chk-x/file", "next-id", "notes.txt",
                             "shared/notes", "shared/op-0-a-1.1.sst"});
}

TEST_CASE("a restart takes what tasks left, and keeps what any checkpoint names that is on record") {
  Disk disk;
  CheckpointKeeper keeper = disk.keeper();
  REQUIRE(keeper.recover(""));
  for (CheckpointId id = 1; id <= 4; ++id) REQUIRE(*keeper.next_id() == id);
  // Both are retained. The later one names a file that the earlier was the first to write.
  REQUIRE(
      keeper.write(disk.with_files(1, {"chk-1/a", "shared/op-0-a-1.1.sst", "shared/op-0-a-1.2.sst"}), true));
  REQUIRE(
      keeper.write(disk.with_files(3, {"chk-3/a", "shared/op-0-a-1.1.sst", "shared/op-0-a-3.3.sst"}), true));
  const Paths whole = disk.tree();
  disk.lay({"chk-2/a", "chk-4/b", "shared/op-0-a-4.4.sst"});
  keeper.sweep();
  CHECK(disk.tree() == whole);

  // What is written for a checkpoint that is yet to come is not touched.
  disk.lay({"chk-5/a", "shared/op-0-b-5.1.sst"});
  keeper.sweep();
  CHECK(disk.tree().size() == whole.size() + 2);

  keeper.remove(disk.checkpoint(1), {"chk-1/a", "shared/op-0-a-1.2.sst"});
  keeper.sweep();
  CHECK(disk.tree() == Paths{"chk-3/_metadata", "chk-3/a", "chk-5/a", "next-id", "shared/op-0-a-1.1.sst",
                             "shared/op-0-a-3.3.sst", "shared/op-0-b-5.1.sst"});
}

TEST_CASE("checkpoints that outlive their job keep all their files, and what was put aside, too") {
  Disk disk;
  CheckpointKeeper keeper = disk.keeper();
  REQUIRE(keeper.recover(""));
  for (CheckpointId id = 1; id <= 3; ++id) REQUIRE(*keeper.next_id() == id);
  REQUIRE(keeper.write(disk.with_files(3, {"chk-3/a", "shared/op-0-a-1.1.sst"}), true));
  Paths expected{"chk-3/_metadata", "chk-3/a", "shared/op-0-a-1.1.sst"};
  SUBCASE("kept") { disk.lay({"chk-1/a", "shared/op-0-a-2.1.sst"}); }
  SUBCASE("put aside: nobody knows which shared files it names") {
    disk.lay({"chk-1/_metadata.corrupt", "chk-1/a", "chk-2/a", "shared/op-0-a-2.1.sst"});
    expected = {"chk-1/_metadata.corrupt", "chk-1/a", "chk-3/_metadata", "chk-3/a", "shared/op-0-a-1.1.sst",
                "shared/op-0-a-2.1.sst"};
  }
  keeper.close(true);
  CHECK(disk.tree() == expected);
}

/// Keeps what it is given, and says that it does not know.
class UnheardStore final : public CompletedCheckpointStore {
public:
  Status add(const CompletedCheckpoint& checkpoint) override {
    (void)kept_.add(checkpoint);
    return Error{ErrorCode::IoFailure, "nobody answers", Blame::Environment, Retry::Later};
  }
  Status adopt(const CompletedCheckpoint& checkpoint) override { return add(checkpoint); }
  Status remove(const CompletedCheckpoint& checkpoint) override { return kept_.remove(checkpoint); }
  Result<std::vector<CompletedCheckpoint>> recover() override { return kept_.recover(); }

private:
  MemoryCheckpointStore kept_;
};

TEST_CASE("a checkpoint of which it is not known whether it is on record keeps its files") {
  Disk disk;
  CheckpointStores stores{std::make_unique<UnheardStore>(), std::make_unique<MemoryCheckpointIdCounter>()};
  CheckpointKeeper keeper(disk.files, std::move(stores), disk.root);
  REQUIRE(keeper.recover(""));
  const CheckpointId id = *keeper.next_id();
  CHECK(!keeper.write(disk.with_files(id, {"chk-1/op-0"}), true));
  keeper.sweep();
  CHECK(disk.tree() == Paths{"chk-1/op-0"});
}

TEST_CASE("nothing is swept by whom the disk did not tell what is on record") {
  Disk disk;
  {
    CheckpointKeeper before = disk.keeper();
    REQUIRE(before.recover(""));
    REQUIRE(before.next_id());
    REQUIRE(before.write(disk.with_files(1, {"chk-1/a"}), true));
  }
  const Paths whole = disk.tree();
  CheckpointKeeper keeper = disk.keeper();
  disk.files.read_error = EIO;
  CHECK(!keeper.recover(""));
  disk.files.read_error = 0;
  keeper.sweep();
  CHECK(disk.tree() == whole);
}

TEST_CASE("any mixture of checkpoints that complete, fail and are dropped loses no file that one names") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Disk disk;
  auto keeper = std::unique_ptr<CheckpointKeeper>(new CheckpointKeeper(disk.keeper()));
  REQUIRE(keeper->recover(""));
  std::vector<CompletedCheckpoint> retained;
  for (int step = 0; step < 300; ++step) {
    const CheckpointId id = *keeper->next_id();
    Paths named{"chk-" + std::to_string(id) + "/a"};
    for (std::uint32_t i = random() % 3; i > 0; --i)
      named.push_back("shared/op-0-a-" + std::to_string(id) + "." + std::to_string(i) + ".sst");
    if (!retained.empty() && random() % 2 == 0)  // incremental: it names some of the latest again
      for (const StateHandle* file : state_files_of(retained.back()))
        if (file->path.starts_with("shared/") && random() % 3 != 0) named.push_back(file->path);
    if (random() % 3 == 0) {  // it is not completed: some of its files are there
      for (const std::string& path : named)
        if (random() % 2 == 0 && !std::filesystem::exists(disk.root + "/" + path)) disk.lay({path});
    } else {
      retained.push_back(disk.with_files(id, named));
      REQUIRE(keeper->write(retained.back(), true));
    }
    if (retained.size() > 1 + random() % 3) {
      const CompletedCheckpoint oldest = retained.front();
      retained.erase(retained.begin());
      keeper->remove(oldest, {});  // with what is its own only: the sweep must find the rest
    }
    if (random() % 4 == 0) keeper->sweep();
    if (random() % 10 == 0) {
      keeper = std::unique_ptr<CheckpointKeeper>(new CheckpointKeeper(disk.keeper()));
      const auto known = keeper->recover("");
      REQUIRE(known);
      REQUIRE(known->size() == retained.size());
    }
    for (const CompletedCheckpoint& one : retained)
      REQUIRE(check_files(disk.files, one, FileCheck::Checksum));
  }
  keeper->sweep();
  std::set<std::string> named;
  for (const CompletedCheckpoint& one : retained)
    for (const StateHandle* file : state_files_of(one)) named.insert(file->path);
  CHECK(disk.tree().size() == named.size() + retained.size() + 1);  // their metadata, and the counter
}

/// What a job leaves that died amid a checkpoint.
struct LeftBehind {
  testing::TemporaryDirectory directory;
  LocalFileSystem files;
  std::string root = directory.path("job");
  CheckpointKeeper keeper{
      files,
      {std::make_unique<MemoryCheckpointStore>(), std::make_unique<MemoryCheckpointIdCounter>()},
      root};

  LeftBehind() {
    for (const char* name : {"job/chk-4/_metadata", "job/chk-4/op-0", "job/chk-5/op-1.unfinished"}) {
      std::filesystem::create_directories(std::filesystem::path(directory.path(name)).parent_path());
      directory.file(name, "bytes");
    }
  }
};

TEST_CASE("a job that is over leaves nothing, also of checkpoints that nobody completed") {
  LeftBehind job;
  job.keeper.close(false);
  CHECK(!std::filesystem::exists(job.root));
}

TEST_CASE("whose checkpoints somebody wants keeps all of them") {
  LeftBehind job;
  job.keeper.close(true);
  CHECK(std::filesystem::exists(job.root + "/chk-4/_metadata"));
  CHECK(std::filesystem::exists(job.root + "/chk-5/op-1.unfinished"));
}

TEST_CASE("what lies beside checkpoints is not theirs") {
  LeftBehind job;
  std::filesystem::create_directories(job.root + "/savepoint-1");
  job.directory.file("job/savepoint-1/_metadata", "bytes");
  job.directory.file("job/notes", "bytes");
  job.keeper.close(false);
  CHECK(std::filesystem::exists(job.root + "/savepoint-1/_metadata"));
  CHECK(std::filesystem::exists(job.root + "/notes"));
  CHECK(!std::filesystem::exists(job.root + "/chk-4"));
}

TEST_CASE("files of a checkpoint that are away may come back; those that were cut off do not") {
  Disk disk;
  const CompletedCheckpoint checkpoint = disk.with_files(1, {"chk-1/a"});
  CheckpointKeeper keeper = disk.keeper();
  CHECK(keeper.check(checkpoint));
  std::filesystem::rename(disk.root, disk.root + "-elsewhere");
  CHECK(keeper.check(checkpoint).error().retry == Retry::Later);
  std::filesystem::rename(disk.root + "-elsewhere", disk.root);
  CHECK(keeper.check(checkpoint));
  std::filesystem::resize_file(disk.root + "/chk-1/a", 3);
  CHECK(keeper.check(checkpoint).error().retry == Retry::Never);
}

// Savepoints lie where their users want them. Each of these was begun.

struct SavepointDisk : Disk {
  std::string savepoint = directory.path("savepoints/savepoint-ab-cd");

  /// Begins one, and has a task write a part of it.
  CompletedCheckpoint begin(CheckpointKeeper& keeper) {
    const auto id = keeper.next_id(savepoint);
    REQUIRE(id);
    write_part("state-0");
    return {.id = *id, .is_savepoint = true, .root = savepoint, .directory = savepoint};
  }
  void write_part(const std::string& name) const {
    std::filesystem::create_directories(savepoint);
    std::ofstream(savepoint + "/" + name) << name;
  }
  [[nodiscard]] bool has_savepoint() const { return std::filesystem::exists(savepoint); }
};

TEST_CASE("a savepoint that its JobManager did not live to complete is removed by the next one") {
  SavepointDisk disk;
  {
    CheckpointKeeper dead = disk.keeper();
    REQUIRE(dead.recover(""));
    (void)disk.begin(dead);
  }
  CheckpointKeeper next = disk.keeper();
  REQUIRE(next.recover(""));
  CHECK(!disk.has_savepoint());
  SUBCASE("and what a task writes that knew nothing of it goes with the next restart") {
    disk.write_part("state-1.unfinished");
    next.sweep();
    CHECK(!disk.has_savepoint());
    next.sweep();
    CHECK(disk.tree() == Paths{"next-id"});
  }
  SUBCASE("or with the end of the job") {
    disk.write_part("state-1");
    next.close(false);
    CHECK(!disk.has_savepoint());
    CHECK(!std::filesystem::exists(disk.root));
  }
  SUBCASE("also if its checkpoints are kept") {
    disk.write_part("state-1");
    next.close(true);
    CHECK(!disk.has_savepoint());
  }
}

TEST_CASE("a savepoint that is complete is its user's, whoever dies when") {
  SavepointDisk disk;
  {
    CheckpointKeeper before = disk.keeper();
    REQUIRE(before.recover(""));
    const CompletedCheckpoint savepoint = disk.begin(before);
    SUBCASE("after it is told") { REQUIRE(before.write(savepoint, false)); }
    SUBCASE("before") { REQUIRE(write_metadata(disk.files, savepoint)); }
  }
  for (int restarts = 0; restarts < 2; ++restarts) {
    REQUIRE(disk.keeper().recover(""));
    CHECK(std::filesystem::exists(disk.savepoint + "/_metadata"));
    CHECK(std::filesystem::exists(disk.savepoint + "/state-0"));
  }
  CheckpointKeeper last = disk.keeper();
  REQUIRE(last.recover(""));
  last.close(false);
  CHECK(std::filesystem::exists(disk.savepoint + "/state-0"));
  CHECK(!std::filesystem::exists(disk.root));
}

TEST_CASE("a savepoint that another leader has given up does not become one") {
  SavepointDisk disk;
  CheckpointKeeper deposed = disk.keeper();
  REQUIRE(deposed.recover(""));
  const CompletedCheckpoint savepoint = disk.begin(deposed);
  CheckpointKeeper next = disk.keeper();
  REQUIRE(next.recover(""));
  const Status written = deposed.write(savepoint, false);
  REQUIRE(!written);
  CHECK(written.error().code == ErrorCode::NotLeader);
  CHECK(!std::filesystem::exists(disk.savepoint + "/_metadata"));
  next.sweep();
  CHECK(!disk.has_savepoint());
}

TEST_CASE("a savepoint can be taken though its record cannot be written") {
  SavepointDisk disk;
  CheckpointKeeper keeper = disk.keeper();
  REQUIRE(keeper.recover(""));
  REQUIRE(keeper.next_id());  // and many more are reserved
  disk.files.create_error = ENOSPC;
  const CompletedCheckpoint savepoint = disk.begin(keeper);
  disk.files.create_error = 0;
  CHECK(keeper.write(savepoint, false));
  CHECK(std::filesystem::exists(disk.savepoint + "/_metadata"));
}

}  // namespace
}  // namespace weir
