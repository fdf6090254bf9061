// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/sync.h"
#include "ha/zk_client.h"

namespace weir::testing {

/// Writes down what a ZkClient tells, and waits for it.
class ZkEvents final : public ZkListener {
public:
  void on_session(ZkSessionState state, const ZkSession& session) override {
    const MutexLock lock(lock_);
    states_.push_back(state);
    session_ = session;
    told_.notify_all();
  }
  void on_changed(const std::string& path) override {
    const MutexLock lock(lock_);
    changes_.push_back(path);
    told_.notify_all();
  }

  /// Passes everything up to this state. False if it has not come after `patience`.
  [[nodiscard]] bool await(ZkSessionState state, Duration patience = 30s) {
    return await_in(states_, state, patience);
  }
  [[nodiscard]] bool await_change(const std::string& path, Duration patience = 30s) {
    return await_in(changes_, path, patience);
  }
  [[nodiscard]] ZkSession session() {
    const MutexLock lock(lock_);
    return session_;
  }

private:
  template <class T>
  bool await_in(std::vector<T>& told, const T& wanted, Duration patience) {
    const TimePoint deadline = std::chrono::steady_clock::now() + patience;
    const MutexLock lock(lock_);
    while (true) {
      const auto found = std::find(told.begin(), told.end(), wanted);
      if (found != told.end()) {
        told.erase(told.begin(), found + 1);
        return true;
      }
      if (!told_.wait_until(lock_, deadline)) return false;
    }
  }

  Mutex lock_;
  CondVar told_;
  std::vector<ZkSessionState> states_;
  std::vector<std::string> changes_;
  ZkSession session_;
};

}  // namespace weir::testing
