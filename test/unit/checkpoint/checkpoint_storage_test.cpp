// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/memory_storage.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using namespace weir::testing;

namespace {

std::vector<std::byte> some_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
  return bytes;
}

Result<StateHandle> store(CheckpointStorage& storage, const std::string& name,
                          const std::vector<std::byte>& bytes, std::size_t piece_bytes = 1 << 20) {
  auto stream = storage.create(name);
  if (!stream) return stream.error();
  const std::span<const std::byte> all(bytes);
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const auto done = (*stream)->write(all.subspan(at, std::min(piece_bytes, bytes.size() - at)));
    if (!done) return done.error();
  }
  return (*stream)->close();
}

std::vector<std::byte> load(FileSystem& files, const std::string& root, const StateHandle& handle) {
  auto reader = open_state(files, root, handle);
  REQUIRE(reader);
  std::vector<std::byte> bytes((*reader)->size());
  REQUIRE((*reader)->read(0, bytes));
  return bytes;
}

/// All files below a directory.
std::vector<std::string> files_below(const std::string& root) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) paths.push_back(std::filesystem::relative(entry.path(), root).string());
  }
  return paths;
}

/// The directory in which a test stores checkpoint 17, on a disk with the test's faults.
struct Disk {
  TemporaryDirectory directory;
  FaultyFileSystem files;
  std::string root = directory.path("jobs/1");
  FileCheckpointStorage storage{files, {.root = root, .directory = directory_of(17)}};
};

}  // namespace

TEST_CASE("the memory backend keeps bytes in the handle, up to its cap") {
  MemoryCheckpointStorage storage(1000);
  LocalFileSystem files;
  const auto bytes = some_bytes(1000);
  const auto handle = store(storage, "1-0", bytes, 77);
  REQUIRE(handle);
  CHECK(handle->path.empty());
  CHECK(handle->bytes == 1000);
  CHECK(handle->crc == crc32c(bytes));
  CHECK(load(files, "nowhere", *handle) == bytes);
  CHECK(verify_state(files, "nowhere", *handle));

  const auto too_much = store(storage, "1-0", some_bytes(1001));
  REQUIRE_FALSE(too_much);
  CHECK(too_much.error().what ==
        "the state \"1-0\" has 1001 bytes, more than the 1000 that the state backend `memory` takes: set "
        "state.backend to `filesystem` or `rocksdb`, and state.checkpoints.dir");
}

TEST_CASE("a state file lies where its handle says, and what is short stays in the handle") {
  Disk disk;
  for (const std::size_t count : {0, 1, 1024, 1025, 70'000, 200'000}) {
    for (const std::size_t piece : {13, 1024, 100'000}) {
      const auto bytes = some_bytes(count);
      const auto handle = store(disk.storage, "state", bytes, piece);
      REQUIRE(handle);
      CHECK(handle->bytes == count);
      CHECK(handle->crc == crc32c(bytes));
      CHECK(handle->path == (count <= 1024 ? "" : "chk-17/state"));
      CHECK(load(disk.files, disk.root, *handle) == bytes);
      CHECK(verify_state(disk.files, disk.root, *handle));
    }
  }
  CHECK(files_below(disk.root) == std::vector<std::string>{"chk-17/state"});
}

TEST_CASE("a stream that is not closed leaves nothing") {
  Disk disk;
  {
    auto stream = disk.storage.create("state");
    REQUIRE((*stream)->write(some_bytes(5000)));
    CHECK(files_below(disk.root) == std::vector<std::string>{"chk-17/state.unfinished"});
  }
  CHECK(files_below(disk.root).empty());
}

TEST_CASE("a disk's fault is the storage's error, and nothing half is left") {
  Disk disk;
  std::string expected;
  SUBCASE("full") {
    disk.files.write_error = ENOSPC;
    expected = "No space left on device";
  }
  SUBCASE("broken") {
    disk.files.write_error = EIO;
    expected = "Input/output error";
  }
  SUBCASE("read-only") {
    disk.files.create_error = EROFS;
    expected = "Read-only file system";
  }
  SUBCASE("full after some bytes") {
    disk.files.room_bytes = 80'000;
    expected = "no space left";
  }
  SUBCASE("not synced") {
    disk.files.syncs = false;
    expected = "sync failed";
  }
  SUBCASE("not renamed") {
    disk.files.renames = false;
    expected = "rename failed";
  }
  const auto failed = store(disk.storage, "state", some_bytes(150'000), 1000);
  REQUIRE_FALSE(failed);
  CAPTURE(failed.error().what);
  CHECK(failed.error().what.find(expected) != std::string::npos);
  CHECK(failed.error().blame == Blame::Environment);
  if (disk.files.write_error != 0) CHECK(failed.error().what.find("chk-17/state") != std::string::npos);
  if (std::filesystem::exists(disk.root)) CHECK(files_below(disk.root).empty());

  disk.files.write_error = disk.files.create_error = 0;
  disk.files.room_bytes = UINT64_MAX;
  disk.files.syncs = disk.files.renames = true;
  CHECK(store(disk.storage, "state", some_bytes(150'000)));
}

TEST_CASE("a handle that leads out of its root is refused") {
  Disk disk;
  std::filesystem::create_directories(disk.root);
  disk.directory.file("secret", "12345");
  for (const char* path :
       {"../../secret", "/etc/passwd", "chk-17/../../../secret", "a//b", "./a", "a/", ".."}) {
    CAPTURE(path);
    const auto opened = open_state(disk.files, disk.root, {.path = path, .bytes = 5});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::Corrupt);
    CHECK(opened.error().what.find(path) != std::string::npos);
  }
  for (const char* name : {"", ".", "..", "a/b", "/a"}) CHECK_FALSE(disk.storage.create(name));
}

TEST_CASE("a state file that was removed, cut off or changed is found") {
  Disk disk;
  const auto handle = store(disk.storage, "state", some_bytes(5000));
  REQUIRE(handle);
  const std::string path = disk.root + "/" + handle->path;

  auto content = read_file(disk.files, path);
  content->at(4000) ^= 1;
  REQUIRE(write_file_atomically(disk.files, path, *content));
  CHECK(open_state(disk.files, disk.root, *handle));
  CHECK(verify_state(disk.files, disk.root, *handle).error().what ==
        "the state file " + path + " is not the one that was written: its checksum differs");

  content->resize(4999);
  REQUIRE(write_file_atomically(disk.files, path, *content));
  CHECK(open_state(disk.files, disk.root, *handle).error().what ==
        "the state file " + path + " is not the one that was written: it has 4999 bytes, not 5000");

  REQUIRE(disk.files.remove(path));
  const auto gone = open_state(disk.files, disk.root, *handle);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == ErrorCode::NotFound);
}
