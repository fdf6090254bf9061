// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace weir {

/// Counts what one thread does and lets others look. Adding costs what adding to a plain number costs.
///
/// Threads: add() by one, value() by any.
class Counter {
public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  /// The same for one who keeps his own count and publishes it now and then. Never goes back.
  void advance_to(std::uint64_t count) { value_.store(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// A number that goes up and down: queue lengths, free buffers.
///
/// Threads: any.
class Gauge {
public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> value_ = 0;
};

/// How fast a counter grows: per second, over the last minute or as long as it has been watched.
///
/// Threads: one, whoever samples counters.
/// Time:    `now` comes with the call and never goes back.
class Meter {
public:
  /// Call every few seconds with the counter's value.
  void sample(std::uint64_t count, TimePoint now);
  /// 0 until there are two samples.
  [[nodiscard]] double per_second() const;

private:
  struct Sample {
    TimePoint at{};
    std::uint64_t count = 0;
  };
  static constexpr std::size_t kSamples = 13;  // a minute, sampled every five seconds

  [[nodiscard]] const Sample& sample_before(std::size_t steps) const;

  std::array<Sample, kSamples> samples_{};
  std::size_t taken_ = 0;
};

/// How values are spread: durations, sizes. Eight buckets for each power of two, so that what it says is at
/// most an eighth too high; no allocation, and adding costs a few nanoseconds.
///
/// Threads: add() by one, the rest by any.
class Histogram {
public:
  void add(std::uint64_t value);

  [[nodiscard]] std::uint64_t count() const { return count_.value(); }
  /// A value that the share `quantile` of all values (0.5, 0.99) does not exceed; 0 if there are none.
  [[nodiscard]] std::uint64_t quantile(double quantile) const;
  [[nodiscard]] std::uint64_t max() const { return max_.load(std::memory_order_relaxed); }

private:
  static constexpr unsigned kStepBits = 3;
  static constexpr std::size_t kBuckets = (64 - kStepBits + 1) << kStepBits;

  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
  [[nodiscard]] static std::uint64_t last_value_in(std::size_t bucket);

  std::array<Counter, kBuckets> buckets_{};
  Counter count_;
  std::atomic<std::uint64_t> max_ = 0;
};

}  // namespace weir
