// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/state_file.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "checkpoint/snapshot/file_storage.h"
#include "test/support/faulty_file_system.h"
#include "test/support/state_bytes.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using namespace weir::testing;

namespace {

std::vector<StateInfo> sample_states() {
  return {{.name = "count", .kind = StateKind::Reducing, .key = "string", .value = "i64"},
          {.name = "offsets",
           .kind = StateKind::OperatorList,
           .redistribution = Redistribution::Union,
           .value = "struct{split:u32,at:u64}"}};
}

std::vector<StateBlock> sample_blocks() {
  return {{0, 5, 2, bytes_of("two entries")}, {1, 0, 1, bytes_of("an offset")}, {0, 3, 1, bytes_of("x")},
          {0, 5, 3, bytes_of("three more")}};
}

/// Whether the bytes are found to be no state file, or one that is damaged.
bool is_refused(std::vector<std::byte> bytes) {
  auto file = open_bytes(std::move(bytes));
  if (!file) return file.error().code == ErrorCode::Corrupt;
  const auto verified = file->verify();
  return !verified && verified.error().code == ErrorCode::Corrupt;
}

}  // namespace

TEST_CASE("a state file gives back its states and blocks, those of a group scattered") {
  auto file = open_bytes(state_file_of(sample_states(), sample_blocks()));
  REQUIRE(file);
  CHECK(file->states() == sample_states());
  const auto blocks = sample_blocks();
  REQUIRE(file->blocks().size() == blocks.size());
  std::vector<std::byte> buffer;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const StateFile::Block& block = file->blocks()[i];
    CHECK(block.info.state == blocks[i].state);
    CHECK(block.info.group == blocks[i].group);
    CHECK(block.info.entry_count == blocks[i].entry_count);
    const auto payload = file->read(block, buffer);
    REQUIRE(payload);
    CHECK(std::vector(payload->begin(), payload->end()) == blocks[i].payload);
  }
  CHECK(file->verify());
}

TEST_CASE("a state file without anything in it is one") {
  auto file = open_bytes(state_file_of({}, {}));
  REQUIRE(file);
  CHECK(file->states().empty());
  CHECK(file->blocks().empty());
  CHECK(file->verify());
}

TEST_CASE("every flipped bit of a state file is found") {
  const std::vector<std::byte> whole = state_file_of(sample_states(), sample_blocks());
  REQUIRE_FALSE(is_refused(whole));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::vector<std::byte> flipped = whole;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    INFO("bit " << bit << " of byte " << bit / 8);
    REQUIRE(is_refused(std::move(flipped)));
  }
}

TEST_CASE("a state file that was cut off, or goes on behind its end, is found") {
  const std::vector<std::byte> whole = state_file_of(sample_states(), sample_blocks());
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CAPTURE(bytes);
    REQUIRE(is_refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)}));
    REQUIRE(is_refused({whole.begin() + static_cast<std::ptrdiff_t>(bytes) + 1, whole.end()}));
  }
  std::vector<std::byte> longer = whole;
  longer.push_back(std::byte{0});
  CHECK(is_refused(longer));
  longer = whole;
  longer.insert(longer.end(), whole.begin(), whole.end());
  CHECK(is_refused(longer));
}

TEST_CASE("what is wrong with a state file is said with its name") {
  std::vector<std::byte> bytes = state_file_of(sample_states(), sample_blocks());
  bytes[12 + 20] ^= std::byte{1};  // the first byte of the first payload
  auto file = open_bytes(bytes);
  REQUIRE(file);
  CHECK(file->verify().error().what ==
        "the state file sample is damaged: the checksum of the block at 12 (state \"count\", key group 5) is "
        "wrong");
  bytes[8] = std::byte{7};
  CHECK(open_bytes(bytes).error().what ==
        "the state file sample is damaged: its format is version 7, this Weir reads version 1");
}

TEST_CASE("a file whose stream fails has failed") {
  const TemporaryDirectory directory;
  FaultyFileSystem disk;
  disk.write_error = ENOSPC;
  FileCheckpointStorage storage(disk, {.root = directory.path(), .directory = {}, .inline_bytes = 64});
  auto stream = storage.create("state");
  StateFileWriter writer(**stream);
  CHECK(writer.add({0, 0, 1, bytes_of("short")}));
  const auto full = writer.add({0, 0, 1, std::vector<std::byte>(100)});
  REQUIRE_FALSE(full);
  CHECK(full.error().what.find("No space left on device") != std::string::npos);
  CHECK(writer.add({0, 0, 1, bytes_of("x")}).error() == full.error());
  CHECK(writer.finish({}).error() == full.error());
}
