// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "memory/memory_segment.h"

namespace weir {

class SegmentBlock;

/// Where a segment goes when its last Buffer is gone. Threads: any.
class SegmentRecycler {
public:
  virtual ~SegmentRecycler() = default;
  virtual void recycle(SegmentBlock& block) = 0;
};

/// A segment and the counts kept of it. The pool makes one a segment, once; nothing is allocated per buffer.
///
/// Threads: the counts are atomic; recycler and segment change hands only while nobody holds a Buffer of it.
class alignas(64) SegmentBlock {  // a cache line each: writer and reader touch neighbours at the same time
public:
  explicit SegmentBlock(MemorySegment segment) : segment_(segment) {}

  [[nodiscard]] MemorySegment segment() const { return segment_; }
  /// Set by the LocalBufferPool that lends it out.
  void lend(SegmentRecycler& recycler) {
    recycler_ = &recycler;
    committed_.store(0, std::memory_order_relaxed);
  }

private:
  friend class Buffer;
  friend class BufferBuilder;
  friend class BufferConsumer;

  static constexpr std::uint32_t kFinished = 1u << 31;  // in committed_: nothing more will be written

  void acquire() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) recycler_->recycle(*this);
  }

  const MemorySegment segment_;
  SegmentRecycler* recycler_ = nullptr;
  std::atomic<std::uint32_t> references_ = 0;
  std::atomic<std::uint32_t> committed_ = 0;  // bytes that readers may see, and kFinished
};

/// A counted, read-only view of a part of a segment. The segment returns to its pool with its last view.
class Buffer {
public:
  Buffer() = default;
  Buffer(const Buffer& other) : Buffer(other.block_, other.begin_, other.end_) {}
  Buffer(Buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    begin_ = other.begin_;
    end_ = other.end_;
    return *this;
  }
  ~Buffer() {
    if (block_ != nullptr) block_->release();
  }

  [[nodiscard]] std::span<const std::byte> bytes() const {
    return block_ == nullptr ? std::span<const std::byte>{}
                             : std::span<const std::byte>{block_->segment().data + begin_, end_ - begin_};
  }
  [[nodiscard]] std::uint32_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }

private:
  friend class BufferConsumer;
  Buffer(SegmentBlock* block, std::uint32_t begin, std::uint32_t end)
      : block_(block), begin_(begin), end_(end) {
    if (block_ != nullptr) block_->acquire();
  }

  SegmentBlock* block_ = nullptr;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

/// The reading end of a segment that is being written. Takes out what has been committed, piece by piece.
///
/// Threads: one at a time, any; concurrent with the BufferBuilder.
class BufferConsumer {
public:
  BufferConsumer(BufferConsumer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), taken_(other.taken_) {}
  BufferConsumer& operator=(BufferConsumer&& other) noexcept {
    std::swap(block_, other.block_);
    taken_ = other.taken_;
    return *this;
  }
  ~BufferConsumer() {
    if (block_ != nullptr) block_->release();
  }

  /// What was committed since the last call; may be empty.
  [[nodiscard]] Buffer take() {
    const auto committed = block_->committed_.load(std::memory_order_acquire) & ~SegmentBlock::kFinished;
    Buffer part(block_, taken_, committed);
    taken_ = committed;
    return part;
  }
  /// Nothing more will be written.
  [[nodiscard]] bool is_finished() const {
    return (block_->committed_.load(std::memory_order_acquire) & SegmentBlock::kFinished) != 0;
  }
  /// Something is there that take() would return.
  [[nodiscard]] bool has_data() const {
    return (block_->committed_.load(std::memory_order_acquire) & ~SegmentBlock::kFinished) > taken_;
  }

private:
  friend class BufferBuilder;
  explicit BufferConsumer(SegmentBlock& block) : block_(&block) { block_->acquire(); }

  SegmentBlock* block_;
  std::uint32_t taken_ = 0;
};

/// The writing end of a segment. Its owner writes straight into the memory and commits what readers may see.
///
/// Threads: one, the task's.
class BufferBuilder {
public:
  /// `block` must be lent to a recycler and unused.
  explicit BufferBuilder(SegmentBlock& block) : block_(&block) { block_->acquire(); }
  BufferBuilder(BufferBuilder&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BufferBuilder& operator=(BufferBuilder&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BufferBuilder() {
    if (block_ != nullptr) block_->release();
  }

  [[nodiscard]] std::byte* begin() const { return block_->segment().data; }
  [[nodiscard]] std::byte* end() const { return begin() + block_->segment().bytes; }

  /// Call once: a segment has one reader.
  [[nodiscard]] BufferConsumer make_consumer() const { return BufferConsumer(*block_); }

  /// Lets the reader see the first `bytes` of the segment. Never goes back.
  void commit(std::uint32_t bytes) { block_->committed_.store(bytes, std::memory_order_release); }
  /// The same, and says that no more will come.
  void finish(std::uint32_t bytes) {
    block_->committed_.store(bytes | SegmentBlock::kFinished, std::memory_order_release);
  }

private:
  SegmentBlock* block_;
};

}  // namespace weir
