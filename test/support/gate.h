// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/sync.h"

namespace weir::testing {

/// Holds functions back, sources for instance in the middle of their stream until a checkpoint was ordered.
///
/// Threads: any.
class Gate {
public:
  void open() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    ++waiting_;
    changed_.notify_all();
    while (!is_open_) changed_.wait(lock_);
  }
  void await_waiting(std::uint32_t sources) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    while (waiting_ < sources) changed_.wait(lock_);
  }

private:
  Mutex lock_;
  CondVar changed_;
  bool is_open_ WEIR_GUARDED_BY(lock_) = false;
  std::uint32_t waiting_ WEIR_GUARDED_BY(lock_) = 0;
};

}  // namespace weir::testing
