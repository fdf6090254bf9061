// SPDX-License-Identifier: Apache-2.0
// Whatever bit of a checkpoint flips, and wherever one of its files is cut off, who reads it is told which
// file it is before he has taken any state from it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/checkpoint_files.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"
#include "checkpoint/snapshot/state_file.h"
#include "test/support/temporary_directory.h"
#include "test/unit/execution/sample_checkpoint.h"

using namespace weir;
using namespace weir::testing;

namespace {

/// All files below a folder, in memory, where they can be damaged.
class FilesInMemory final : public FileSystem {
public:
  explicit FilesInMemory(const std::string& folder) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      content[entry.path().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
  }

  Result<std::unique_ptr<FileReader>> open(const std::string& path) override {
    const auto found = content.find(path);
    if (found == content.end()) return Error{ErrorCode::NotFound, "there is no " + path};
    return std::unique_ptr<FileReader>(std::make_unique<Reader>(found->second));
  }
  Result<std::unique_ptr<FileWriter>> create(const std::string&) override { return read_only(); }
  Status rename(const std::string&, const std::string&) override { return read_only(); }
  Status remove(const std::string&) override { return read_only(); }
  Status make_folder(const std::string&) override { return read_only(); }
  Result<std::vector<std::string>> list(const std::string&) override { return read_only(); }

  std::map<std::string, std::string> content;  // by path

private:
  class Reader final : public FileReader {
  public:
    explicit Reader(const std::string& bytes) : bytes_(bytes) {}
    Result<std::size_t> read(std::span<std::byte> to) override {
      const auto got = read_at(at_, to);
      at_ += *got;
      return got;
    }
    Result<std::size_t> read_at(std::uint64_t position, std::span<std::byte> to) const override {
      const std::size_t count = position < bytes_.size() ? std::min(to.size(), bytes_.size() - position) : 0;
      if (count > 0) std::memcpy(to.data(), bytes_.data() + position, count);
      return count;
    }
    Result<std::uint64_t> size() const override { return bytes_.size(); }

  private:
    const std::string& bytes_;
    std::size_t at_ = 0;
  };

  static Error read_only() { return {ErrorCode::IoFailure, "nobody writes here"}; }
};

/// What the tasks read: blocks of state files, and files of RocksDB whole.
Status read_as_tasks_do(FileSystem& files, const CompletedCheckpoint& checkpoint) {
  for (const auto& [id, state] : checkpoint.operators) {
    for (const auto& [subtask, part] : state.subtasks) {
      for (const StateHandle& shared : part.shared)
        if (Status right = verify_state(files, checkpoint.root, shared); !right) return right;
      if (part.state.is_none()) continue;
      auto bytes = open_state(files, checkpoint.root, part.state);
      if (!bytes) return bytes.error();
      auto file = StateFile::open(*std::move(bytes), part.state.path);
      if (!file) return file.error();
      if (Status right = file->verify(); !right) return right;
    }
  }
  return Status::ok();
}

/// A checkpoint in memory, and what is said when one of its files is not as it was.
struct Readers {
  FilesInMemory files;
  CompletedCheckpoint checkpoint;

  /// Empty: nobody has noticed. Metadata are read first; the JobManager reads all if another checkpoint may
  /// do, and else the tasks do.
  [[nodiscard]] std::string said_of(bool is_metadata, bool by_tasks) {
    if (is_metadata) {
      const auto read = read_checkpoint(files, checkpoint.directory);
      return read ? "" : read.error().what;
    }
    const Status read =
        by_tasks ? read_as_tasks_do(files, checkpoint) : check_files(files, checkpoint, FileCheck::Checksum);
    return read ? "" : read.error().what;
  }
};

/// Calls `check` with each way to damage the file: each bit flipped, each length that it could be cut to, and
/// one byte more. Puts it back.
template <class Check>
void for_each_damage(std::string& content, const Check& check) {
  for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
    content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << bit % 8));
    check("bit " + std::to_string(bit));
    content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << bit % 8));
  }
  const std::string whole = content;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    content.assign(whole, 0, length);
    check("cut to " + std::to_string(length));
  }
  content = whole + '\0';
  check("one more");
  content = whole;
}

}  // namespace

TEST_CASE("every flipped bit and every cut of a checkpoint is told, with the name of the file") {
  SampleKind kind{.backend = {.kind = BackendKind::FileSystem}};
  std::size_t least_files = 3;  // metadata, place, sums
  SUBCASE("from the heap") {}
  SUBCASE("a savepoint") { kind.is_savepoint = true; }
  SUBCASE("whole from rocksdb") { kind.backend = {.kind = BackendKind::RocksDb}; }
  SUBCASE("incremental from rocksdb") {
    kind.backend = {.kind = BackendKind::RocksDb, .incremental = true};
    least_files = 6;  // also a table, CURRENT, MANIFEST and OPTIONS
  }
  const TemporaryDirectory directory;
  const CompletedCheckpoint checkpoint = take_sample(directory, kind);
  Readers made{.files = FilesInMemory(checkpoint.root), .checkpoint = checkpoint};
  CHECK(made.files.content.size() >= least_files);
  CHECK(made.files.content.size() == state_files_of(checkpoint).size() + 1);
  CHECK(made.said_of(true, false).empty());
  CHECK(made.said_of(false, false).empty());
  CHECK(made.said_of(false, true).empty());
  std::size_t damages = 0;
  for (auto& [path, content] : made.files.content) {
    const bool is_metadata = path == checkpoint.directory + "/" + std::string(kMetadataName);
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto names_it = [&](const std::string& said) { return said.find(name) != std::string::npos; };
    for_each_damage(content, [&](const std::string& what) {
      ++damages;
      const bool is_seen = names_it(made.said_of(is_metadata, true)) &&
                           (is_metadata || names_it(made.said_of(false, false)));
      if (!is_seen) FAIL_CHECK(path << ", " << what << ": " << made.said_of(is_metadata, true));
    });
  }
  CHECK(damages > 10'000);
}
