// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/memory_storage.h"
#include "checkpoint/snapshot/state_file.h"

namespace weir::testing {

/// Bytes in memory as a handle's reader.
class BytesReader final : public StateReader {
public:
  explicit BytesReader(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset > bytes_.size() || into.size() > bytes_.size() - offset)
      return Error{ErrorCode::Corrupt, "a read behind the end"};
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return Status::ok();
  }

private:
  const std::vector<std::byte> bytes_;
};

/// A snapshot's blocks, as they came.
class BlockList final : public SnapshotSink {
public:
  void add(StateBlock block) override { blocks.push_back(std::move(block)); }

  std::vector<StateBlock> blocks;
};

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// The state file that these make.
inline std::vector<std::byte> state_file_of(const std::vector<StateInfo>& states,
                                            const std::vector<StateBlock>& blocks) {
  MemoryCheckpointStorage storage(std::size_t{1} << 30);
  auto stream = storage.create("state");
  REQUIRE(stream);
  StateFileWriter writer(**stream);
  for (const StateBlock& block : blocks) REQUIRE(writer.add(block));
  auto handle = writer.finish(states);
  REQUIRE(handle);
  return std::move(handle->content);
}

inline Result<StateFile> open_bytes(std::vector<std::byte> bytes) {
  return StateFile::open(std::make_unique<BytesReader>(std::move(bytes)), "sample");
}

}  // namespace weir::testing
