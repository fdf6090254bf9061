// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "base/thread.h"
#include "execution/operators/async.h"

namespace weir {

/// A few threads that work off calls in the order in which they come.
///
/// Threads: any. Errors: a call throws nothing.
class WorkerThreads {
public:
  explicit WorkerThreads(std::uint32_t count);
  /// Waits for the calls that have begun; the others are forgotten.
  ~WorkerThreads();

  void add(std::function<void()> call) WEIR_EXCLUDES(lock_);

private:
  void work() WEIR_EXCLUDES(lock_);

  Mutex lock_;
  CondVar changed_;
  std::deque<std::function<void()>> calls_ WEIR_GUARDED_BY(lock_);
  bool stopping_ WEIR_GUARDED_BY(lock_) = false;
  std::vector<Thread> threads_;
};

/// Makes a function that waits, say for a database, one for async_map(): it is called on threads of the
/// subtask, several at a time. What it throws fails the job.
template <class Function>
class OnThreads {
public:
  OnThreads(std::uint32_t threads, Function function) : threads_(threads), function_(std::move(function)) {}

  template <class T, class R>
  void operator()(const T& value, AsyncResult<R> result) {
    if (!workers_) workers_ = std::make_shared<WorkerThreads>(threads_);
    workers_->add([function = &std::as_const(function_), value, result] {
      try {
        result(std::invoke(*function, value));
      } catch (...) {
        result.fail(std::current_exception());
      }
    });
  }
  template <class T>
  using ResultFor = std::remove_cvref_t<std::invoke_result_t<const Function&, const T&>>;

  /// Waits for the calls that have begun; the others are forgotten.
  void end_calls() { workers_.reset(); }
  [[nodiscard]] Function& users_function() { return function_; }
  [[nodiscard]] const Function& users_function() const { return function_; }

private:
  const std::uint32_t threads_;
  Function function_;
  std::shared_ptr<WorkerThreads> workers_;  // made by the first call; ends before function_
};

/// `function(record)`, which other threads may call at the same time, by so many of them in each subtask.
template <class Function>
[[nodiscard]] auto on_threads(std::uint32_t threads, Function function) {
  return OnThreads<Function>(threads, std::move(function));
}

}  // namespace weir
