// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "memory/buffer.h"
#include "memory/local_buffer_pool.h"
#include "network/stream_event.h"
#include "network/subpartition.h"

namespace weir {

/// Told when a reader of a partition has run dry, so that the writer hands over what it has begun. A port that the
/// task implements. Threads: any; must not block, must not call back into the partition.
class FlushListener {
public:
  virtual ~FlushListener() = default;
  virtual void on_reader_starved() = 0;
};

/// What one subtask writes to one data set: a queue a consumer, fed from one pool of segments.
///
/// Threads: the task writes (request_builder, finish_builder, broadcast, flush, finish); readers, each on its own
///          thread, use the subpartitions; fail() and release() come from any thread.
/// Errors:  request_builder() returns nothing only after fail() or release(). It never fails for want of memory, it waits:
///          this wait is the back-pressure.
class ResultPartition {
public:
  ResultPartition(ResultPartitionId id, std::uint32_t subpartition_count, std::shared_ptr<LocalBufferPool> pool);

  [[nodiscard]] const ResultPartitionId& id() const { return id_; }
  [[nodiscard]] std::uint32_t subpartition_count() const { return static_cast<std::uint32_t>(subpartitions_.size()); }
  [[nodiscard]] Subpartition& subpartition(std::uint32_t index) { return *subpartitions_[index]; }

  /// `listener` outlives every reader's use of this, or is unset with nullptr first.
  void set_listener(FlushListener* listener);

  /// A fresh segment whose reading end already stands in the queue of `subpartition`. Waits for memory.
  [[nodiscard]] std::optional<BufferBuilder> request_builder(std::uint32_t subpartition);
  /// The segment is full, or will not be written any more; its reader is told.
  void finish_builder(std::uint32_t subpartition, BufferBuilder builder, std::uint32_t bytes);
  /// What was committed so far may be read though the segment is not full.
  void flush(std::uint32_t subpartition);

  /// Appends the event to every subpartition. The caller has finished its builders first.
  void broadcast(const StreamEvent& event);
  /// The last record was written: end-of-partition to every consumer.
  void finish();
  /// The producer failed: waiting writers wake with nothing, readers get the cause.
  void fail(const std::string& cause);
  /// Drops what nobody read and gives the segments back.
  void release();

private:
  const ResultPartitionId id_;
  const std::shared_ptr<LocalBufferPool> pool_;
  std::vector<std::unique_ptr<Subpartition>> subpartitions_;
};

}  // namespace weir
