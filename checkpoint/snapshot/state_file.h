// SPDX-License-Identifier: Apache-2.0
// The bytes behind OperatorSnapshot::state. Little endian:
//
//   file    = header block* footer trailer
//   header  = magic u64 | version u32
//   block   = state u32 | key group u32 | entries u32 | payload bytes u32 | crc u32 | payload
//             the crc is that of the four numbers before it and the payload
//   footer  = the states, then {state, key group, entries, payload bytes} of each block in file order
//   trailer = footer offset u64 | footer bytes u32 | crc u32 | file bytes u64 | magic u64
//             the crc is that of the footer and the trailer's three other numbers
//
// Blocks and footer leave no gap, so that every byte of a file is covered by a check.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/result.h"
#include "checkpoint/snapshot/state_block.h"
#include "checkpoint/snapshot/storage.h"

namespace weir {

/// A block but for its payload.
struct StateBlockInfo {
  std::uint32_t state = 0;  // index into the file's states
  KeyGroup group = 0;
  std::uint32_t entry_count = 0;
  std::uint32_t payload_bytes = 0;
};

/// Writes a state file, block by block as they come.
///
/// Threads: one. Order: add() any number of times, then finish() once.
/// Errors:  the stream's first; it is said again at every call that follows.
class StateFileWriter {
public:
  explicit StateFileWriter(StateStream& stream) : stream_(stream) {}

  [[nodiscard]] Status add(const StateBlock& block);
  /// Says what the blocks' states are, and closes the stream.
  [[nodiscard]] Result<StateHandle> finish(const std::vector<StateInfo>& states);

private:
  [[nodiscard]] Status write(std::span<const std::byte> bytes) { return write_summed(bytes, crc32c(bytes)); }
  [[nodiscard]] Status write_summed(std::span<const std::byte> bytes, std::uint32_t crc);
  [[nodiscard]] Status begin();

  StateStream& stream_;  // outlives this
  Status status_;
  std::uint64_t written_bytes_ = 0;
  std::vector<StateBlockInfo> index_;
};

/// A state file, opened for reading: what states it has and where their blocks are. Nothing in it is
/// believed; every byte is checked before it is handed out.
///
/// Threads: one.
/// Errors:  Corrupt, naming the file and what is wrong with it; or what the disk said.
class StateFile {
public:
  struct Block {
    StateBlockInfo info;
    std::uint64_t offset = 0;  // of its header
  };

  /// `name` is what errors call it.
  [[nodiscard]] static Result<StateFile> open(std::unique_ptr<StateReader> bytes, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<StateInfo>& states() const { return states_; }
  /// In the order of the file.
  [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

  /// The payload of a block, in `buffer`, until that is changed.
  [[nodiscard]] Result<std::span<const std::byte>> read(const Block& block, std::vector<std::byte>& buffer);
  /// Reads everything, for its checks alone.
  [[nodiscard]] Status verify();

private:
  StateFile(std::unique_ptr<StateReader> bytes, std::string name)
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  [[nodiscard]] Status read_frame();
  [[nodiscard]] Status take_footer(std::span<const std::byte> footer, std::uint64_t footer_offset);
  [[nodiscard]] Error corrupt(const std::string& what) const;

  std::unique_ptr<StateReader> bytes_;
  std::string name_;
  std::vector<StateInfo> states_;
  std::vector<Block> blocks_;
};

}  // namespace weir
