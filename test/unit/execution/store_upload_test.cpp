// SPDX-License-Identifier: Apache-2.0
#include "execution/task/store_upload.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state/rocksdb_backend.h"
#include "checkpoint/state/saved_store.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using namespace weir::testing;
namespace fs = std::filesystem;

namespace {

ByteStore::Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// A store with some rows, and the checkpoints that it is saved into.
class SampleStore {
public:
  SampleStore() {
    auto made = open_rocksdb({.directory = directory.path("db")});
    REQUIRE(made);
    store = *std::move(made);
    put(0, 100);
  }
  void put(int first, int behind) {
    for (int i = first; i < behind; ++i)
      store->column("rows").put(bytes_of("key " + std::to_string(i)), bytes_of(std::to_string(i)));
  }
  /// As a task does it.
  Result<StoreUpload::Saved> save(CheckpointId checkpoint, const SharedFiles::Files& known = {}) {
    const std::string saved_at = directory.path("saved-" + std::to_string(checkpoint));
    std::optional<Result<StoreUpload::Saved>> answer;
    {
      SnapshotWriters writers(1);
      auto upload = StoreUpload::begin(writers, disk,
                                       {.root = root,
                                        .directory = directory_of(checkpoint),
                                        .prefix = "store-" + std::to_string(checkpoint),
                                        .saved_at = saved_at,
                                        .files = store->save(saved_at),
                                        .known = known},
                                       [&](Result<StoreUpload::Saved> saved) { answer = std::move(saved); });
    }
    CHECK_FALSE(fs::exists(saved_at));
    REQUIRE(answer);
    return *answer;
  }
  [[nodiscard]] std::size_t file_count() const {
    std::size_t count = 0;
    if (!fs::exists(root)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(root)) count += entry.is_regular_file();
    return count;
  }

  TemporaryDirectory directory;
  FaultyFileSystem disk;
  std::string root = directory.path("checkpoints");
  std::unique_ptr<ByteStore> store;
};

void flip(std::string& content, std::size_t bit) {
  content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << bit % 8));
}

}  // namespace

TEST_CASE("a store is opened from the files that it was saved into") {
  SampleStore sample;
  const auto saved = sample.save(1);
  REQUIRE_MESSAGE(saved.has_value(), saved.error().what);
  sample.put(0, 200);
  const std::string directory = sample.directory.path("fetched");
  REQUIRE(fetch_store(sample.disk, sample.root, saved->files, directory));
  const auto opened = open_rocksdb({.directory = directory, .content = RocksDbOptions::Content::Saved});
  REQUIRE_MESSAGE(opened.has_value(), opened.error().what);
  CHECK((*opened)->has_column("rows"));
  const auto rows = (*opened)->column("rows").rows();
  ByteStore::Bytes key, value;
  int count = 0;
  while (rows->next(key, value)) ++count;
  CHECK(count == 100);
}

TEST_CASE("files that another checkpoint has are named, not written") {
  SampleStore sample;
  const auto first = sample.save(1);
  REQUIRE(first);
  const std::size_t count = sample.file_count();
  sample.put(100, 110);
  const auto second = sample.save(2, first->final_files);
  REQUIRE(second);
  for (const auto& [name, file] : first->final_files) CHECK(second->final_files.at(name) == file);
  CHECK(second->written.size() < second->files.size());
  CHECK(sample.file_count() == count + second->written.size());
}

TEST_CASE(
    "little is written of a store in which little changes, however often it is saved and merges files") {
  constexpr int kRows = 100'000;
  SampleStore sample;
  sample.put(0, kRows);
  auto saved = sample.save(1);
  REQUIRE(saved);
  const std::uint64_t full_bytes = saved->written_bytes;
  std::uint64_t all_bytes = 0;
  for (CheckpointId id = 2; id <= 13; ++id) {
    for (int row = 0; row < kRows; row += 100) {
      const int some = row + static_cast<int>(id);
      sample.put(some, some + 1);
    }
    saved = sample.save(id, saved->final_files);
    REQUIRE(saved);
    CHECK(saved->written_bytes < full_bytes * 3 / 10);
    all_bytes += saved->written_bytes;
  }
  CHECK(all_bytes < full_bytes);
}

TEST_CASE("a store whose files cannot be written leaves none") {
  SampleStore sample;
  SUBCASE("the disk is full") { sample.disk.room_bytes = 1000; }
  SUBCASE("it fails at the end") { sample.disk.renames = false; }
  const auto saved = sample.save(1);
  REQUIRE_FALSE(saved);
  CHECK(sample.file_count() == 0);
}

TEST_CASE("a flipped bit or a truncation anywhere in a store's files is found before it is opened") {
  SampleStore sample;
  const auto saved = sample.save(1);
  REQUIRE(saved);
  for (const StateHandle& file : saved->files) {
    const std::string path = sample.root + "/" + file.path;
    CAPTURE(path);
    const std::string content = content_of(path);
    const auto is_refused = [&](const std::string& changed) {
      sample.directory.file("checkpoints/" + file.path, changed);
      const Status fetched = fetch_store(sample.disk, sample.root, {file}, sample.directory.path("fetched"));
      return !fetched && fetched.error().code == ErrorCode::Corrupt &&
             fetched.error().what.find(path) != std::string::npos;
    };
    std::string changed = content;
    const std::size_t step = content.size() > 64 ? 61 : 1;  // all bits of a byte in turn
    for (std::size_t bit = 0; bit < content.size() * 8; bit += step) {
      flip(changed, bit);
      REQUIRE(is_refused(changed));
      flip(changed, bit);
    }
    for (std::size_t bytes = 0; bytes < content.size(); bytes += step)
      REQUIRE(is_refused(content.substr(0, bytes)));
    CHECK_FALSE(is_refused(content));
  }
}

TEST_CASE("a path is no way out of the directory of a store") {
  for (const char* path : {"shared/store", "shared/a.", "shared/a..", "shared/a...", "shared/a..b", "x"})
    CHECK(name_in_store(path).empty());
  CHECK(name_in_store("shared/a-1.000007.sst") == "000007.sst");
  CHECK(name_in_store("chk-1/a-1.CURRENT") == "CURRENT");
}
