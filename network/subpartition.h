// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "base/port_slot.h"
#include "base/result.h"
#include "base/sync.h"
#include "memory/buffer.h"
#include "network/buffer_or_event.h"
#include "network/data_listener.h"
#include "network/ring_queue.h"
#include "network/spill_file.h"
#include "network/stream_event.h"

namespace weir {

/// The queue between one writer and one reader of a partition: segments and events in the order they were
/// written. Only the last segment may still be under the writer's pen; the reader sees of it what was
/// flushed.
///
/// It is readable when an event or a finished segment stands in front, or when a flush asked for what there
/// is. The reader is told only when it turns readable after having been read empty.
///
/// One of a blocking exchange holds places in a file instead of segments, and is readable from its end of
/// partition on. Nobody reads yet while it is written, so that no other event has a place in it.
///
/// Threads: add(), on_finished() and flush() by the writer; attach(), poll(), mark_starving() and release()
///          by the reader; the rest by any. A few locks a segment, none a record.
/// Order:   lock_ is a leaf: the reader is told, and segments go home, after it was let go.
class Subpartition {
public:
  /// `file`, which outlives this: of a blocking exchange; null: a pipelined one.
  explicit Subpartition(const SpillFile* file = nullptr) : file_(file) {}

  /// Appends the reading end of a segment. The one before it is finished.
  void add(BufferConsumer segment) WEIR_EXCLUDES(lock_);
  void add(const StreamEvent& event) WEIR_EXCLUDES(lock_);
  /// Blocking exchanges: appends what was written to the file.
  void add(const SpillFile::Extent& stored) WEIR_EXCLUDES(lock_);
  /// The writer has finished the last segment.
  void on_finished() WEIR_EXCLUDES(lock_);
  /// What was committed so far may be read though the segment is not full.
  void flush() WEIR_EXCLUDES(lock_);

  /// Makes `reader` the one to be told, under the number `channel`; it is told at once if there is something
  /// to read. False if there was a reader before: a stream can be read once.
  [[nodiscard]] bool attach(DataListener& reader, std::uint32_t channel) WEIR_EXCLUDES(lock_);
  /// Takes the next part out into `out`, whose buffer must be empty. Failed: see failure().
  [[nodiscard]] Polled poll(BufferOrEvent& out, Wanted wanted = Wanted::Anything) WEIR_EXCLUDES(lock_);
  /// The reader has nothing else to do. True if that is new and there is indeed nothing to read here; then
  /// the writer should be asked to hand over what it has begun.
  [[nodiscard]] bool mark_starving() WEIR_EXCLUDES(lock_);
  /// The reader waits for data: the next record is worth a flush. Threads: any.
  [[nodiscard]] bool is_starving() const { return starving_.load(std::memory_order_relaxed); }

  /// Drops what nobody read; the reader gets `cause` instead. The first cause stays.
  void fail(Error cause) WEIR_EXCLUDES(lock_);
  /// The reader is done: drops what it did not read and whatever may still be written. Once it returned, the
  /// reader is told nothing any more.
  void release() WEIR_EXCLUDES(lock_);

  [[nodiscard]] Error failure() const WEIR_EXCLUDES(lock_);
  /// Segments in the queue, finished or not.
  [[nodiscard]] std::uint32_t backlog_buffers() const WEIR_EXCLUDES(lock_);

private:
  using Entry = std::variant<BufferConsumer, StreamEvent, SpillFile::Extent>;
  using Entries = RingQueue<Entry>;

  /// What came out of the queue and is not in memory yet.
  using Stored = std::optional<SpillFile::Extent>;

  /// poll() but for what lies in the file.
  [[nodiscard]] Polled poll_queue(BufferOrEvent& out, Wanted wanted, Stored& stored) WEIR_EXCLUDES(lock_);
  [[nodiscard]] bool is_readable() const WEIR_REQUIRES(lock_);
  /// What stands in front has record bytes. Only if it is readable.
  [[nodiscard]] bool buffer_is_next() const WEIR_REQUIRES(lock_);
  /// True if the reader does not know yet that there is something to read. The caller tells it without the
  /// lock.
  [[nodiscard]] bool must_tell() WEIR_REQUIRES(lock_);
  /// Nothing comes out of a segment that was finished right after a flush.
  void take_front(BufferOrEvent& out, std::optional<BufferConsumer>& spent, Stored& stored)
      WEIR_REQUIRES(lock_);
  void append(Entry entry) WEIR_EXCLUDES(lock_);
  void tell_reader();

  const SpillFile* const file_;
  mutable Mutex lock_;
  bool is_complete_ WEIR_GUARDED_BY(lock_) = false;  // the end of partition was added
  Entries entries_ WEIR_GUARDED_BY(lock_);
  std::uint32_t backlog_buffers_ WEIR_GUARDED_BY(lock_) = 0;
  bool flush_requested_ WEIR_GUARDED_BY(lock_) = false;
  bool attached_ WEIR_GUARDED_BY(lock_) = false;
  bool told_ WEIR_GUARDED_BY(lock_) = false;  // the reader knows that there is something
  bool released_ WEIR_GUARDED_BY(lock_) = false;
  std::optional<Error> failure_ WEIR_GUARDED_BY(lock_);
  std::atomic<bool> starving_ = false;  // changed under lock_

  std::uint32_t channel_ = 0;  // written once, before reader_ is set
  PortSlot<DataListener> reader_;
};

}  // namespace weir
