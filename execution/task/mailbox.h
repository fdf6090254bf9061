// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bell.h"
#include "base/sync.h"
#include "execution/task/wake_descriptor.h"

namespace weir {

/// How other threads speak to a task. The task takes its letters between two records, so that nothing of it
/// needs a lock: whatever touches operators or state is a letter, or happens on the task's own thread anyway.
///
/// Threads: post() and raise() by any; take_*() and await_readable() by the task.
/// Order:   letters are taken in the order of their posting. lock_ is a leaf.
class Mailbox {
public:
  using Letter = std::function<void()>;

  /// Reasons to look up from the records, one bit each. The first two need no letter and so no memory.
  enum Signal : std::uint32_t {
    kLetters = 1,        // post() was called
    kFlush = 2,          // records have waited for as long as they may
    kReaderStarved = 4,  // a reader of our output has nothing to do
    kCancel = 8,         // end now; stays raised
    kStop = 16,          // a source is to end as if it had read everything
    kClock = 32,         // the wall clock is where an operator wanted to be woken
    kMarkLatency = 64,   // a source is to send a latency marker
    kBegin = 128,        // all others are open, too
  };

  /// `bell` wakes the task; it outlives this.
  explicit Mailbox(Bell& bell) : bell_(bell) {}

  void post(Letter letter) WEIR_EXCLUDES(lock_);
  /// Raises signals and wakes the task.
  void raise(std::uint32_t signals);
  /// Raises signals that only matter to a task that is awake.
  void raise_quietly(std::uint32_t signals) { attention_.fetch_or(signals, std::memory_order_release); }

  /// Not zero if there is something to take. The one thing that is looked at for each record.
  [[nodiscard]] const std::atomic<std::uint32_t>& attention() const { return attention_; }
  /// The signals so far. Only kCancel stays.
  [[nodiscard]] std::uint32_t take_signals() {
    return attention_.fetch_and(kCancel, std::memory_order_acquire);
  }
  [[nodiscard]] std::vector<Letter> take_letters() WEIR_EXCLUDES(lock_);

  /// Waits until the descriptor can be read, or there is something to take.
  void await_readable(int descriptor);

private:
  Bell& bell_;
  std::unique_ptr<WakeDescriptor> wake_;                   // made when a source first waits for a descriptor
  std::atomic<WakeDescriptor*> waiting_by_ = nullptr;      // not null while it does
  std::atomic<std::uint32_t> attention_ = 0;
  Mutex lock_;
  std::vector<Letter> letters_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
