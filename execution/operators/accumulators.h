// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/sync.h"

namespace weir {

/// What the functions of one task have counted, by name.
///
/// Threads: any.
/// Order:   lock_ is a leaf, and is not taken to count.
/// Errors:  sum() throws std::length_error beyond kMaxSums or kMaxNameBytes: every heartbeat carries them.
class Accumulators {
public:
  /// Added to by one thread, read by any.
  using Sum = std::atomic<std::int64_t>;

  static constexpr std::size_t kMaxSums = 1000;
  static constexpr std::size_t kMaxNameBytes = 256;

  /// The sum of that name, which is 0 when it is new.
  [[nodiscard]] std::shared_ptr<Sum> sum(const std::string& name) WEIR_EXCLUDES(lock_);
  [[nodiscard]] std::map<std::string, std::int64_t> values() const WEIR_EXCLUDES(lock_);

  /// While it lives, the counters that this thread makes or copies count into `task`.
  class Scope {
  public:
    explicit Scope(Accumulators& task);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

  private:
    Accumulators* const outer_;
  };
  /// Null outside of a Scope.
  [[nodiscard]] static Accumulators* of_this_thread();

private:
  mutable Mutex lock_;
  std::map<std::string, std::shared_ptr<Sum>> sums_ WEIR_GUARDED_BY(lock_);
};

/// A number that a user's function adds to. It is summed over all subtasks, can be watched while the job runs
/// and comes back with the job's result, under its name.
///
///     stream.filter([matched = LongCounter("matched-lines")](const std::string& line) {
///       const bool matches = line.find("error") != std::string::npos;
///       matched.add(matches);
///       return matches;
///     });
///
/// Captured by a lambda or a member of a function object, a source or an operator: the task makes a copy of
/// it for each of its subtasks, and that copy counts for the task. Counters of one name are one sum.
/// Elsewhere, as in a test of the function alone, a counter and its copies count for themselves.
///
/// Threads: add() by the task's; value() by any.
class LongCounter {
public:
  explicit LongCounter(std::string name);
  LongCounter(const LongCounter& other);
  LongCounter(LongCounter&&) noexcept = default;
  LongCounter& operator=(LongCounter other) noexcept {
    std::swap(name_, other.name_);
    std::swap(sum_, other.sum_);
    return *this;
  }
  ~LongCounter() = default;

  /// As cheap as adding to a plain number.
  void add(std::int64_t n = 1) const {
    sum_->store(sum_->load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  /// Of this subtask, so far.
  [[nodiscard]] std::int64_t value() const { return sum_->load(std::memory_order_relaxed); }

private:
  std::string name_;
  std::shared_ptr<Accumulators::Sum> sum_;
};

}  // namespace weir
