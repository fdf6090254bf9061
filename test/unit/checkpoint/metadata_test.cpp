// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/metadata.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

#include "base/digest.h"
#include "base/sealed_file.h"
#include "memory/value_bytes.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"

namespace weir {
namespace {

using testing::FaultyFileSystem;

CompletedCheckpoint sample(const std::string& root) {
  CompletedCheckpoint checkpoint{.job = {.high = 1, .low = 2},
                                 .id = 17,
                                 .triggered_at = WallTime(123456ms),
                                 .completed_at = WallTime(123999ms),
                                 .root = root,
                                 .directory = root + "/chk-17"};
  OperatorState& sum = checkpoint.operators[{.high = 3, .low = 4}];
  sum = {.name = "sum", .uid = "totals", .parallelism = 2, .max_parallelism = 128};
  sum.subtasks[0] = {.state = {.path = "chk-17/sum-0", .bytes = 5000, .crc = 77},
                     .key_groups = {0, 63},
                     .states = {{.name = "l",
                                 .kind = StateKind::OperatorList,
                                 .redistribution = Redistribution::Union,
                                 .value = "i64"},
                                {.name = "k", .expires = true, .key = "string", .value = "f64"}},
                     .lists = {{.name = "l", .redistribution = Redistribution::Union, .elements = 3}},
                     .shared = {{.path = "shared/a", .bytes = 9, .crc = 1}}};
  sum.subtasks[1] = {.state = {.content = {std::byte{1}, std::byte{2}}, .bytes = 2, .crc = 5},
                     .key_groups = {64, 127}};
  checkpoint.operators[{.high = 5, .low = 6}] = {.name = "map"};
  return checkpoint;
}

TEST_CASE("what is written is read, wherever the directory was moved to") {
  LocalFileSystem files;
  const testing::TemporaryDirectory place;
  const std::string root = place.path() + "/job";
  REQUIRE(write_metadata(files, sample(root)));
  for (const char* suffix : {"", "/", "/_metadata"}) {
    const auto read = read_checkpoint(files, root + "/chk-17" + suffix);
    REQUIRE(read);
    CHECK(*read == sample(root));
  }
  const std::string moved = place.path() + "/elsewhere";
  REQUIRE(files.rename(root, moved));
  const auto read = read_checkpoint(files, moved + "/chk-17");
  REQUIRE(read);
  CHECK(*read == sample(moved));
}

TEST_CASE("a savepoint is its own root") {
  LocalFileSystem files;
  const testing::TemporaryDirectory place;
  CompletedCheckpoint savepoint = sample(place.path() + "/s");
  savepoint.is_savepoint = true;
  savepoint.directory = savepoint.root;
  REQUIRE(write_metadata(files, savepoint));
  const auto read = read_checkpoint(files, savepoint.root);
  REQUIRE(read);
  CHECK(*read == savepoint);
}

TEST_CASE("every flipped bit is noticed") {
  const std::string good = encode_metadata(sample("/c"));
  REQUIRE(decode_metadata(good, "/c/chk-17"));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    CHECK(!decode_metadata(bad, "/c/chk-17"));
  }
}

TEST_CASE("every missing or added byte is noticed") {
  const std::string good = encode_metadata(sample("/c"));
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK(!decode_metadata(good.substr(0, length), "/c/chk-17"));
  CHECK(!decode_metadata(good + '\0', "/c/chk-17"));
}

TEST_CASE("metadata that contradicts itself or leads elsewhere is refused, whatever its checksum says") {
  CompletedCheckpoint bad = sample("/c");
  OperatorState& sum = bad.operators.begin()->second;
  OperatorSnapshot& part = sum.subtasks[0];
  std::string expected;
  SUBCASE("a path upward") {
    part.state.path = "../../etc/passwd";
    expected = "leads out of its directory";
  }
  SUBCASE("an absolute path") {
    part.state.path = "/etc/passwd";
    expected = "leads out of its directory";
  }
  SUBCASE("a shared path upward") {
    part.shared[0].path = "shared/../../x";
    expected = "leads out of its directory";
  }
  SUBCASE("a shared file that is inline") {
    part.shared[0].path = "";
    expected = "a shared file has no path";
  }
  SUBCASE("more bytes than there are") {
    sum.subtasks[1].state.bytes = 3;
    expected = "not as many as it says";
  }
  SUBCASE("a subtask too many") {
    sum.subtasks[2] = part;
    expected = "more parts than subtasks";
  }
  SUBCASE("no subtasks") {
    sum.parallelism = 0;
    expected = "its parallelism is out of range";
  }
  SUBCASE("a key group too high") {
    part.key_groups.last = 128;
    expected = "a key group is out of its range";
  }
  SUBCASE("an unknown redistribution") {
    part.lists[0].redistribution = static_cast<Redistribution>(3);
    expected = "dealt out in an unknown way";
  }
  SUBCASE("elements beyond counting") {
    part.lists[0].elements = UINT64_MAX;
    expected = "more elements than can be";
  }
  const auto read = decode_metadata(encode_metadata(bad), "/c/chk-17");
  REQUIRE(!read);
  CHECK(read.error().code == ErrorCode::Corrupt);
  CHECK(read.error().what.starts_with("/c/chk-17/_metadata is not as it was written: operator \"sum\": "));
  CHECK(read.error().what.find(expected) != std::string::npos);
}

TEST_CASE("a disk that fails leaves no checkpoint behind") {
  FaultyFileSystem files;
  const testing::TemporaryDirectory place;
  SUBCASE("it is full") { files.room_bytes = 10; }
  SUBCASE("it does not sync") { files.syncs = false; }
  SUBCASE("it does not rename") { files.renames = false; }
  CHECK(!write_metadata(files, sample(place.path())));
  CHECK(read_checkpoint(files, place.path() + "/chk-17").error().code == ErrorCode::NotFound);
}

TEST_CASE("a directory without metadata is no checkpoint") {
  LocalFileSystem files;
  const auto read = read_checkpoint(files, "/nowhere/s");
  REQUIRE(!read);
  CHECK(read.error().what == "/nowhere/s is no checkpoint or savepoint: there is no file _metadata in it");
}

TEST_CASE("metadata of this version is what it always was") {
  const std::string bytes = encode_metadata(sample("/c"));
  Sha256 hash;
  hash.add(std::as_bytes(std::span(bytes)));
  CHECK(bytes.size() == 143);
  CHECK(hex_of(hash.finish()) == "2eae82fd9921b1ff13ac0ad3a364c923d1c28855ec38801a1343fef6bc1690c3");
}

}  // namespace
}  // namespace weir
