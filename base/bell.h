// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/sync.h"
#include "base/time.h"

namespace weir {

/// Wakes one thread that has nothing to do. A ring while it is busy is remembered and costs no system call.
///
/// Threads: ring() by any; await() by the one thread that owns the bell. It outlives every call of ring():
///          the sleeper may be up before his waker has returned.
/// Order:   what a thread wrote before ring() is seen after the await() that it ended.
class Bell {
public:
  void ring() {
    if (state_.exchange(kRung, std::memory_order_acq_rel) == kAsleep) wake();
  }

  /// Returns at once if it rang since the last await(), else sleeps until it rings.
  void await() { (void)await_until(TimePoint::max()); }
  /// False if `deadline` passed before it rang.
  bool await_until(TimePoint deadline);

private:
  enum State : int { kQuiet, kRung, kAsleep };

  void wake() WEIR_EXCLUDES(lock_);

  std::atomic<int> state_ = kQuiet;
  Mutex lock_;
  CondVar woken_;
};

}  // namespace weir
