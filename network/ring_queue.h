// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace weir {

/// A queue that keeps its memory: once it is as long as it gets, passing things through it allocates nothing.
/// (A std::deque allocates and frees a block every few elements for ever.)
///
/// Threads: one at a time. Errors: front(), back() and pop_front() want a queue that is not empty.
template <class T>
class RingQueue {
public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T& front() { return *slots_[first_]; }
  [[nodiscard]] const T& front() const { return *slots_[first_]; }
  [[nodiscard]] const T& back() const { return *slots_[index_of(size_ - 1)]; }

  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slots_[index_of(size_)] = std::move(value);
    ++size_;
  }

  void pop_front() {
    slots_[first_].reset();
    first_ = index_of(1);
    --size_;
  }

  void swap(RingQueue& other) noexcept {
    slots_.swap(other.slots_);
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
  }

private:
  static constexpr std::size_t kFirstCapacity = 8;  // a power of two, like all that follow

  [[nodiscard]] std::size_t index_of(std::size_t position) const {
    return (first_ + position) & (slots_.size() - 1);
  }

  void grow() {
    std::vector<std::optional<T>> larger(slots_.empty() ? kFirstCapacity : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(slots_[index_of(i)]);
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<std::optional<T>> slots_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weir
