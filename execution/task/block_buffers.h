// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/sync.h"

namespace weir {

/// Memory of blocks that were written, to be used again: the first touch of fresh memory costs more than what
/// is written to it.
///
/// Threads: any. lock_ is a leaf.
class BlockBuffers {
public:
  /// Empty, if there is none.
  [[nodiscard]] std::vector<std::byte> take() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    if (free_.empty()) return {};
    std::vector<std::byte> buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void give(std::vector<std::byte> buffer) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    if (free_.size() < kMostBuffers && buffer.capacity() <= kMostBytes) free_.push_back(std::move(buffer));
  }

private:
  static constexpr std::size_t kMostBuffers = 256;
  static constexpr std::size_t kMostBytes = std::size_t{128} << 10;

  Mutex lock_;
  std::vector<std::vector<std::byte>> free_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
