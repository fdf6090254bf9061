// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "base/sync.h"
#include "base/thread.h"

namespace weir {

/// The few threads of a worker that write state to storage while tasks go on.
///
/// Threads: post() by any. Order: calls are begun in the order of their posting. lock_ is a leaf.
class SnapshotWriters {
public:
  using Call = std::function<void()>;

  explicit SnapshotWriters(std::uint32_t threads = 2) : wanted_(threads) {}
  /// Finishes what was posted.
  ~SnapshotWriters();
  SnapshotWriters(const SnapshotWriters&) = delete;
  SnapshotWriters& operator=(const SnapshotWriters&) = delete;

  /// Calls it soon. The first call starts the threads.
  void post(Call call) WEIR_EXCLUDES(lock_);

private:
  void work() WEIR_EXCLUDES(lock_);

  const std::uint32_t wanted_;
  Mutex lock_;
  CondVar changed_;
  std::deque<Call> calls_ WEIR_GUARDED_BY(lock_);
  bool is_ending_ WEIR_GUARDED_BY(lock_) = false;
  std::vector<Thread> threads_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
