// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "memory/memory_manager.h"
#include "memory/memory_segment.h"

namespace weir {

/// The pages of one operator: its share of the managed memory of its slot, all of which it has from its
/// beginning to its end. Memory is touched only when it is used.
///
/// Unit:    pages of page_bytes().
/// Threads: the task's.
class PageBudget {
public:
  /// Errors: OutOfMemoryPages if the slot has not so many left.
  [[nodiscard]] static Result<std::unique_ptr<PageBudget>> reserve(MemoryManager& manager, std::uint32_t slot,
                                                                   std::uint32_t page_count);
  ~PageBudget();
  PageBudget(const PageBudget&) = delete;
  PageBudget& operator=(const PageBudget&) = delete;

  /// A part of it as a budget of its own, which gives its pages back at its end and is outlived by this. So
  /// many pages must be free.
  [[nodiscard]] std::unique_ptr<PageBudget> carve(std::size_t page_count);

  [[nodiscard]] std::uint32_t page_bytes() const { return page_bytes_; }
  [[nodiscard]] std::size_t total_pages() const { return total_; }
  [[nodiscard]] std::size_t free_pages() const { return free_.size(); }

  /// None: all are in use.
  [[nodiscard]] std::optional<MemorySegment> take() {
    if (free_.empty()) return std::nullopt;
    const MemorySegment page = free_.back();
    free_.pop_back();
    return page;
  }
  void give_back(MemorySegment page) { free_.push_back(page); }
  /// All of them, and leaves none.
  void give_back_all(std::vector<MemorySegment>& pages) {
    free_.insert(free_.end(), pages.begin(), pages.end());
    pages.clear();
  }

private:
  PageBudget(std::uint32_t page_bytes, MemoryManager* manager, PageBudget* parent)
      : page_bytes_(page_bytes), manager_(manager), parent_(parent) {}

  // One of the two is where the pages come from; it outlives this.
  const std::uint32_t page_bytes_;
  MemoryManager* const manager_;
  PageBudget* const parent_;
  std::size_t total_ = 0;
  std::vector<MemorySegment> free_;
};

}  // namespace weir
