// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/worker_threads.h"

namespace weir {

WorkerThreads::WorkerThreads(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) threads_.emplace_back("async call", [this] { work(); });
}

WorkerThreads::~WorkerThreads() {
  {
    MutexLock held(lock_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (Thread& thread : threads_) thread.join();
}

void WorkerThreads::add(std::function<void()> call) {
  MutexLock held(lock_);
  calls_.push_back(std::move(call));
  changed_.notify_one();
}

void WorkerThreads::work() {
  while (true) {
    std::function<void()> call;
    {
      MutexLock held(lock_);
      while (calls_.empty() && !stopping_) changed_.wait(lock_);
      if (stopping_) return;
      call = std::move(calls_.front());
      calls_.pop_front();
    }
    call();
  }
}

}  // namespace weir
