// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/time.h"
#include "execution/operators/processing_time.h"
#include "execution/task/mailbox.h"
#include "execution/task/timer_service.h"

namespace weir {

/// The wall clock of one task: read when the task says so, and a signal in its mailbox when somebody is to be
/// woken.
///
/// Threads: the task's.
class TaskClock final : public ProcessingTime {
public:
  /// Both outlive this.
  TaskClock(TimerService& timers, Mailbox& mailbox) : timers_(timers), mailbox_(mailbox) { read(); }

  [[nodiscard]] std::int64_t now() const override { return now_; }
  void wake_at(std::int64_t time) override {
    if (time >= armed_) return;
    armed_ = time;
    read();
    const auto wait =
        std::chrono::milliseconds(std::clamp<std::int64_t>(time - now_, 0, kLongestWait.count()));
    timer_ = OneShotTimer(timers_, wait, [this] { mailbox_.raise(Mailbox::kClock); });
  }

  void read() { now_ = SystemClock{}.wall_now().time_since_epoch().count(); }
  /// The signal has come: whoever still waits says so again.
  void on_signal() {
    armed_ = kNever;
    read();
  }

private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::chrono::milliseconds kLongestWait = 1h;  // then it is looked again

  TimerService& timers_;
  Mailbox& mailbox_;
  std::int64_t now_ = 0;
  std::int64_t armed_ = kNever;
  OneShotTimer timer_;
};

}  // namespace weir
