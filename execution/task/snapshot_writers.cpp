// SPDX-License-Identifier: Apache-2.0
#include "execution/task/snapshot_writers.h"

#include <utility>

namespace weir {

SnapshotWriters::~SnapshotWriters() {
  std::vector<Thread> threads;
  {
    MutexLock held(lock_);
    is_ending_ = true;
    threads = std::move(threads_);
    changed_.notify_all();
  }
}

void SnapshotWriters::post(Call call) {
  MutexLock held(lock_);
  calls_.push_back(std::move(call));
  while (threads_.size() < wanted_) threads_.emplace_back("snapshots", [this] { work(); });
  changed_.notify_one();
}

void SnapshotWriters::work() {
  while (true) {
    Call call;
    {
      MutexLock held(lock_);
      while (calls_.empty() && !is_ending_) changed_.wait(lock_);
      if (calls_.empty()) return;
      call = std::move(calls_.front());
      calls_.pop_front();
    }
    call();
  }
}

}  // namespace weir
