// SPDX-License-Identifier: Apache-2.0
// Writers and readers of spill channels. Each does its work itself (IoMode::Sync) or has the thread of the
// channel's disk do it (IoMode::Async), in the order of the calls.
//
//     block    full pages and one last part, whose sizes and checksums the writer knows in the end
//     bulk     several of these blocks in one go
//     buffer   parts of any size, each led on disk by [length, u32] [CRC-32C, u32]: the file tells itself
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "memory/io_manager.h"
#include "memory/memory_segment.h"

namespace weir {

/// A page and how much of it is used.
struct Block {
  MemorySegment page;
  std::uint32_t bytes = 0;

  [[nodiscard]] std::span<const std::byte> used() const { return {page.data, bytes}; }
};

/// What a channel's writers and readers share: requests that are under way, blocks that have come back, and
/// the first error, after which nothing is done any more.
///
/// Threads: one, and the disk's.
/// Order:   lock_ is a leaf. The end waits for what is under way.
class IoRequests {
public:
  using Work = std::function<Result<std::uint32_t>(const Block&)>;  // returns how much is in the page now

  /// `thread`: null for IoMode::Sync. It outlives this.
  explicit IoRequests(IoThread* thread) : thread_(thread) {}
  ~IoRequests() { (void)await_all(); }
  IoRequests(const IoRequests&) = delete;
  IoRequests& operator=(const IoRequests&) = delete;

  /// Errors: of this request, or of an earlier one.
  Status submit(Block block, Work work) WEIR_EXCLUDES(lock_);
  /// The oldest that is done; waits for it. One must be under way, or done and not taken.
  [[nodiscard]] Result<Block> take() WEIR_EXCLUDES(lock_);
  /// The oldest that is done, if there is one.
  [[nodiscard]] std::optional<Block> try_take() WEIR_EXCLUDES(lock_);
  [[nodiscard]] Status await_all() WEIR_EXCLUDES(lock_);
  /// Submitted and not taken.
  [[nodiscard]] std::size_t outstanding() const { return submitted_ - taken_; }

private:
  void perform(Block block, const Work& work) WEIR_EXCLUDES(lock_);
  [[nodiscard]] Status status() WEIR_REQUIRES(lock_);

  IoThread* const thread_;
  std::size_t submitted_ = 0;
  std::size_t taken_ = 0;
  Mutex lock_;
  CondVar changed_;
  std::size_t under_way_ WEIR_GUARDED_BY(lock_) = 0;
  std::deque<Block> returned_ WEIR_GUARDED_BY(lock_);
  std::optional<Error> failure_ WEIR_GUARDED_BY(lock_);
};

/// What lies in a channel that was written in blocks. A handle: copies share the file.
struct SpilledBlocks {
  struct Extent {
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
    std::uint32_t checksum = 0;  // CRC-32C
  };
  std::shared_ptr<SpillChannel> channel;
  std::vector<Extent> blocks;

  [[nodiscard]] std::uint64_t bytes() const {
    return blocks.empty() ? 0 : blocks.back().offset + blocks.back().bytes;
  }
};

/// Writes pages one behind the other. Pages come back when they are written.
///
/// Threads: one.
class BlockWriter {
public:
  [[nodiscard]] static Result<std::unique_ptr<BlockWriter>> open(std::shared_ptr<SpillChannel> channel,
                                                                 IoMode mode);

  [[nodiscard]] Status write(Block block);
  [[nodiscard]] std::optional<MemorySegment> try_take_page();
  /// Waits for one of those that were given to write().
  [[nodiscard]] Result<MemorySegment> take_page();
  [[nodiscard]] std::size_t pages_out() const { return requests_.outstanding(); }
  /// When everything is written. Pages that are still here may be taken afterwards.
  [[nodiscard]] Result<SpilledBlocks> close();

private:
  BlockWriter(std::shared_ptr<SpillChannel> channel, std::unique_ptr<FileWriter> file, IoMode mode)
      : file_(std::move(file)),
        requests_(mode == IoMode::Sync ? nullptr : &channel->writer()),
        written_{.channel = std::move(channel), .blocks = {}} {}

  const std::unique_ptr<FileWriter> file_;
  IoRequests requests_;
  SpilledBlocks written_;
};

/// Reads the blocks of a channel in their order, each into a page that it is given. Asked for several at a
/// time it reads ahead.
///
/// Threads: one. Errors: Corrupt for bytes that are not those that were written.
class BlockReader {
public:
  [[nodiscard]] static Result<std::unique_ptr<BlockReader>> open(SpilledBlocks blocks, IoMode mode);

  [[nodiscard]] bool has_more_to_ask() const { return asked_ < blocks_.blocks.size(); }
  /// Asks for the next block, into `page`, which is as long as the pages that were written.
  [[nodiscard]] Status ask(MemorySegment page);
  /// The oldest that was asked for and not taken.
  [[nodiscard]] Result<Block> take() { return requests_.take(); }
  [[nodiscard]] std::size_t pages_out() const { return requests_.outstanding(); }
  /// Whoever reads no further has the pages back that it gave.
  template <class Take>
  void give_pages_to(Take&& take) {
    (void)requests_.await_all();
    while (const auto block = requests_.try_take()) take(block->page);
  }

private:
  BlockReader(SpilledBlocks blocks, std::unique_ptr<FileReader> file, IoMode mode)
      : blocks_(std::move(blocks)),
        file_(std::move(file)),
        requests_(mode == IoMode::Sync ? nullptr : &blocks_.channel->reader()) {}

  const SpilledBlocks blocks_;
  const std::unique_ptr<FileReader> file_;
  std::size_t asked_ = 0;
  IoRequests requests_;  // last: it waits for those that use the others
};

/// All blocks of a channel into as many pages, in one request. Errors: as of BlockReader.
[[nodiscard]] Result<std::vector<Block>> read_bulk(const SpilledBlocks& blocks,
                                                   std::span<const MemorySegment> pages, IoMode mode);

/// Writes parts of any size, up to that of a page.
///
/// Threads: one.
class BufferWriter {
public:
  [[nodiscard]] static Result<std::unique_ptr<BufferWriter>> open(std::shared_ptr<SpillChannel> channel,
                                                                  IoMode mode);
  [[nodiscard]] Status write(Block block);
  [[nodiscard]] std::optional<MemorySegment> try_take_page();
  [[nodiscard]] Result<MemorySegment> take_page();
  [[nodiscard]] std::size_t pages_out() const { return requests_.outstanding(); }
  /// When everything is written.
  [[nodiscard]] Status close() { return requests_.await_all(); }
  [[nodiscard]] const std::shared_ptr<SpillChannel>& channel() const { return channel_; }

private:
  BufferWriter(std::shared_ptr<SpillChannel> channel, std::unique_ptr<FileWriter> file, IoMode mode)
      : channel_(std::move(channel)),
        file_(std::move(file)),
        requests_(mode == IoMode::Sync ? nullptr : &channel_->writer()) {}

  const std::shared_ptr<SpillChannel> channel_;
  const std::unique_ptr<FileWriter> file_;
  IoRequests requests_;
};

/// Reads them back in their order, each into a page that it is given; behind the last one, of 0 bytes.
///
/// Threads: one. Errors: Corrupt for bytes that are not those that were written.
class BufferReader {
public:
  [[nodiscard]] static Result<std::unique_ptr<BufferReader>> open(std::shared_ptr<SpillChannel> channel,
                                                                  IoMode mode);
  [[nodiscard]] Status ask(MemorySegment page);
  [[nodiscard]] Result<Block> take() { return requests_.take(); }
  [[nodiscard]] std::size_t pages_out() const { return requests_.outstanding(); }

private:
  BufferReader(std::shared_ptr<SpillChannel> channel, std::unique_ptr<FileReader> file, IoMode mode)
      : channel_(std::move(channel)),
        file_(std::move(file)),
        requests_(mode == IoMode::Sync ? nullptr : &channel_->reader()) {}

  const std::shared_ptr<SpillChannel> channel_;
  const std::unique_ptr<FileReader> file_;
  IoRequests requests_;
};

}  // namespace weir
