// SPDX-License-Identifier: Apache-2.0
#include "base/bell.h"

namespace weir {

bool Bell::await_until(TimePoint deadline) {
  int expected = kQuiet;
  if (!state_.compare_exchange_strong(expected, kAsleep, std::memory_order_acq_rel)) {
    // It rang while we were busy. An exchange, not a store: should it ring again just now, either we see here
    // what that ringer wrote, or his ring stays for the next await(). A store could wipe it out and see
    // nothing of him.
    state_.exchange(kQuiet, std::memory_order_acq_rel);
    return true;
  }
  MutexLock held(lock_);
  bool in_time = true;
  while (in_time && state_.load(std::memory_order_acquire) == kAsleep) {
    if (deadline == TimePoint::max()) woken_.wait(lock_);
    else in_time = woken_.wait_until(lock_, deadline);
  }
  return state_.exchange(kQuiet, std::memory_order_acq_rel) == kRung;
}

void Bell::wake() {
  {
    MutexLock held(lock_);  // the sleeper is between its check and its wait, or in its wait: never past them
  }
  woken_.notify_one();  // without the lock, which the sleeper needs next: he may run before we go on
}

}  // namespace weir
