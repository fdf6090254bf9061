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
  return add(interval, {interval, std::move(callback)});
}

TimerService::TimerId TimerService::add_once(Duration wait, std::function<void()> callback) {
  return add(wait, {Duration::zero(), std::move(callback)});
}

TimerService::TimerId TimerService::add(Duration wait, Timer timer) {
  MutexLock held(lock_);
  const TimerId id = next_id_++;
  const TimePoint first = SystemClock{}.now() + wait;
  const bool is_earliest = due_.empty() || first < due_.begin()->first;
  timers_.emplace(id, std::move(timer));
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
    if (timer->second.interval > Duration::zero()) due_.emplace(now + timer->second.interval, id);
    else timers_.erase(timer);
  }
}

}  // namespace weir
