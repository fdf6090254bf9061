// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/sync.h"
#include "base/time.h"
#include "memory/buffer.h"

namespace weir {

class LocalBufferPool;
class NetworkBufferPool;

/// Given the next segment of a pool that had none to give. A port, for those who cannot wait in a thread,
/// such as the receiving end of a link.
///
/// Threads: any; called without a lock of the pool, by the thread that gave a segment back.
class SegmentListener {
public:
  virtual ~SegmentListener() = default;
  /// Once for each time it asked in vain. Nothing: there may be one, and somebody else may be quicker: ask
  /// again. Returns the segment if it is not wanted any more; the next listener gets it.
  [[nodiscard]] virtual std::optional<BufferBuilder> on_segment(LocalBufferPool& pool,
                                                                std::optional<BufferBuilder> segment) = 0;
};

/// The segments that one task's output (or input) may hold at a time, borrowed from the worker's
/// NetworkBufferPool. Made by NetworkBufferPool::create_pool().
///
/// A waiting request() is not woken for every freed segment: a wake-up costs the waker about 13 us and the
/// sleeper 33 us, so two threads that hand one segment to and fro would do nothing else. It is woken when
/// half of the pool is free; or when one is free and a reader has nothing to do (nudge()); or, once it has
/// waited for kPatience, when any is free.
///
/// Why nobody waits for ever: by the last rule a writer sleeps beside a free segment for kPatience at most,
/// so it can only wait long while none is free. Of the n subpartitions it writes, at most n - 1 have a
/// segment under its pen while it asks for one more, and the pool has n or more: some segment is finished,
/// so a reader has it or can read it, and it comes back when it was read. The first two rules only make
/// this quick.
///
/// Unit:    sizes count segments, never bytes.
/// Threads: request() and try_request() by one thread, the task's; the rest by any. A pool has a writer that
///          waits or listeners, not both.
/// Order:   lock_ is a leaf: nothing is called while it is held.
/// Errors:  request() returns nothing only after close(). It never fails for want of memory, it waits: this
///          wait is the back-pressure.
class LocalBufferPool final : public SegmentRecycler, public std::enable_shared_from_this<LocalBufferPool> {
public:
  /// How long a writer may sleep beside a free segment.
  static constexpr Duration kPatience = 1ms;

  explicit LocalBufferPool(NetworkBufferPool& global) : global_(global) {}

  /// A segment to write; waits for one.
  [[nodiscard]] std::optional<BufferBuilder> request() WEIR_EXCLUDES(lock_);
  /// A segment to write if there is one now.
  [[nodiscard]] std::optional<BufferBuilder> try_request() WEIR_EXCLUDES(lock_);
  /// A segment to write if there is one now; else, unless closed, `listener` gets the next one. Those who
  /// asked first are served first. Threads: any.
  [[nodiscard]] std::optional<BufferBuilder> request_or_listen(
      const std::shared_ptr<SegmentListener>& listener) WEIR_EXCLUDES(lock_);
  /// A reader has nothing to do: a writer that waits though a segment is free shall have it.
  void nudge() WEIR_EXCLUDES(lock_);
  /// Ends all waiting with nothing. The reservation is free at once; lent segments go home as they are
  /// recycled.
  void close() WEIR_EXCLUDES(lock_);

  void recycle(SegmentBlock& block) override WEIR_EXCLUDES(lock_);

  /// How many it may have now; changes as other pools come and go.
  [[nodiscard]] std::uint32_t size() const { return size_.load(std::memory_order_relaxed); }
  /// How many it could hand out without waiting for a reader.
  [[nodiscard]] std::uint32_t available() const WEIR_EXCLUDES(lock_);

private:
  friend class NetworkBufferPool;

  // For NetworkBufferPool. The size is set under its lock, so that of two changes the later one stays.
  void set_size(std::uint32_t segments) { size_.store(segments, std::memory_order_relaxed); }
  void on_resized() WEIR_EXCLUDES(lock_);
  void on_global_segment() WEIR_EXCLUDES(lock_);

  [[nodiscard]] std::optional<BufferBuilder> request_now(bool will_wait) WEIR_EXCLUDES(lock_);
  /// A free segment; null if there is none but one may be taken from global_, for which the place is kept; or
  /// nothing.
  [[nodiscard]] std::optional<SegmentBlock*> claim() WEIR_EXCLUDES(lock_);
  /// False once closed.
  [[nodiscard]] bool await_segment() WEIR_EXCLUDES(lock_);
  [[nodiscard]] bool should_wake() const WEIR_REQUIRES(lock_);
  /// Ends the writer's wait. Whoever calls it notifies `freed_` once the lock is let go, and holds the answer
  /// until then: the woken writer may be the last who kept this pool alive.
  [[nodiscard]] std::shared_ptr<LocalBufferPool> end_wait() WEIR_REQUIRES(lock_);
  /// The next one who listens; null if there is none.
  [[nodiscard]] std::shared_ptr<SegmentListener> next_listener() WEIR_REQUIRES(lock_);
  /// Gives `segment` to the first of them who wants it, beginning with `listener`.
  void hand_over(BufferBuilder segment, std::shared_ptr<SegmentListener> listener) WEIR_EXCLUDES(lock_);
  /// Has listeners ask again, in turn, until none is left or there is nothing to give.
  void have_listeners_ask() WEIR_EXCLUDES(lock_);

  NetworkBufferPool& global_;  // outlives this
  std::atomic<std::uint32_t> size_ = 0;

  mutable Mutex lock_;
  CondVar freed_;
  std::vector<SegmentBlock*> free_ WEIR_GUARDED_BY(lock_);
  std::uint32_t taken_ WEIR_GUARDED_BY(lock_) = 0;  // from global_: free here, lent, or being fetched
  bool waiting_ WEIR_GUARDED_BY(lock_) = false;     // a writer sleeps and nobody has woken it yet
  bool impatient_ WEIR_GUARDED_BY(lock_) = false;   // it shall have the first segment that comes
  bool may_retry_ WEIR_GUARDED_BY(lock_) = false;   // since the last claim() global_ may have got one for us
  bool closed_ WEIR_GUARDED_BY(lock_) = false;
  std::vector<std::weak_ptr<SegmentListener>> listeners_ WEIR_GUARDED_BY(lock_);  // in the order they asked
};

}  // namespace weir
