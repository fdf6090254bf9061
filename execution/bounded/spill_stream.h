// SPDX-License-Identifier: Apache-2.0
// Records on disk, one behind the other, each led by its length (u32). They cross from block to block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "execution/operators/workspace.h"
#include "memory/spill_io.h"

namespace weir {

/// Of a Result or Status whose error ends the operator: throws std::runtime_error.
template <class T>
[[nodiscard]] T must(Result<T> result) {
  if (!result) throw std::runtime_error("cannot keep its input on disk: " + result.error().what);
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status) throw std::runtime_error("cannot keep its input on disk: " + status.error().what);
}

/// Records that were written to one channel. A handle: copies share the file, which goes with the last.
struct SpilledRecords {
  SpilledBlocks blocks;
  std::uint64_t count = 0;
};

/// Writes records to a new channel.
///
/// Unit:    it holds most_pages of the budget at most, and waits for the disk when they are all out.
/// Threads: the task's. Errors: throws std::runtime_error with what the disk said.
class SpillStreamWriter {
public:
  /// At least one page must be free, or be given back, when a record is appended.
  SpillStreamWriter(Workspace& space, std::size_t most_pages);
  ~SpillStreamWriter() { give_back(); }
  SpillStreamWriter(const SpillStreamWriter&) = delete;
  SpillStreamWriter& operator=(const SpillStreamWriter&) = delete;

  void append(std::span<const std::byte> record) { append({}, record); }
  /// One record of two parts.
  void append(std::span<const std::byte> head, std::span<const std::byte> tail);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Waits until all is on disk and gives the pages back.
  [[nodiscard]] SpilledRecords close();

private:
  void put(const std::byte* from, std::size_t bytes);
  void next_page();
  void flush();
  void give_back();

  Workspace& space_;
  const std::size_t most_pages_;
  const std::size_t page_bytes_;
  std::unique_ptr<BlockWriter> writer_;
  MemorySegment page_;  // none: its data is null
  std::uint32_t used_ = 0;
  std::uint64_t count_ = 0;
};

/// Reads them in their order.
///
/// Threads: the task's. Errors: throws std::runtime_error with what the disk said.
class SpillStreamReader {
public:
  /// Holds as many pages until the end was read, all of which must be free.
  SpillStreamReader(Workspace& space, SpilledRecords records, std::size_t page_count);
  ~SpillStreamReader() { give_back(); }
  SpillStreamReader(const SpillStreamReader&) = delete;
  SpillStreamReader& operator=(const SpillStreamReader&) = delete;

  /// False at the end. The record is good until the next call.
  [[nodiscard]] bool next(std::span<const std::byte>& record);

private:
  void get(std::byte* to, std::size_t bytes);
  void next_block();
  void give_back();

  Workspace& space_;
  std::uint64_t left_;  // records
  std::unique_ptr<BlockReader> reader_;
  Block block_;
  std::uint32_t used_ = 0;  // of it
  std::string scratch_;
};

}  // namespace weir
