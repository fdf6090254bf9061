// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/sync.h"
#include "ha/zk_leader.h"

namespace weir::testing {

/// Values that threads put and the test takes, one after the other.
template <class T>
class Inbox {
public:
  void put(T value) WEIR_EXCLUDES(lock_) {
    const MutexLock lock(lock_);
    values_.push_back(std::move(value));
    arrived_.notify_all();
  }
  /// None if there is none when `patience` is over.
  [[nodiscard]] std::optional<T> take(Duration patience = 30s) WEIR_EXCLUDES(lock_) {
    const TimePoint deadline = std::chrono::steady_clock::now() + patience;
    const MutexLock lock(lock_);
    while (values_.empty())
      if (!arrived_.wait_until(lock_, deadline) && values_.empty()) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

private:
  Mutex lock_;
  CondVar arrived_;
  std::deque<T> values_ WEIR_GUARDED_BY(lock_);
};

/// Sees who leads a cluster, as its TaskManagers and clients do.
///
/// Threads: one.
class LeaderWatch final : public LeaderListener {
public:
  LeaderWatch(const std::string& hosts, ZkPaths paths, Duration session_timeout,
              const std::string& secret = {}) {
    auto retrieval = ZkLeaderRetrieval::make(
        {.zookeeper = {.hosts = hosts, .session_timeout = session_timeout, .secret = secret},
         .paths = std::move(paths)});
    REQUIRE(retrieval);
    retrieval_ = *std::move(retrieval);
    retrieval_->start(*this);
  }
  ~LeaderWatch() override { retrieval_->stop(); }

  /// What the retrieval told next; also that there is none.
  [[nodiscard]] std::optional<LeaderAddress> next(Duration patience = 30s) { return told_.take(patience); }
  /// The next one that is found; what is told of no leader in between is passed.
  LeaderAddress leader() {
    while (true) {
      const auto told = next();
      REQUIRE(told);
      if (!told->address.empty()) return *told;
    }
  }

private:
  void on_leader(const LeaderAddress& leader) override { told_.put(leader); }

  Inbox<LeaderAddress> told_;
  std::unique_ptr<ZkLeaderRetrieval> retrieval_;
};

}  // namespace weir::testing
