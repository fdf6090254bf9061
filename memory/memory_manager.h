// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "memory/memory_segment.h"

namespace weir {

/// Pages of memory for sorting, hashing and caching, split evenly over the slots of a worker so that no task
/// can eat its neighbour's. A page is allocated when it is first asked for and then kept for the next owner.
///
/// Unit:    pages of page_bytes(), each followed by kSegmentSlackBytes.
/// Threads: any.
/// Order:   lock_ is a leaf.
/// Errors:  allocate() refuses what its slot has not left, and everything after shutdown(). Releasing a page
///          twice, or one that was never allocated, changes nothing.
class MemoryManager {
public:
  /// Whoever holds pages: any address that is his alone while he holds them.
  using Owner = const void*;

  MemoryManager(std::uint64_t total_bytes, std::uint32_t page_bytes, std::uint32_t slot_count);
  ~MemoryManager();
  MemoryManager(const MemoryManager&) = delete;
  MemoryManager& operator=(const MemoryManager&) = delete;

  [[nodiscard]] std::uint32_t page_bytes() const { return page_bytes_; }
  [[nodiscard]] std::uint32_t pages_per_slot() const { return pages_per_slot_; }
  /// The whole pages in `fraction` of one slot's share. `fraction` is in (0, 1].
  [[nodiscard]] std::uint32_t pages_for_fraction(double fraction) const;

  [[nodiscard]] Result<std::vector<MemorySegment>> allocate(std::uint32_t slot, Owner owner,
                                                            std::uint32_t page_count) WEIR_EXCLUDES(lock_);
  void release(Owner owner, const std::vector<MemorySegment>& pages) WEIR_EXCLUDES(lock_);
  void release_all(Owner owner) WEIR_EXCLUDES(lock_);

  [[nodiscard]] std::uint32_t free_pages(std::uint32_t slot) const WEIR_EXCLUDES(lock_);
  /// Says who has not given back how much.
  [[nodiscard]] Status verify_empty() const WEIR_EXCLUDES(lock_);
  /// Refuses from now on; pages that are out stay valid until this is destroyed.
  void shutdown() WEIR_EXCLUDES(lock_);

private:
  struct FreePage {
    void operator()(std::byte* memory) const;
  };
  using Page = std::unique_ptr<std::byte[], FreePage>;
  struct Holding {
    std::uint32_t slot = 0;
    std::byte* page = nullptr;
  };

  [[nodiscard]] std::byte* take_page() WEIR_REQUIRES(lock_);

  const std::uint32_t page_bytes_;
  const std::uint32_t pages_per_slot_;

  mutable Mutex lock_;
  std::vector<Page> pages_ WEIR_GUARDED_BY(lock_);          // all that were ever allocated
  std::vector<std::byte*> free_ WEIR_GUARDED_BY(lock_);     // those of them that nobody holds
  std::vector<std::uint32_t> used_ WEIR_GUARDED_BY(lock_);  // pages a slot
  std::map<Owner, std::vector<Holding>> holdings_ WEIR_GUARDED_BY(lock_);
  bool shut_down_ WEIR_GUARDED_BY(lock_) = false;
};

}  // namespace weir
