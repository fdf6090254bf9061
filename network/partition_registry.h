// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/port_slot.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "network/data_listener.h"
#include "network/result_partition.h"

namespace weir {

/// A reader's wish for a partition, and the answer once there is one.
///
/// Threads: answer() by any, once; the rest by the reader.
/// Order:   lock_ is a leaf: the reader is told after it was let go.
class PartitionRequest {
public:
  using Answer = Result<std::shared_ptr<ResultPartition>>;

  /// `reader` is told on_data(channel) when the answer is there; it outlives this or withdraws.
  PartitionRequest(const ResultPartitionId& id, DataListener& reader, std::uint32_t channel);

  [[nodiscard]] const ResultPartitionId& id() const { return id_; }
  void answer(Answer answer) WEIR_EXCLUDES(lock_);
  /// The answer, if it is there; given once.
  [[nodiscard]] std::optional<Answer> take() WEIR_EXCLUDES(lock_);
  /// Once it returned, the reader is told nothing any more.
  void withdraw();

private:
  const ResultPartitionId id_;
  const std::uint32_t channel_;
  PortSlot<DataListener> reader_;
  Mutex lock_;
  std::optional<Answer> answer_ WEIR_GUARDED_BY(lock_);
};

/// The partitions that the tasks of one worker write. Readers may ask before a writer has registered: their
/// answer comes when it does, or when they have waited too long.
///
/// Threads: any.
/// Time:    reads no clock; a request's time runs from the first on_tick() that sees it.
/// Order:   lock_ is a leaf: partitions and requests are called after it was let go.
/// Errors:  a request is refused with PartitionNotFound at its deadline, and with Closed after close().
class PartitionRegistry {
public:
  static constexpr Duration kDefaultTimeout = 10s;

  explicit PartitionRegistry(Duration timeout = kDefaultTimeout) : timeout_(timeout) {}
  ~PartitionRegistry() { close(); }
  PartitionRegistry(const PartitionRegistry&) = delete;
  PartitionRegistry& operator=(const PartitionRegistry&) = delete;

  /// Makes it known, and answers those who wait for it. Its id must be new.
  void add(std::shared_ptr<ResultPartition> partition) WEIR_EXCLUDES(lock_);
  /// Answers at once, or when the partition comes. Whoever loses interest withdraws the request and drops it.
  void request(const std::shared_ptr<PartitionRequest>& request) WEIR_EXCLUDES(lock_);
  /// Refuses the requests that have waited too long. Call it a few times a second.
  void on_tick(TimePoint now) WEIR_EXCLUDES(lock_);

  /// Forgets a partition that every reader is done with.
  void remove(const ResultPartitionId& id) WEIR_EXCLUDES(lock_);
  /// Drops all that an attempt wrote; readers that are still there fail.
  void release_all_of(const ExecutionAttemptId& producer) WEIR_EXCLUDES(lock_);
  /// The same of all attempts.
  void release_all() WEIR_EXCLUDES(lock_);
  /// The same, and refuses all requests from now on.
  void close() WEIR_EXCLUDES(lock_);

  [[nodiscard]] std::uint32_t partition_count() const WEIR_EXCLUDES(lock_);

private:
  struct Waiting {
    std::weak_ptr<PartitionRequest> request;  // gone: its reader lost interest
    std::optional<TimePoint> deadline;        // none before the first tick
  };
  using Partitions = std::map<ResultPartitionId, std::shared_ptr<ResultPartition>>;

  const Duration timeout_;
  mutable Mutex lock_;
  Partitions partitions_ WEIR_GUARDED_BY(lock_);
  std::multimap<ResultPartitionId, Waiting> waiting_ WEIR_GUARDED_BY(lock_);
  bool closed_ WEIR_GUARDED_BY(lock_) = false;
};

}  // namespace weir
