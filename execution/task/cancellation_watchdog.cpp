// SPDX-License-Identifier: Apache-2.0
#include "execution/task/cancellation_watchdog.h"

namespace weir {

void CancellationWatchdog::watch(ExecutionAttemptId attempt, TimePoint now) {
  watched_.try_emplace(attempt, Watched{.since = now, .next_reminder = now + options_.interval});
}

std::vector<CancellationWatchdog::Overdue> CancellationWatchdog::on_tick(TimePoint now) {
  std::vector<Overdue> overdue;
  for (auto& [attempt, task] : watched_) {
    if (task.is_given_up) continue;
    const Duration waited_for = now - task.since;
    task.is_given_up = options_.timeout > Duration::zero() && waited_for >= options_.timeout;
    if (!task.is_given_up && now < task.next_reminder) continue;
    task.next_reminder = now + options_.interval;
    overdue.push_back({.attempt = attempt, .waited_for = waited_for, .is_given_up = task.is_given_up});
  }
  return overdue;
}

}  // namespace weir
