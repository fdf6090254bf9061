// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "execution/bounded/sort_buffer.h"
#include "execution/bounded/spill_stream.h"
#include "execution/operators/workspace.h"

namespace weir {

/// Records in the order in which they came, in pages.
///
/// Threads: the task's.
template <Record T>
class RecordBlock {
public:
  /// Leaves `reserved_pages` of the budget alone.
  RecordBlock(PageBudget& budget, std::size_t reserved_pages)
      : budget_(budget), reserved_pages_(reserved_pages), records_(budget.page_bytes()) {}
  ~RecordBlock() { clear(); }
  RecordBlock(const RecordBlock&) = delete;
  RecordBlock& operator=(const RecordBlock&) = delete;

  /// False: there is no room for it.
  [[nodiscard]] bool try_add(std::span<const std::byte> record) {
    const std::uint64_t all = sizeof(std::uint32_t) + record.size();
    const std::size_t lacking = records_.pages_lacking(all);
    if (lacking + reserved_pages_ > budget_.free_pages() && lacking > 0) return false;
    (void)records_.make_room(all, budget_);
    std::byte length[sizeof(std::uint32_t)];
    store_raw(length, static_cast<std::uint32_t>(record.size()));
    records_.append(length, sizeof length);
    records_.append(record.data(), record.size());
    return true;
  }
  [[nodiscard]] bool is_empty() const { return records_.size() == 0; }
  template <class Call>  // (const T&, EventTime)
  void for_each(Call&& call) {
    EventTime time;
    for (std::uint64_t at = 0; at < records_.size();) {
      const auto length = records_.template load<std::uint32_t>(at);
      at += sizeof length;
      StoredRecord<T>::read(value_, time, {records_.view(at, length, scratch_), length});
      call(std::as_const(value_), time);
      at += length;
    }
  }
  void clear() { records_.clear(budget_); }

private:
  PageBudget& budget_;
  const std::size_t reserved_pages_;
  PagedBytes records_;
  std::string scratch_;
  T value_{};  // reused, so that strings keep their memory
};

/// Any number of records in the order in which they came: the first in memory, the others on disk. Read any
/// number of times.
///
/// Order:   add(), close(), for_each().
/// Threads: the task's. Errors: throws what the disk said, and TaskCancelled.
template <Record T>
class RecordList {
public:
  static constexpr std::size_t kLeastPages = 3;

  /// `space` has at least kLeastPages free pages, and outlives this.
  explicit RecordList(Workspace& space) : space_(space), memory_(*space.pages, 1) {}

  void add(const T& value, EventTime time) {
    ++count_;
    const auto record = StoredRecord<T>::write(value, time, scratch_);
    if (!writer_ && memory_.try_add(record)) return;
    if (!writer_) writer_.emplace(space_, 1);
    writer_->append(record);
  }
  void close() {
    if (!writer_) return;
    overflow_ = writer_->close();
    writer_.reset();
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool is_spilled() const { return overflow_.has_value(); }
  template <class Call>  // (const T&, EventTime)
  void for_each(Call&& call) {
    memory_.for_each([&](const T& value, EventTime time) {
      space_.step();
      call(value, time);
    });
    if (!overflow_) return;
    SpillStreamReader reader(space_, *overflow_, 1);
    T value{};
    EventTime time;
    for (std::span<const std::byte> record; reader.next(record);) {
      space_.step();
      StoredRecord<T>::read(value, time, record);
      call(std::as_const(value), time);
    }
  }

private:
  Workspace& space_;
  RecordBlock<T> memory_;
  std::optional<SpillStreamWriter> writer_;
  std::optional<SpilledRecords> overflow_;
  std::uint64_t count_ = 0;
  std::string scratch_;
};

/// Calls for each pair of a record of a list and one that is fed: a list that is on disk is read once for as
/// many of these as fit into memory.
///
/// Order:   feed() any number of times, then flush().
/// Threads: the task's. Errors: throws what the disk said, and TaskCancelled.
template <Record A, Record B, class Call>  // Call: (const A&, EventTime, const B&, EventTime)
class PairLoop {
public:
  static constexpr std::size_t kLeastPages = 1;

  /// `space` is for those that are fed; both outlive this, as does `list`, which is closed.
  PairLoop(RecordList<A>& list, Workspace& space, Call& call)
      : list_(list), call_(call), block_(*space.pages, 0) {}

  void feed(const B& value, EventTime time) {
    if (!list_.is_spilled()) return pair_with(value, time);
    const auto record = StoredRecord<B>::write(value, time, scratch_);
    if (block_.try_add(record)) return;
    flush();
    if (!block_.try_add(record)) pair_with(value, time);
  }
  void flush() {
    if (block_.is_empty()) return;
    list_.for_each([&](const A& a, EventTime time_of_a) {
      block_.for_each([&](const B& b, EventTime time_of_b) { call_(a, time_of_a, b, time_of_b); });
    });
    block_.clear();
  }

private:
  void pair_with(const B& value, EventTime time) {
    list_.for_each([&](const A& a, EventTime time_of_a) { call_(a, time_of_a, value, time); });
  }

  RecordList<A>& list_;
  Call& call_;
  RecordBlock<B> block_;
  std::string scratch_;
};

}  // namespace weir
