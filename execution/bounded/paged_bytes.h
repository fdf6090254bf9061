// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "memory/data_view.h"
#include "memory/memory_segment.h"
#include "memory/page_budget.h"

namespace weir {

/// Bytes one behind the other in the pages of a budget, found again by their offset. What was appended may
/// cross from page to page.
///
/// Unit:    offsets and sizes in bytes. Of a page the greatest power of two is used.
/// Threads: one.
class PagedBytes {
public:
  explicit PagedBytes(std::uint32_t page_bytes)
      : shift_(static_cast<unsigned>(std::bit_width(page_bytes) - 1)),
        mask_((std::uint64_t{1} << shift_) - 1) {}

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::size_t page_count() const { return pages_.size(); }
  [[nodiscard]] std::uint64_t room() const { return (pages_.size() << shift_) - size_; }
  /// How many pages it lacks for so many bytes more.
  [[nodiscard]] std::size_t pages_lacking(std::uint64_t bytes) const {
    return bytes <= room() ? 0 : static_cast<std::size_t>((bytes - room() + mask_) >> shift_);
  }
  /// Takes pages until there is room. False: the budget has not so many left; then it took none.
  [[nodiscard]] bool make_room(std::uint64_t bytes, PageBudget& budget) {
    const std::size_t lacking = pages_lacking(bytes);
    if (lacking > budget.free_pages()) return false;
    for (std::size_t i = 0; i < lacking; ++i) pages_.push_back(*budget.take());
    return true;
  }

  /// Room for so many bytes in one piece, behind all that was appended; null if they would cross a page's
  /// end. What is written there counts after commit(). There may be kSegmentSlackBytes more behind it.
  [[nodiscard]] std::byte* piece(std::uint64_t bytes) {
    if (bytes > room() || (size_ & mask_) + bytes > mask_ + 1) return nullptr;
    return at(size_);
  }
  void commit(std::uint64_t bytes) { size_ += bytes; }
  /// There must be room.
  void append(const std::byte* from, std::uint64_t bytes) {
    while (bytes > 0) {
      const auto part = std::min(bytes, mask_ + 1 - (size_ & mask_));
      std::memcpy(at(size_), from, part);
      size_ += part;
      from += part;
      bytes -= part;
    }
  }

  /// The byte at an offset, which must have been appended or have room.
  [[nodiscard]] std::byte* at(std::uint64_t offset) const {
    return pages_[offset >> shift_].data + (offset & mask_);
  }
  /// So many bytes from an offset on, in one piece: in the page, else copied into `scratch`.
  [[nodiscard]] const std::byte* view(std::uint64_t offset, std::uint64_t bytes, std::string& scratch) const {
    if ((offset & mask_) + bytes <= mask_ + 1) [[likely]] return at(offset);
    scratch.resize(bytes);
    copy_out(offset, bytes, scratch.data());
    return static_cast<const std::byte*>(static_cast<const void*>(scratch.data()));
  }
  template <class T>
  [[nodiscard]] T load(std::uint64_t offset) const {
    if ((offset & mask_) + sizeof(T) <= mask_ + 1) [[likely]] return load_raw<T>(at(offset));
    T value;
    copy_out(offset, sizeof value, &value);
    return value;
  }

  /// A plain number in the place of what was appended there.
  template <class T>
  void overwrite(std::uint64_t offset, const T& value) {
    std::byte bytes[sizeof(T)];
    store_raw(bytes, value);
    for (std::size_t i = 0; i < sizeof(T); ++i) *at(offset + i) = bytes[i];
  }

  void clear(PageBudget& budget) {
    budget.give_back_all(pages_);
    size_ = 0;
  }
  [[nodiscard]] std::uint32_t used_page_bytes() const { return static_cast<std::uint32_t>(mask_ + 1); }

private:
  void copy_out(std::uint64_t offset, std::uint64_t bytes, void* to) const {
    auto* target = static_cast<std::byte*>(to);
    while (bytes > 0) {
      const auto part = std::min(bytes, mask_ + 1 - (offset & mask_));
      std::memcpy(target, at(offset), part);
      target += part;
      offset += part;
      bytes -= part;
    }
  }

  unsigned shift_;
  std::uint64_t mask_;
  std::vector<MemorySegment> pages_;
  std::uint64_t size_ = 0;
};

}  // namespace weir
