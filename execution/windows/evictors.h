// SPDX-License-Identifier: Apache-2.0
// What leaves a window when it speaks: before its function sees the records, or after. What is left stays in
// the window. An evictor is a plain value: evict(elements) removes from a vector of Timed records.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "execution/windows/window.h"

namespace weir {

/// A record that a window keeps, and its time. EventTime::none() is one, too.
template <class T>
struct Timed {
  std::int64_t time = window_math::kBeforeAll;
  T value{};
};

enum class Evict : std::uint8_t { Before, After };

/// Keeps the last `count` records, in the order in which they came.
class CountEvictor {
public:
  explicit CountEvictor(std::int64_t count, Evict when = Evict::Before) : count_(count), when_(when) {
    if (count_ <= 0) throw std::invalid_argument("an evictor keeps 1 record at least");
  }
  [[nodiscard]] Evict when() const { return when_; }

  template <class T>
  void evict(std::vector<Timed<T>>& elements) const {
    const auto kept = static_cast<std::size_t>(count_);
    if (elements.size() <= kept) return;
    elements.erase(elements.begin(), elements.end() - static_cast<std::ptrdiff_t>(kept));
  }

private:
  std::int64_t count_;
  Evict when_;
};

/// Keeps the records that are less than `size` older than the latest one. Records without a time stay.
class TimeEvictor {
public:
  explicit TimeEvictor(Duration size, Evict when = Evict::Before)
      : size_(window_math::millis(size)), when_(when) {
    if (size_ <= 0) throw std::invalid_argument("an evictor keeps 1 ms at least");
  }
  [[nodiscard]] Evict when() const { return when_; }

  template <class T>
  void evict(std::vector<Timed<T>>& elements) const {
    const auto latest = std::ranges::max_element(elements, {}, &Timed<T>::time);
    if (latest == elements.end() || elements.front().time == window_math::kBeforeAll) return;
    const std::int64_t cutoff = window_math::saturating_add(latest->time, -size_);
    std::erase_if(elements, [cutoff](const Timed<T>& each) { return each.time <= cutoff; });
  }

private:
  std::int64_t size_;
  Evict when_;
};

/// Keeps the records that are nearer than `threshold` to the last one: delta(record, last), a number.
template <class Delta>
class DeltaEvictor {
public:
  DeltaEvictor(double threshold, Delta delta, Evict when = Evict::Before)
      : threshold_(threshold), delta_(std::move(delta)), when_(when) {}
  [[nodiscard]] Evict when() const { return when_; }

  template <class T>
  void evict(std::vector<Timed<T>>& elements) const {
    if (elements.empty()) return;
    const T last = elements.back().value;
    std::erase_if(elements, [&](const Timed<T>& each) {
      return std::invoke(delta_, each.value, last) >= threshold_;
    });
  }

private:
  double threshold_;
  Delta delta_;
  Evict when_;
};

/// For windows from which nothing leaves.
struct NoEvictor {};

}  // namespace weir
