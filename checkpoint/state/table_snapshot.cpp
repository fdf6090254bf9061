// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/table_snapshot.h"

#include <algorithm>
#include <bit>

namespace weir {

namespace {

/// Changes at random open a block in each group. All of them together stay small.
std::size_t full_bytes_with(std::size_t group_count) {
  constexpr std::size_t kAllBlocksBytes = std::size_t{16} << 20;
  constexpr std::size_t kLeastBytes = 4096;
  return std::clamp(kAllBlocksBytes / std::max<std::size_t>(group_count, 1), kLeastBytes,
                    BlockBuilder::kFullBytes);
}

}  // namespace

TableSnapshot::TableSnapshot(SnapshotSink& sink, std::uint32_t state, KeyGroup first_group,
                             const std::vector<std::size_t>& slot_counts)
    : sink_(sink),
      state_(state),
      first_group_(first_group),
      groups_(slot_counts.size(), {.block = BlockBuilder(full_bytes_with(slot_counts.size()))}) {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const std::size_t chunks = (slot_counts[i] + kChunkSlots - 1) / kChunkSlots;
    auto& pending = groups_[i].pending;
    pending.assign((chunks + 63) / 64, ~std::uint64_t{0});
    if (chunks % 64 != 0) pending.back() = (std::uint64_t{1} << chunks % 64) - 1;
  }
}

bool TableSnapshot::take_next(Chunk& chunk) {
  for (; turn_ < groups_.size(); ++turn_) {
    if (take_next_of(turn_, chunk)) return true;
    if (!groups_[turn_].block.is_empty()) flush(turn_);
  }
  return false;
}

bool TableSnapshot::take_next_of(std::size_t group, Chunk& chunk) {
  auto& pending = groups_[group].pending;
  // From the end: words without a bit are dropped, so that none is looked at twice.
  while (!pending.empty() && pending.back() == 0) pending.pop_back();
  if (pending.empty()) return false;
  const auto bit = static_cast<std::size_t>(std::countr_zero(pending.back()));
  chunk = {group, ((pending.size() - 1) * 64 + bit) * kChunkSlots};
  pending.back() &= pending.back() - 1;
  return true;
}

void TableSnapshot::take(std::size_t group, std::size_t slot) {
  const std::size_t chunk = slot / kChunkSlots;
  groups_[group].pending[chunk / 64] &= ~(std::uint64_t{1} << chunk % 64);
}

void TableSnapshot::flush(std::size_t group) {
  sink_.add(groups_[group].block.finish(state_, first_group_ + static_cast<KeyGroup>(group)));
}

}  // namespace weir
