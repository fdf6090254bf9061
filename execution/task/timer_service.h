// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/sync.h"
#include "base/thread.h"
#include "base/time.h"

namespace weir {

/// Calls functions again and again, each at its own interval, from one thread a worker.
///
/// Threads: any. Callbacks run on the service's thread: they must be short and may not call back into the
///          service.
/// Order:   when remove() has returned, the callback is not running and will not run.
class TimerService {
public:
  using TimerId = std::uint64_t;

  TimerService();
  ~TimerService();

  [[nodiscard]] TimerId add_periodic(Duration interval, std::function<void()> callback) WEIR_EXCLUDES(lock_);
  void remove(TimerId id) WEIR_EXCLUDES(lock_);

private:
  struct Timer {
    Duration interval;
    std::function<void()> callback;
  };

  void run() WEIR_EXCLUDES(lock_);
  void fire_due(TimePoint now) WEIR_REQUIRES(lock_);

  Mutex lock_;  // held while callbacks run, which makes remove() mean what it says
  CondVar changed_;
  std::map<TimerId, Timer> timers_ WEIR_GUARDED_BY(lock_);
  std::multimap<TimePoint, TimerId> due_ WEIR_GUARDED_BY(lock_);
  TimerId next_id_ WEIR_GUARDED_BY(lock_) = 1;
  bool stopping_ WEIR_GUARDED_BY(lock_) = false;
  Thread thread_;
};

/// A periodic timer for as long as it lives.
class PeriodicTimer {
public:
  PeriodicTimer() = default;
  PeriodicTimer(TimerService& service, Duration interval, std::function<void()> callback)
      : service_(&service), id_(service.add_periodic(interval, std::move(callback))) {}
  PeriodicTimer(PeriodicTimer&& other) noexcept
      : service_(std::exchange(other.service_, nullptr)), id_(other.id_) {}
  PeriodicTimer& operator=(PeriodicTimer&& other) noexcept {
    std::swap(service_, other.service_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~PeriodicTimer() {
    if (service_ != nullptr) service_->remove(id_);
  }

private:
  TimerService* service_ = nullptr;
  TimerService::TimerId id_ = 0;
};

}  // namespace weir
