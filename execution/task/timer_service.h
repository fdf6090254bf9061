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

/// Calls functions, again and again at an interval or once, from one thread a worker.
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
  /// Calls it once, when that time has passed.
  [[nodiscard]] TimerId add_once(Duration wait, std::function<void()> callback) WEIR_EXCLUDES(lock_);
  void remove(TimerId id) WEIR_EXCLUDES(lock_);

private:
  struct Timer {
    Duration interval;  // zero: once
    std::function<void()> callback;
  };

  [[nodiscard]] TimerId add(Duration wait, Timer timer) WEIR_EXCLUDES(lock_);
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

/// A timer of the service for as long as it lives.
class OwnedTimer {
public:
  OwnedTimer() = default;
  OwnedTimer(TimerService& service, TimerService::TimerId id) : service_(&service), id_(id) {}
  OwnedTimer(OwnedTimer&& other) noexcept
      : service_(std::exchange(other.service_, nullptr)), id_(other.id_) {}
  OwnedTimer& operator=(OwnedTimer&& other) noexcept {
    std::swap(service_, other.service_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~OwnedTimer() {
    if (service_ != nullptr) service_->remove(id_);
  }

private:
  TimerService* service_ = nullptr;
  TimerService::TimerId id_ = 0;
};

struct PeriodicTimer : OwnedTimer {
  PeriodicTimer() = default;
  PeriodicTimer(TimerService& service, Duration interval, std::function<void()> callback)
      : OwnedTimer(service, service.add_periodic(interval, std::move(callback))) {}
};
struct OneShotTimer : OwnedTimer {
  OneShotTimer() = default;
  OneShotTimer(TimerService& service, Duration wait, std::function<void()> callback)
      : OwnedTimer(service, service.add_once(wait, std::move(callback))) {}
};

}  // namespace weir
