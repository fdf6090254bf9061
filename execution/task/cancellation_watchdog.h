// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace weir {

/// Knows which tasks were asked to end and have not, and for how long.
///
/// A thread cannot be taken away from code that does not give it back. So a task that is cancelled is
/// reminded again and again, and if all that does not help its process has to go: others then see that its
/// slot is lost instead of waiting for it.
///
/// Threads: none; one caller at a time.
/// Time:    `now` comes with the call and never goes back.
class CancellationWatchdog {
public:
  struct Options {
    Duration interval = 30s;  // between two reminders
    Duration timeout = 180s;  // after this the task is given up; 0: never
  };
  struct Overdue {
    ExecutionAttemptId attempt;
    Duration waited_for{};
    bool is_given_up = false;  // told once
  };

  explicit CancellationWatchdog(Options options) : options_(options) {}

  /// The task was asked to end. Asking again does not give it more time.
  void watch(ExecutionAttemptId attempt, TimePoint now);
  /// The task has ended.
  void forget(ExecutionAttemptId attempt) { watched_.erase(attempt); }

  /// Those who are to be reminded now, or given up.
  [[nodiscard]] std::vector<Overdue> on_tick(TimePoint now);

private:
  struct Watched {
    TimePoint since;
    TimePoint next_reminder;
    bool is_given_up = false;
  };

  const Options options_;
  std::map<ExecutionAttemptId, Watched> watched_;
};

}  // namespace weir
