// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/progress_display.h"

#include <chrono>

#include "apps/weir/progress.h"

namespace weir {

namespace {

constexpr Duration kPause = 500ms;

}  // namespace

ProgressDisplay::ProgressDisplay(JobClient& client, Console& console, JobId job)
    : client_(client), console_(console), job_(job) {
  if (console.is_terminal()) thread_ = Thread("progress", [this] { show_until_end(); });
}

ProgressDisplay::~ProgressDisplay() {
  {
    const MutexLock lock(lock_);
    is_over_ = true;
  }
  ended_.notify_all();
  thread_.join();
  console_.show({});
}

void ProgressDisplay::show_until_end() {
  Progress progress;
  while (!ends_within(kPause)) {
    const auto job = client_.details(job_);
    if (!job) continue;  // not accepted yet, or between two leaders
    const auto wall_now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    console_.show(progress.line(*job, wall_now, std::chrono::steady_clock::now(), console_.columns() - 1));
  }
}

bool ProgressDisplay::ends_within(Duration pause) {
  const TimePoint until = std::chrono::steady_clock::now() + pause;
  const MutexLock lock(lock_);
  while (!is_over_ && ended_.wait_until(lock_, until)) {
  }
  return is_over_;
}

}  // namespace weir
