// SPDX-License-Identifier: Apache-2.0
#include "execution/task/timer_service.h"

namespace weir {

TimerService::TimerService() : thread_("weir-timer", [this] { run(); }) {}

TimerService::~TimerService() {
  {
    MutexLock held(lock_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

TimerService::TimerId TimerService::add_periodic(Duration interval, std::function<void()> callback) {
  MutexLock held(lock_);
  const TimerId id = next_id_++;
  const TimePoint first = SystemClock{}.now() + interval;
  const bool is_earliest = due_.empty() || first < due_.begin()->first;
  timers_.emplace(id, Timer{interval, std::move(callback)});
  due_.emplace(first, id);
  if (is_earliest) changed_.notify_one();
  return id;
}

void TimerService::remove(TimerId id) {
  MutexLock held(lock_);
  timers_.erase(id);  // its place in due_ is dropped when it comes up
}

void TimerService::run() {
  MutexLock held(lock_);
  while (!stopping_) {
    if (due_.empty()) changed_.wait(lock_);
    else (void)changed_.wait_until(lock_, due_.begin()->first);
    fire_due(SystemClock{}.now());
  }
}

void TimerService::fire_due(TimePoint now) {
  while (!stopping_ && !due_.empty() && due_.begin()->first <= now) {
    const TimerId id = due_.begin()->second;
    due_.erase(due_.begin());
    const auto timer = timers_.find(id);
    if (timer == timers_.end()) continue;
    timer->second.callback();
    due_.emplace(now + timer->second.interval, id);
  }
}

}  // namespace weir
