// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "execution/bounded/paged_bytes.h"
#include "execution/operators/element_reader.h"
#include "execution/operators/stream_element.h"
#include "memory/page_budget.h"
#include "memory/serializers_std.h"

namespace weir {

/// A record as it lies in pages and on disk: as between tasks, its time before it.
template <Record T>
class StoredRecord {
public:
  static std::size_t bound(const T& value) { return kMaxElementHeaderBytes + Serializer<T>::bound(value); }
  static std::byte* write(const T& value, EventTime time, std::byte* at) {
    return Serializer<T>::write(value, write_record_header(at, time));
  }
  static void read(T& value, EventTime& time, std::span<const std::byte> bytes) {
    const std::byte* const end = bytes.data() + bytes.size();
    const std::byte* const at = read_record_header(time, bytes.data(), end);
    if (at == nullptr) throw std::runtime_error("a stored record could not be read");
    detail::read_value(value, at, end);
  }
  /// In one piece of memory of its own.
  static std::span<const std::byte> write(const T& value, EventTime time, std::string& scratch) {
    const std::size_t most = bound(value);
    if (most > kMaxElementBytes) throw std::runtime_error("a record is longer than 1 GiB");
    if (scratch.size() < most + kSegmentSlackBytes) scratch.resize(most + kSegmentSlackBytes);
    auto* const begin = static_cast<std::byte*>(static_cast<void*>(scratch.data()));
    return {begin, write(value, time, begin)};
  }
};

/// What a sort moves instead of a record.
struct SortEntry {
  std::uint64_t prefix = 0;
  std::uint64_t offset = 0;  // of the record, and so in the order in which they came
};

/// Entries in pages. Of a page the greatest power of two is used.
class SortIndex {
public:
  explicit SortIndex(std::uint32_t page_bytes)
      : shift_(static_cast<unsigned>(std::bit_width(page_bytes / sizeof(SortEntry)) - 1)) {}

  class Iterator {
  public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = SortEntry;
    using difference_type = std::ptrdiff_t;
    using pointer = SortEntry*;
    using reference = SortEntry&;

    Iterator() = default;
    Iterator(SortEntry* const* pages, unsigned shift, std::ptrdiff_t at)
        : pages_(pages), shift_(shift), at_(at) {}
    reference operator*() const { return (*this)[0]; }
    pointer operator->() const { return &**this; }
    reference operator[](std::ptrdiff_t n) const {
      const auto index = static_cast<std::size_t>(at_ + n);
      return pages_[index >> shift_][index & ((std::size_t{1} << shift_) - 1)];
    }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this += -1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this + -1); }
    Iterator& operator+=(std::ptrdiff_t n) {
      at_ += n;
      return *this;
    }
    Iterator& operator-=(std::ptrdiff_t n) { return *this += -n; }
    friend Iterator operator+(Iterator i, std::ptrdiff_t n) { return i += n; }
    friend Iterator operator+(std::ptrdiff_t n, Iterator i) { return i += n; }
    friend Iterator operator-(Iterator i, std::ptrdiff_t n) { return i += -n; }
    friend std::ptrdiff_t operator-(const Iterator& a, const Iterator& b) { return a.at_ - b.at_; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }
    std::strong_ordering operator<=>(const Iterator& other) const { return at_ <=> other.at_; }

  private:
    SortEntry* const* pages_ = nullptr;
    unsigned shift_ = 0;
    std::ptrdiff_t at_ = 0;
  };

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t pages_lacking() const { return size_ == entries_.size() << shift_ ? 1 : 0; }
  /// One page must be free in the budget if one is lacking.
  void add(const SortEntry& entry, PageBudget& budget) {
    if (pages_lacking() > 0) {
      pages_.push_back(*budget.take());
      entries_.push_back(static_cast<SortEntry*>(static_cast<void*>(pages_.back().data)));
    }
    *(begin() + static_cast<std::ptrdiff_t>(size_++)) = entry;
  }
  [[nodiscard]] Iterator begin() const { return {entries_.data(), shift_, 0}; }
  [[nodiscard]] Iterator end() const {
    return {entries_.data(), shift_, static_cast<std::ptrdiff_t>(size_)};
  }
  void clear(PageBudget& budget) {
    budget.give_back_all(pages_);
    entries_.clear();
    size_ = 0;
  }

private:
  const unsigned shift_;
  std::vector<MemorySegment> pages_;
  std::vector<SortEntry*> entries_;  // what is in them
  std::size_t size_ = 0;
};

/// Records in pages, which are sorted where they lie: what moves is 16 bytes a record. Records that are equal
/// by the order stay as they came.
///
/// Threads: the task's.
template <Record T, class By>
class SortBuffer {
public:
  /// Leaves `reserved_pages` of the budget alone.
  SortBuffer(By by, PageBudget& budget, std::size_t reserved_pages)
      : by_(std::move(by)),
        budget_(budget),
        reserved_pages_(reserved_pages),
        records_(budget.page_bytes()),
        index_(budget.page_bytes()) {}
  ~SortBuffer() { clear(); }
  SortBuffer(const SortBuffer&) = delete;
  SortBuffer& operator=(const SortBuffer&) = delete;

  /// False: there is no room for it.
  [[nodiscard]] bool try_add(const T& value, EventTime time) {
    const std::size_t most = kLengthBytes + StoredRecord<T>::bound(value);
    const std::uint64_t offset = records_.size();
    std::byte* const at = has_pages_for(0) ? records_.piece(most) : nullptr;
    if (at != nullptr) {
      std::byte* const end = StoredRecord<T>::write(value, time, at + kLengthBytes);
      store_raw(at, static_cast<std::uint32_t>(end - at - kLengthBytes));
      records_.commit(static_cast<std::uint64_t>(end - at));
    } else if (!add_across_pages(value, time)) {
      return false;
    }
    index_.add({by_.prefix(value), offset}, budget_);
    return true;
  }
  void sort() {
    std::sort(index_.begin(), index_.end(), [this](const SortEntry& a, const SortEntry& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      if constexpr (!By::template kPrefixDecides<T>) {
        const int result = compare(a, b);
        if (result != 0) return result < 0;
      }
      return a.offset < b.offset;
    });
  }

  [[nodiscard]] std::size_t size() const { return index_.size(); }
  /// The i-th in order, as it is stored. Good until the next call.
  [[nodiscard]] std::span<const std::byte> record(std::size_t i) {
    return stored(index_.begin()[static_cast<std::ptrdiff_t>(i)], scratch_);
  }
  void clear() {
    records_.clear(budget_);
    index_.clear(budget_);
  }

private:
  static constexpr std::size_t kLengthBytes = sizeof(std::uint32_t);

  [[nodiscard]] bool has_pages_for(std::size_t more) const {
    return more + index_.pages_lacking() + reserved_pages_ <= budget_.free_pages();
  }
  [[nodiscard]] bool add_across_pages(const T& value, EventTime time) {
    const auto bytes = StoredRecord<T>::write(value, time, scratch_);
    const std::uint64_t all = kLengthBytes + bytes.size();
    if (!has_pages_for(records_.pages_lacking(all)) || !records_.make_room(all, budget_)) return false;
    std::byte length[kLengthBytes];
    store_raw(length, static_cast<std::uint32_t>(bytes.size()));
    records_.append(length, kLengthBytes);
    records_.append(bytes.data(), bytes.size());
    return true;
  }
  [[nodiscard]] std::span<const std::byte> stored(const SortEntry& entry, std::string& scratch) const {
    const auto length = records_.template load<std::uint32_t>(entry.offset);
    return {records_.view(entry.offset + kLengthBytes, length, scratch), length};
  }
  [[nodiscard]] int compare(const SortEntry& a, const SortEntry& b) {
    EventTime time;
    StoredRecord<T>::read(left_, time, stored(a, scratch_));
    StoredRecord<T>::read(right_, time, stored(b, other_scratch_));
    return by_.compare(left_, right_);
  }

  const By by_;
  PageBudget& budget_;  // outlives this
  const std::size_t reserved_pages_;
  PagedBytes records_;
  SortIndex index_;
  std::string scratch_;
  std::string other_scratch_;
  T left_{};  // reused, so that strings keep their memory
  T right_{};
};

}  // namespace weir
