// SPDX-License-Identifier: Apache-2.0
#include "memory/memory_manager.h"

#include <algorithm>
#include <new>
#include <string>

namespace weir {

namespace {

constexpr std::align_val_t kPageAlignment{64};

Error refused(std::string why) {
  return {.code = ErrorCode::OutOfMemoryPages,
          .what = std::move(why),
          .blame = Blame::User,
          .retry = Retry::Later};
}

}  // namespace

void MemoryManager::FreePage::operator()(std::byte* memory) const {
  ::operator delete(memory, kPageAlignment);
}

MemoryManager::MemoryManager(std::uint64_t total_bytes, std::uint32_t page_bytes, std::uint32_t slot_count)
    : page_bytes_(page_bytes),
      pages_per_slot_(static_cast<std::uint32_t>(total_bytes / page_bytes / slot_count)),
      used_(slot_count, 0) {}

MemoryManager::~MemoryManager() = default;

std::uint32_t MemoryManager::pages_for_fraction(double fraction) const {
  WEIR_CHECK(fraction > 0 && fraction <= 1, "no fraction of a slot");
  return static_cast<std::uint32_t>(pages_per_slot_ * fraction);
}

Result<std::vector<MemorySegment>> MemoryManager::allocate(std::uint32_t slot, Owner owner,
                                                           std::uint32_t page_count) {
  MutexLock held(lock_);
  if (shut_down_) return refused("managed memory was shut down");
  if (slot >= used_.size())
    return refused("there is no slot " + std::to_string(slot) + " to take pages from");
  const auto left = pages_per_slot_ - used_[slot];
  if (page_count > left) {
    return refused("insufficient managed memory: " + std::to_string(page_count) + " pages wanted, but slot " +
                   std::to_string(slot) + " has only " + std::to_string(left) + " of " +
                   std::to_string(pages_per_slot_) + " left (" + std::to_string(page_bytes_) +
                   " bytes each); raise taskmanager.memory.size");
  }
  std::vector<MemorySegment> pages;
  if (page_count == 0) return pages;
  auto& holding = holdings_[owner];
  for (std::uint32_t i = 0; i < page_count; ++i) {
    auto* page = take_page();
    holding.push_back({slot, page});
    ++used_[slot];
    pages.push_back({page, page_bytes_});
  }
  return pages;
}

std::byte* MemoryManager::take_page() {
  if (free_.empty()) {
    auto* memory = static_cast<std::byte*>(
        ::operator new (std::size_t{page_bytes_} + kSegmentSlackBytes, kPageAlignment));
    pages_.emplace_back(memory);
    return memory;
  }
  auto* page = free_.back();
  free_.pop_back();
  return page;
}

void MemoryManager::release(Owner owner, const std::vector<MemorySegment>& pages) {
  MutexLock held(lock_);
  const auto found = holdings_.find(owner);
  if (found == holdings_.end()) return;
  auto& holding = found->second;
  for (const auto& page : pages) {
    const auto held_page =
        std::find_if(holding.begin(), holding.end(), [&](const Holding& h) { return h.page == page.data; });
    if (held_page == holding.end()) continue;
    free_.push_back(held_page->page);
    --used_[held_page->slot];
    *held_page = holding.back();
    holding.pop_back();
  }
  if (holding.empty()) holdings_.erase(found);
}

void MemoryManager::release_all(Owner owner) {
  MutexLock held(lock_);
  const auto found = holdings_.find(owner);
  if (found == holdings_.end()) return;
  for (const auto& holding : found->second) {
    free_.push_back(holding.page);
    --used_[holding.slot];
  }
  holdings_.erase(found);
}

std::uint32_t MemoryManager::free_pages(std::uint32_t slot) const {
  MutexLock held(lock_);
  return slot < used_.size() ? pages_per_slot_ - used_[slot] : 0;
}

Status MemoryManager::verify_empty() const {
  MutexLock held(lock_);
  std::size_t pages = 0;
  for (const auto& [owner, holding] : holdings_) pages += holding.size();
  if (pages == 0) return Status::ok();
  return Error{.code = ErrorCode::OutOfMemoryPages,
               .what = std::to_string(holdings_.size()) + " owners still hold " + std::to_string(pages) +
                       " pages of managed memory",
               .blame = Blame::Bug};
}

void MemoryManager::shutdown() {
  MutexLock held(lock_);
  shut_down_ = true;
}

}  // namespace weir
