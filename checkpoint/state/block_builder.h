// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/state_block.h"
#include "memory/memory_segment.h"

namespace weir {

/// Makes a StateBlock entry by entry: room() for the most that an entry can take, then added() with where it
/// ended.
class BlockBuilder {
public:
  /// Few enough to be written while they are in the cache.
  static constexpr std::size_t kFullBytes = std::size_t{64} << 10;

  /// The block is_full() when it has this many bytes.
  explicit BlockBuilder(std::size_t full_bytes = kFullBytes) : full_bytes_(full_bytes) {}

  [[nodiscard]] std::byte* room(std::size_t bytes) {
    if (payload_.size() - used_ < bytes + kSegmentSlackBytes) [[unlikely]] extend(bytes);
    return payload_.data() + used_;
  }
  void added(const std::byte* end) {
    used_ = static_cast<std::size_t>(end - payload_.data());
    ++entry_count_;
  }

  [[nodiscard]] bool is_empty() const { return entry_count_ == 0; }
  [[nodiscard]] bool is_full() const { return used_ >= full_bytes_; }
  [[nodiscard]] std::size_t bytes() const { return used_; }

  /// Memory to build the next block in. Before the first room().
  void use(std::vector<std::byte> buffer) {
    payload_ = std::move(buffer);
    // One that held a full block does so again: the last entry would have it grow, and be filled with zeros.
    if (payload_.size() >= full_bytes_) payload_.resize(full_bytes_ + kLastEntryBytes + kSegmentSlackBytes);
  }
  /// The block. This is empty afterwards.
  [[nodiscard]] StateBlock finish(std::uint32_t state, KeyGroup group) {
    payload_.resize(used_);
    used_ = 0;
    return {state, group, std::exchange(entry_count_, 0), std::exchange(payload_, {})};
  }

private:
  static constexpr std::size_t kLastEntryBytes = 4096;  // of all but the longest entries

  /// Twice as long each time: most blocks of small state stay short, others are copied a few times.
  void extend(std::size_t bytes) {
    constexpr std::size_t kFirstBytes = 512;
    payload_.resize(std::max({used_ + bytes + kSegmentSlackBytes, payload_.size() * 2, kFirstBytes}));
  }

  std::size_t full_bytes_;
  std::vector<std::byte> payload_;  // of which the first `used_` bytes count
  std::size_t used_ = 0;
  std::uint32_t entry_count_ = 0;
};

}  // namespace weir
