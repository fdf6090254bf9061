// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang checks these with -Wthread-safety (preset `clang`); other compilers read them as comments.
#if defined(__clang__)
#define WEIR_TSA(x) __attribute__((x))
#else
#define WEIR_TSA(x)
#endif
#define WEIR_CAPABILITY(name) WEIR_TSA(capability(name))
#define WEIR_SCOPED_CAPABILITY WEIR_TSA(scoped_lockable)
#define WEIR_GUARDED_BY(lock) WEIR_TSA(guarded_by(lock))
#define WEIR_REQUIRES(...) WEIR_TSA(requires_capability(__VA_ARGS__))
#define WEIR_EXCLUDES(...) WEIR_TSA(locks_excluded(__VA_ARGS__))
#define WEIR_ACQUIRE(...) WEIR_TSA(acquire_capability(__VA_ARGS__))
#define WEIR_RELEASE(...) WEIR_TSA(release_capability(__VA_ARGS__))

namespace weir {

/// A std::mutex that the compiler can reason about.
class WEIR_CAPABILITY("mutex") Mutex {
public:
  void lock() WEIR_ACQUIRE() { mutex_.lock(); }
  void unlock() WEIR_RELEASE() { mutex_.unlock(); }

private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class WEIR_SCOPED_CAPABILITY MutexLock {
public:
  explicit MutexLock(Mutex& mutex) WEIR_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() WEIR_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

private:
  Mutex& mutex_;
};

/// A condition of data that a Mutex guards. Waiting may end without cause: always wait in a loop.
class CondVar {
public:
  void wait(Mutex& mutex) WEIR_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    changed_.wait(lock);
    lock.release();
  }

  /// False once `deadline` has passed.
  template <class Clock, class Length>
  bool wait_until(Mutex& mutex, std::chrono::time_point<Clock, Length> deadline) WEIR_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool woken = changed_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }

  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }

private:
  std::condition_variable changed_;
};

}  // namespace weir
