// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/port_slot.h"
#include "memory/buffer.h"
#include "memory/local_buffer_pool.h"
#include "network/spill_file.h"
#include "network/stream_event.h"
#include "network/subpartition.h"

namespace weir {

/// Told when a reader of a partition has nothing to do, so that the writer hands over what it has begun. A
/// port that the task implements. Threads: any; must not block, must not call back into the partition.
class FlushListener {
public:
  virtual ~FlushListener() = default;
  /// Told once until that reader got something. If there is nothing to flush yet, the first record that comes
  /// is worth it: subpartition(i).is_starving() stays true until the reader was fed.
  virtual void on_reader_starved() = 0;
};

/// What one subtask writes to one data set: a queue a consumer, fed from one pool of segments. Shared by the
/// registry, the writing task and the readers; the segments go home when the last of them is done with it.
///
/// That of a blocking exchange puts each finished segment into a file, and lets its readers begin after
/// finish(): so it takes one segment a subpartition, however much is written.
///
/// Threads: the task writes (request_builder, finish_builder, flush, broadcast, finish); readers, each on its
///          own thread, use the subpartitions and the reader's calls; set_listener(), fail() and release() by
///          any.
/// Errors:  request_builder() returns nothing only after fail(), release() or finish(). It never fails for
///          want of memory, it waits: this wait is the back-pressure. Or after the disk has failed: see
///          write_failure().
class ResultPartition {
public:
  /// The pool is sure of at least one segment a subpartition, else writers of many at a time could wait for
  /// themselves.
  /// With a `file` it is one of a blocking exchange.
  ResultPartition(ResultPartitionId id, std::uint32_t subpartition_count,
                  std::shared_ptr<LocalBufferPool> pool, std::unique_ptr<SpillFile> file = nullptr);
  ResultPartition(const ResultPartition&) = delete;
  ResultPartition& operator=(const ResultPartition&) = delete;

  [[nodiscard]] const ResultPartitionId& id() const { return id_; }
  [[nodiscard]] std::uint32_t subpartition_count() const {
    return static_cast<std::uint32_t>(subpartitions_.size());
  }
  [[nodiscard]] Subpartition& subpartition(std::uint32_t index) { return *subpartitions_[index]; }

  /// Unset with nullptr before `listener` dies: when that returned, no call is under way and none will come.
  void set_listener(FlushListener* listener);

  /// Called by the writer's thread, once, when there is something to read for the first time. Before anything
  /// is written; not for a blocking exchange.
  void when_consumable(std::function<void()> call) { when_consumable_ = std::move(call); }

  // The writer's calls.

  /// A fresh segment whose reading end already stands in the queue of `subpartition`. Waits for memory.
  [[nodiscard]] std::optional<BufferBuilder> request_builder(std::uint32_t subpartition);
  /// The segment is full, or will not be written any more; its reader is told.
  void finish_builder(std::uint32_t subpartition, BufferBuilder builder, std::uint32_t bytes);
  /// What was committed so far may be read though the segment is not full.
  void flush(std::uint32_t subpartition);

  /// Why something that was to lie in the file does not; null: all does.
  [[nodiscard]] const Error* write_failure() const { return write_failure_ ? &*write_failure_ : nullptr; }

  /// Appends the event to every subpartition. The caller has finished its builders first.
  void broadcast(const StreamEvent& event);
  /// The last record was written: end-of-partition to every consumer. What nobody read yet stays readable.
  void finish();
  /// The producer failed: waiting writers wake with nothing, readers get the cause.
  void fail(const std::string& cause);
  /// Drops what nobody read and gives the segments back; a reader that is still there fails.
  void release();

  // The readers' calls.

  /// The reader of `subpartition` has nothing else to do.
  void on_reader_starving(std::uint32_t subpartition);
  /// The reader of `subpartition` is done with it, at its end or before. Once, by each reader.
  void release_subpartition(std::uint32_t subpartition);
  /// Every reader is done.
  [[nodiscard]] bool is_consumed() const { return unread_.load(std::memory_order_acquire) == 0; }

private:
  void fail_readers(const Error& cause);
  void store(std::uint32_t subpartition, std::span<const std::byte> bytes);
  void tell_consumable() {
    if (when_consumable_) std::exchange(when_consumable_, {})();
  }

  const ResultPartitionId id_;
  const std::shared_ptr<LocalBufferPool> pool_;
  const std::unique_ptr<SpillFile> file_;  // null: pipelined
  std::optional<Error> write_failure_;      // the writer's own, as is the next
  std::function<void()> when_consumable_;
  std::vector<std::unique_ptr<Subpartition>> subpartitions_;
  std::atomic<std::uint32_t> unread_;  // subpartitions that a reader is not done with
  PortSlot<FlushListener> listener_;
};

}  // namespace weir
