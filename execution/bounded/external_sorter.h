// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "execution/bounded/sort_buffer.h"
#include "execution/bounded/spill_stream.h"
#include "execution/operators/workspace.h"

namespace weir {

/// How the pages of an operator are used by a sort.
struct SortMemory {
  static constexpr std::size_t kLeastPages = 4;
  static constexpr std::size_t kMostFanIn = 128;  // of one merge, each of which has an open file

  explicit SortMemory(std::size_t page_count)
      : writer_pages(page_count >= 16 ? 2 : 1),
        reader_pages(page_count >= 32 ? 2 : 1),
        fan_in(std::min(kMostFanIn, (page_count - writer_pages) / reader_pages)) {}

  std::size_t writer_pages;
  std::size_t reader_pages;
  std::size_t fan_in;
};

/// Sorted runs as one. Of records that are equal by the order those of an earlier run come first.
///
/// Threads: the task's. Errors: throws what the disk said.
template <Record T, class By>
class RunMerger {
public:
  RunMerger(const By& by, Workspace& space, std::span<const SpilledRecords> runs, std::size_t reader_pages)
      : by_(by) {
    for (const SpilledRecords& run : runs) {
      auto cursor = std::make_unique<Cursor>(space, run, reader_pages, heap_.size());
      if (advance(*cursor)) heap_.push_back(std::move(cursor));
    }
    for (std::size_t i = heap_.size(); i-- > 0;) sift_down(i);
  }

  [[nodiscard]] bool is_empty() const { return heap_.empty(); }
  // Of the least; not if it is empty.
  [[nodiscard]] const T& value() const { return heap_.front()->value; }
  [[nodiscard]] EventTime time() const { return heap_.front()->time; }
  [[nodiscard]] std::span<const std::byte> record() const { return heap_.front()->record; }
  void pop() {
    if (!advance(*heap_.front())) {
      std::swap(heap_.front(), heap_.back());
      heap_.pop_back();
    }
    if (!heap_.empty()) sift_down(0);
  }

private:
  struct Cursor {
    Cursor(Workspace& space, const SpilledRecords& run, std::size_t pages, std::size_t order)
        : reader(space, run, pages), number(order) {}

    SpillStreamReader reader;
    const std::size_t number;
    std::span<const std::byte> record;
    std::uint64_t prefix = 0;
    T value{};
    EventTime time;
  };

  [[nodiscard]] bool advance(Cursor& cursor) {
    if (!cursor.reader.next(cursor.record)) return false;
    StoredRecord<T>::read(cursor.value, cursor.time, cursor.record);
    cursor.prefix = by_.prefix(cursor.value);
    return true;
  }
  [[nodiscard]] bool is_before(const Cursor& a, const Cursor& b) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    if constexpr (!By::template kPrefixDecides<T>) {
      const int result = by_.compare(a.value, b.value);
      if (result != 0) return result < 0;
    }
    return a.number < b.number;
  }
  void sift_down(std::size_t at) {
    while (true) {
      std::size_t least = 2 * at + 1;
      if (least >= heap_.size()) return;
      if (least + 1 < heap_.size() && is_before(*heap_[least + 1], *heap_[least])) ++least;
      if (!is_before(*heap_[least], *heap_[at])) return;
      std::swap(heap_[at], heap_[least]);
      at = least;
    }
  }

  const By& by_;  // outlives this
  std::vector<std::unique_ptr<Cursor>> heap_;
};

/// Any number of records in order: in memory as long as they fit into it, else in sorted runs on disk that
/// are merged, in several passes if there are very many. Records that are equal by the order stay as they
/// came.
///
/// Order:   add(), finish(), then next() until it says no.
/// Threads: the task's. Errors: throws what the disk said, and TaskCancelled.
template <Record T, class By>
class ExternalSorter {
public:
  /// `space` has at least SortMemory::kLeastPages free pages, and outlives this.
  ExternalSorter(By by, Workspace& space)
      : by_(std::move(by)),
        space_(space),
        memory_(space.pages->free_pages()),
        buffer_(by_, *space.pages, memory_.writer_pages) {}

  void add(const T& value, EventTime time) {
    if (buffer_.try_add(value, time)) [[likely]] return;
    if (buffer_.size() > 0) spill();
    if (!buffer_.try_add(value, time)) spill_alone(value, time);
  }

  void finish() {
    if (runs_.empty()) return buffer_.sort();
    if (buffer_.size() > 0) spill();
    std::size_t at = 0;
    while (runs_.size() > memory_.fan_in) at = merge_some(at);
    merger_.emplace(by_, space_, runs_, memory_.reader_pages);
  }

  /// False at the end. value() and time() are good until the next call.
  [[nodiscard]] bool next() {
    space_.step();
    if (!merger_) {
      if (next_ == buffer_.size()) return false;
      StoredRecord<T>::read(value_, time_, buffer_.record(next_++));
      return true;
    }
    if (has_begun_ && !merger_->is_empty()) merger_->pop();
    has_begun_ = true;
    return !merger_->is_empty();
  }
  [[nodiscard]] const T& value() const { return merger_ ? merger_->value() : value_; }
  [[nodiscard]] EventTime time() const { return merger_ ? merger_->time() : time_; }

  /// How many runs are on disk, or were at the end.
  [[nodiscard]] std::size_t run_count() const { return runs_.size(); }
  [[nodiscard]] std::size_t merge_passes() const { return passes_; }

private:
  void spill() {
    buffer_.sort();
    SpillStreamWriter run(space_, memory_.writer_pages);
    for (std::size_t i = 0; i < buffer_.size(); ++i) {
      space_.step();
      run.append(buffer_.record(i));
    }
    buffer_.clear();
    runs_.push_back(run.close());
  }
  /// One that is larger than all memory.
  void spill_alone(const T& value, EventTime time) {
    std::string scratch;
    SpillStreamWriter run(space_, memory_.writer_pages);
    run.append(StoredRecord<T>::write(value, time, scratch));
    runs_.push_back(run.close());
  }
  /// Merges runs from the at-th on, no more than must be, and says where to go on.
  std::size_t merge_some(std::size_t at) {
    if (at + 1 >= runs_.size()) at = 0;
    const std::size_t count =
        std::min({memory_.fan_in, runs_.size() - memory_.fan_in + 1, runs_.size() - at});
    const std::span<const SpilledRecords> some(runs_.data() + at, count);
    SpilledRecords merged;
    {
      RunMerger<T, By> merger(by_, space_, some, memory_.reader_pages);
      SpillStreamWriter run(space_, memory_.writer_pages);
      for (; !merger.is_empty(); merger.pop()) {
        space_.step();
        run.append(merger.record());
      }
      merged = run.close();
    }
    runs_[at] = std::move(merged);
    const auto first = runs_.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    runs_.erase(first, first + static_cast<std::ptrdiff_t>(count) - 1);
    ++passes_;
    return at + 1;
  }

  // Configuration.
  const By by_;
  Workspace& space_;
  const SortMemory memory_;
  // What came.
  SortBuffer<T, By> buffer_;
  std::vector<SpilledRecords> runs_;  // in the order in which their records came
  std::size_t passes_ = 0;
  // What goes.
  std::optional<RunMerger<T, By>> merger_;
  bool has_begun_ = false;
  std::size_t next_ = 0;  // of the buffer
  T value_{};
  EventTime time_;
};

}  // namespace weir
