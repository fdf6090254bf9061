// SPDX-License-Identifier: Apache-2.0
#include "ha/file_stores.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"

namespace weir {
namespace {

struct Place {
  testing::TemporaryDirectory directory;
  testing::FaultyFileSystem files;
  std::string root = directory.path() + "/job";

  [[nodiscard]] FileCheckpointStore store(bool may_fall_back = false) {
    return {files, {.root = root, .may_fall_back = may_fall_back}};
  }
  [[nodiscard]] CompletedCheckpoint checkpoint(CheckpointId id) const {
    return {.id = id, .root = root, .directory = root + "/chk-" + std::to_string(id)};
  }
  /// The state is written.
  [[nodiscard]] CompletedCheckpoint checkpoint_with_state(CheckpointId id) {
    CompletedCheckpoint made = checkpoint(id);
    FileCheckpointStorage storage(files, {.root = root, .directory = directory_of(id), .inline_bytes = 0});
    auto stream = storage.create("state");
    REQUIRE(stream);
    REQUIRE((*stream)->write(std::as_bytes(std::span("what it knows"))));
    const auto handle = (*stream)->close();
    REQUIRE(handle);
    made.operators[{.high = 1, .low = 1}].subtasks[0].state = *handle;
    return made;
  }
  [[nodiscard]] std::vector<CheckpointId> ids(bool may_fall_back = false) {
    const auto recovered = store(may_fall_back).recover();
    REQUIRE(recovered);
    std::vector<CheckpointId> all;
    for (const CompletedCheckpoint& one : *recovered) all.push_back(one.id);
    return all;
  }
  void spoil(const std::string& path) {
    auto content = read_file(files, path);
    REQUIRE(content);
    content->back() = static_cast<char>(content->back() ^ 1);
    REQUIRE(write_file_atomically(files, path, *content));
  }
};
using Ids = std::vector<CheckpointId>;

TEST_CASE("checkpoints come back in the order of their ids, until they are removed") {
  Place place;
  CHECK(place.ids().empty());
  for (const CheckpointId id : {9, 10, 100}) REQUIRE(place.store().add(place.checkpoint(id)));
  CHECK(place.ids() == Ids{9, 10, 100});
  REQUIRE(place.store().remove(place.checkpoint(10)));
  REQUIRE(place.store().remove(place.checkpoint(10)));
  CHECK(place.ids() == Ids{9, 100});
}

TEST_CASE("a disk that cannot be read is no reason to fall back, or to put anything aside") {
  Place place;
  for (const CheckpointId id : {1, 2}) REQUIRE(place.store().add(place.checkpoint(id)));
  place.files.open_error = EIO;
  CHECK(place.store(true).recover().error().code == ErrorCode::IoFailure);
  place.files.open_error = 0;
  CHECK(place.ids() == Ids{1, 2});
}

TEST_CASE("a savepoint that lies elsewhere comes back with them") {
  Place place;
  CompletedCheckpoint savepoint = place.checkpoint(5);
  savepoint.is_savepoint = true;
  savepoint.root = savepoint.directory = place.directory.path() + "/s";
  REQUIRE(place.store().add(place.checkpoint(4)));
  REQUIRE(place.store().add(savepoint));
  const auto recovered = place.store().recover();
  REQUIRE(recovered);
  CHECK(recovered->back() == savepoint);
  REQUIRE(place.store().remove(savepoint));
  CHECK(place.ids() == Ids{4});
  CHECK(read_checkpoint(place.files, savepoint.directory).has_value());
}

TEST_CASE("a checkpoint that was not finished is none") {
  Place place;
  REQUIRE(place.store().add(place.checkpoint(1)));
  REQUIRE(place.files.make_folder(place.root + "/chk-2"));
  place.files.renames = false;
  CHECK(!place.store().add(place.checkpoint(3)));
  CHECK(place.ids() == Ids{1});
}

TEST_CASE("without the latest nothing starts, unless falling back is allowed; it is kept aside") {
  Place place;
  for (const CheckpointId id : {1, 2}) REQUIRE(place.store().add(place.checkpoint(id)));
  place.spoil(place.root + "/chk-2/_metadata");
  const auto refused = place.store().recover();
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::Corrupt);
  CHECK(refused.error().what.find("state.checkpoints.fall-back") != std::string::npos);
  CHECK(place.ids(true) == Ids{1});
  CHECK(place.files.open(place.root + "/chk-2/_metadata.corrupt").has_value());
  CHECK(place.ids() == Ids{1});
}

TEST_CASE("if none can be read the job does not start from nothing") {
  Place place;
  REQUIRE(place.store().add(place.checkpoint(1)));
  place.spoil(place.root + "/chk-1/_metadata");
  CHECK(!place.store(true).recover());
}

TEST_CASE("an older one that cannot be read is put aside") {
  Place place;
  for (const CheckpointId id : {1, 2}) REQUIRE(place.store().add(place.checkpoint(id)));
  place.spoil(place.root + "/chk-1/_metadata");
  CHECK(place.ids() == Ids{2});
}

TEST_CASE("a disk that cannot be read now is asked again later, and nothing is put aside") {
  Place place;
  for (const CheckpointId id : {1, 2}) REQUIRE(place.store().add(place.checkpoint(id)));
  place.files.read_error = EIO;
  for (const bool may_fall_back : {false, true}) {
    const auto refused = place.store(may_fall_back).recover();
    REQUIRE(!refused);
    CHECK(refused.error().what.find(place.root) != std::string::npos);
  }
  place.files.read_error = 0;
  CHECK(place.ids() == Ids{1, 2});
}

TEST_CASE("a savepoint on a disk that is not there yet is waited for, unless an older checkpoint may do") {
  Place place;
  CompletedCheckpoint savepoint = place.checkpoint(5);
  savepoint.is_savepoint = true;
  savepoint.root = savepoint.directory = place.directory.path() + "/s";
  REQUIRE(place.store().add(savepoint));
  const std::string elsewhere = place.directory.path() + "/unmounted";
  std::filesystem::rename(savepoint.directory, elsewhere);
  for (const bool may_fall_back : {false, true}) {
    const auto refused = place.store(may_fall_back).recover();
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::NotFound);
  }
  REQUIRE(place.store().add(place.checkpoint(4)));
  CHECK(!place.store().recover());
  SUBCASE("it comes back") {
    std::filesystem::rename(elsewhere, savepoint.directory);
    CHECK(place.ids() == Ids{4, 5});
  }
  SUBCASE("it is given up") { CHECK(place.ids(true) == Ids{4}); }
}

TEST_CASE("a checkpoint is read again if state that it names is not there, and is broken if it is another") {
  Place place;
  for (const CheckpointId id : {1, 2}) REQUIRE(place.store().add(place.checkpoint_with_state(id)));
  const std::string path = place.root + "/chk-2/state";
  std::string old = *read_file(place.files, path);
  SUBCASE("not there") {
    REQUIRE(place.files.remove(path));
    const auto refused = place.store().recover();
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::NotFound);
    CHECK(refused.error().what.find(path) != std::string::npos);
    REQUIRE(write_file_atomically(place.files, path, old));
    CHECK(place.ids() == Ids{1, 2});
  }
  SUBCASE("cut off") {
    old.pop_back();
    REQUIRE(write_file_atomically(place.files, path, old));
    const auto refused = place.store().recover();
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::Corrupt);
    CHECK(refused.error().what.find(path) != std::string::npos);
    CHECK(place.ids(true) == Ids{1});
  }
  SUBCASE("spoilt, which is seen before the job starts if another one may do") {
    place.spoil(path);
    CHECK(place.ids() == Ids{1, 2});  // the tasks that read it see it
    CHECK(place.ids(true) == Ids{1});
  }
}

TEST_CASE("ids rise over all counters of one job") {
  Place place;
  CheckpointId last = 0;
  for (int process = 0; process < 3; ++process) {
    FileCheckpointIdCounter counter(place.files, place.root);
    for (int i = 0; i < 40; ++i) {
      const auto id = counter.next();
      REQUIRE(id);
      CHECK(*id > last);
      last = *id;
    }
  }
  FileCheckpointIdCounter counter(place.files, place.root);
  REQUIRE(counter.skip_to(10'000));
  CHECK(*counter.next() == 10'001);
  REQUIRE(counter.skip_to(5));
  CHECK(*counter.next() == 10'002);
}

TEST_CASE("a counter that cannot be kept gives no id, and goes on when the disk does") {
  Place place;
  FileCheckpointIdCounter counter(place.files, place.root);
  place.files.syncs = false;
  CHECK(!counter.next());
  place.files.syncs = true;
  CHECK(*counter.next() == 1);
}

TEST_CASE("a counter that is spoilt gives no id") {
  Place place;
  REQUIRE(FileCheckpointIdCounter(place.files, place.root).next());
  place.spoil(place.root + "/next-id");
  CHECK(FileCheckpointIdCounter(place.files, place.root).next().error().code == ErrorCode::Corrupt);
}

TEST_CASE("every flipped bit and every cut of what is kept beside checkpoints is told by name") {
  Place place;
  CompletedCheckpoint savepoint = place.checkpoint(5);
  savepoint.is_savepoint = true;
  savepoint.root = savepoint.directory = place.directory.path() + "/s";
  REQUIRE(place.store().add(savepoint));
  REQUIRE(FileCheckpointIdCounter(place.files, place.root).next());
  std::string path = place.root + "/savepoint-5";
  std::function<Error()> said = [&] { return place.store().recover().error(); };
  SUBCASE("a pointer to a savepoint") {}
  SUBCASE("the counter of checkpoints") {
    path = place.root + "/next-id";
    said = [&] { return FileCheckpointIdCounter(place.files, place.root).next().error(); };
  }
  const std::string whole = *read_file(place.files, path);
  const auto check = [&](const std::string& damaged) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    const Error error = said();
    if (error.code != ErrorCode::Corrupt || error.what.find(path) == std::string::npos)
      FAIL_CHECK(error.what);
  };
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    check(damaged);
  }
  for (std::size_t length = 0; length < whole.size(); ++length) check(whole.substr(0, length));
  check(whole + '\0');
}

TEST_CASE("jobs come back until they are removed; a spoilt one does not hold up the others") {
  Place place;
  FileJobGraphStore store(place.files, place.root);
  JobGraph one;
  one.id = {.high = 1, .low = 1};
  one.name = "one";
  one.vertices.resize(2);
  one.vertices[1].operators = {{.id = {.high = 2, .low = 3}, .node = -1, .name = "op", .uid = "u"}};
  one.checkpoints.interval = 10s;
  JobGraph two = one;
  two.id = {.high = 1, .low = 2};
  REQUIRE(store.put(one));
  REQUIRE(store.put(two));
  CHECK(*store.recover() == std::vector{one, two});
  place.spoil(place.root + "/" + one.id.hex());
  CHECK(*store.recover() == std::vector{two});
  REQUIRE(store.remove(two.id));
  CHECK(store.recover()->empty());
}

TEST_CASE(
    "a job whose checkpoints' directory is away waits for it by name, and is not started from nothing") {
  Place place;
  const std::string jobs = place.directory.path("jobs");
  const JobId job{.high = 1, .low = 1};
  FileCheckpointStoreFactory stores(place.files, false, jobs);
  REQUIRE(stores.open(job, place.root).completed->recover()->empty());  // it begins
  CHECK(std::filesystem::exists(place.root));
  Ids expected;
  SUBCASE("without a checkpoint yet") {}
  SUBCASE("with one") {
    REQUIRE(stores.open(job, place.root).completed->add(place.checkpoint(3)));
    expected = {3};
  }
  const std::string unmounted = place.directory.path("elsewhere");
  std::filesystem::rename(place.root, unmounted);
  for (int asked = 0; asked < 2; ++asked) {
    if (asked == 1)
      std::filesystem::create_directories(place.root + "/chk-4");  // by a task that knew nothing
    const auto away = stores.open(job, place.root).completed->recover();
    REQUIRE(!away);
    CHECK(away.error().retry == Retry::Later);
    CHECK(away.error().what == "the job's checkpoints are not in " + place.root +
                                   ", where they were: is that disk mounted? If it is to start from nothing, "
                                   "remove " + jobs + "/" + job.hex() + ".begun");
  }
  std::filesystem::remove_all(place.root);
  std::filesystem::rename(unmounted, place.root);
  const auto back = stores.open(job, place.root).completed->recover();
  REQUIRE(back);
  Ids found;
  for (const CompletedCheckpoint& one : *back) found.push_back(one.id);
  CHECK(found == expected);
}

TEST_CASE("a job that nobody keeps, and one that begins, need no directory of checkpoints") {
  Place place;
  CHECK(FileCheckpointStoreFactory(place.files, false).open({}, place.root).completed->recover()->empty());
  CHECK(!std::filesystem::exists(place.root));
}

TEST_CASE("what says that a job had begun goes with the job, also if its JobManager dies in between") {
  Place place;
  const std::string jobs = place.directory.path("jobs");
  FileJobGraphStore store(place.files, jobs);
  JobGraph one;
  one.id = {.high = 1, .low = 1};
  REQUIRE(store.put(one));
  REQUIRE(FileCheckpointStoreFactory(place.files, false, jobs).open(one.id, place.root).completed->recover());
  CHECK(place.files.list(jobs)->size() == 2);
  CHECK(store.recover()->size() == 1);
  CHECK(place.files.list(jobs)->size() == 2);
  SUBCASE("by its removal") { REQUIRE(store.remove(one.id)); }
  SUBCASE("by the next recovery") {
    REQUIRE(place.files.remove(jobs + "/" + one.id.hex()));
    CHECK(store.recover()->empty());
  }
  CHECK(place.files.list(jobs)->empty());
}

}  // namespace
}  // namespace weir
