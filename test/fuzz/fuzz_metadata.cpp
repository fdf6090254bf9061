// SPDX-License-Identifier: Apache-2.0
// Bytes from outside are the metadata of a checkpoint or they are not; what gets through can be handed out
// to tasks. The checksum is put right, so that changed bytes get past it.
#include "checkpoint/snapshot/metadata.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "checkpoint/coordinator/state_assignment.h"
#include "test/fuzz/target.h"

namespace {

/// Makes the header fit the payload.
void put_right(std::string& bytes) {
  if (bytes.size() < 24) return;
  const std::uint64_t payload = bytes.size() - 24;
  std::memcpy(bytes.data() + 16, &payload, sizeof payload);
  const auto part = [&](std::size_t at, std::size_t length) {
    return std::as_bytes(std::span(bytes)).subspan(at, length);
  };
  const std::uint32_t crc = weir::crc32c(part(16, bytes.size() - 16), weir::crc32c(part(0, 12)));
  std::memcpy(bytes.data() + 12, &crc, sizeof crc);
}

void read(const std::string& bytes) {
  const auto checkpoint = weir::decode_metadata(bytes, "/c/chk-1");
  if (!checkpoint) return;
  WEIR_CHECK(weir::decode_metadata(weir::encode_metadata(*checkpoint), "/c/chk-1"),
             "it can be written again");
  std::vector<weir::CheckpointedVertex> vertices;
  for (const auto& [id, state] : checkpoint->operators) {
    vertices.push_back({.name = state.name, .max_parallelism = 128, .operators = {{.id = id}}});
    vertices.back().tasks.resize(3);
  }
  (void)weir::assign_state(*checkpoint, vertices, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(data[i]);
  read(bytes);
  put_right(bytes);
  read(bytes);
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  weir::CompletedCheckpoint checkpoint{.id = 1, .root = "/c", .directory = "/c/chk-1"};
  auto& state = checkpoint.operators[{.high = 1, .low = 2}];
  state = {.name = "sum", .uid = "u", .parallelism = 2, .max_parallelism = 128};
  state.subtasks[0] = {.state = {.path = "chk-1/a", .bytes = 9},
                       .key_groups = {0, 63},
                       .lists = {{.name = "l", .elements = 7}},
                       .shared = {{.path = "shared/b", .bytes = 3}}};
  state.subtasks[1] = {.state = {.content = {std::byte{1}}, .bytes = 1}, .key_groups = {64, 127}};
  return {weir::encode_metadata(checkpoint), weir::encode_metadata({})};
}
