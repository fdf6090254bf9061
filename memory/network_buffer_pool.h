// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "memory/buffer.h"
#include "memory/memory_segment.h"
#include "memory/segment_distribution.h"

namespace weir {

class LocalBufferPool;

/// All network segments of one worker: their addresses are taken once, when the worker starts, and never
/// given back. Tasks borrow them through LocalBufferPools, whose sizes are worked out anew whenever one comes
/// or goes.
///
/// Memory:  the kernel backs a segment when it is first written, so that an idle worker costs next to
///          nothing. Of the free segments the one that was used last is lent first: a worker never has more
///          of them backed than were out at one time, and after that no page is touched for the first time
///          again.
/// Unit:    segments of segment_bytes(); each is followed by kSegmentSlackBytes.
/// Threads: any.
/// Order:   lock_ is a leaf: sizes are set under it, but pools are called only after it was let go.
/// Errors:  create_pool() refuses when the required segments of all pools would exceed the total. The
///          destructor checks that every segment came home: whoever holds a Buffer must be gone first.
class NetworkBufferPool {
public:
  /// `segment_bytes` is a multiple of 64 and at least kMinSegmentBytes.
  NetworkBufferPool(std::uint32_t segment_count, std::uint32_t segment_bytes);
  ~NetworkBufferPool();
  NetworkBufferPool(const NetworkBufferPool&) = delete;
  NetworkBufferPool& operator=(const NetworkBufferPool&) = delete;

  /// A pool that is sure of `required` segments and gets up to `max` while others leave them. It closes when
  /// the last copy of the pointer is gone; segments that are out by then come home when their last Buffer is
  /// dropped.
  [[nodiscard]] Result<std::shared_ptr<LocalBufferPool>> create_pool(
      std::uint32_t required, std::uint32_t max = SegmentDemand::kUnlimited) WEIR_EXCLUDES(lock_);

  [[nodiscard]] std::uint32_t total_segments() const { return static_cast<std::uint32_t>(blocks_.size()); }
  [[nodiscard]] std::uint32_t segment_bytes() const { return segment_bytes_; }
  /// Segments that no pool has taken.
  [[nodiscard]] std::uint32_t available_segments() const WEIR_EXCLUDES(lock_);

private:
  friend class LocalBufferPool;

  struct Member {
    std::shared_ptr<LocalBufferPool> pool;
    SegmentDemand demand;
    std::uint32_t taken = 0;  // segments it has, free or lent
    bool closed = false;      // stays a member only until `taken` is 0
  };
  using Pools = std::vector<std::shared_ptr<LocalBufferPool>>;
  struct Unmap {
    std::size_t bytes;
    void operator()(std::byte* memory) const;
  };
  using Mapping = std::unique_ptr<std::byte[], Unmap>;
  using Blocks = std::span<SegmentBlock* const>;

  // For LocalBufferPool.
  /// A free segment, or null. A pool that `will_wait` then hears on_global_segment() once, when one is back.
  [[nodiscard]] SegmentBlock* take(const LocalBufferPool& pool, bool will_wait) WEIR_EXCLUDES(lock_);
  void give_back(const LocalBufferPool& pool, Blocks blocks) WEIR_EXCLUDES(lock_);
  /// Frees the pool's reservation at once; its own life ends when it has nothing any more.
  void close(const LocalBufferPool& pool, Blocks blocks) WEIR_EXCLUDES(lock_);

  [[nodiscard]] std::vector<Member>::iterator find(const LocalBufferPool& pool) WEIR_REQUIRES(lock_);
  /// Answers the pool if it was closed and has nothing any more: then it is no member, and ends with the
  /// answer.
  [[nodiscard]] std::shared_ptr<LocalBufferPool> put_back(Member& member, Blocks blocks) WEIR_REQUIRES(lock_);
  /// New sizes for all open pools. The answer is to be told on_resized() without the lock.
  [[nodiscard]] Pools redistribute() WEIR_REQUIRES(lock_);
  /// Addresses without memory behind them yet.
  [[nodiscard]] static Mapping reserve(std::size_t bytes);

  const std::uint32_t segment_bytes_;
  const Mapping memory_;
  std::deque<SegmentBlock> blocks_;  // never grows after construction

  mutable Mutex lock_;
  std::vector<SegmentBlock*> free_ WEIR_GUARDED_BY(lock_);
  std::vector<Member> members_ WEIR_GUARDED_BY(lock_);
  Pools short_of_segments_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
