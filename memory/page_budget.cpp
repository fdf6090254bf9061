// SPDX-License-Identifier: Apache-2.0
#include "memory/page_budget.h"

#include <utility>

namespace weir {

Result<std::unique_ptr<PageBudget>> PageBudget::reserve(MemoryManager& manager, std::uint32_t slot,
                                                        std::uint32_t page_count) {
  std::unique_ptr<PageBudget> budget(new PageBudget(manager.page_bytes(), &manager, nullptr));
  auto pages = manager.allocate(slot, budget.get(), page_count);
  if (!pages) return pages.error();
  budget->total_ = pages->size();
  budget->free_ = *std::move(pages);
  return budget;
}

PageBudget::~PageBudget() {
  if (manager_ != nullptr) manager_->release_all(this);
  else parent_->give_back_all(free_);
}

std::unique_ptr<PageBudget> PageBudget::carve(std::size_t page_count) {
  WEIR_CHECK(page_count <= free_.size(), "a part of a budget is no more than what is free of it");
  std::unique_ptr<PageBudget> part(new PageBudget(page_bytes_, nullptr, this));
  part->total_ = page_count;
  part->free_.assign(free_.end() - static_cast<std::ptrdiff_t>(page_count), free_.end());
  free_.resize(free_.size() - page_count);
  return part;
}

}  // namespace weir
