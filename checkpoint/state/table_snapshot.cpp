// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/table_snapshot.h"

#include <algorithm>
#include <bit>
#include <thread>

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
                             std::size_t group_count)
    : sink_(sink), state_(state), first_group_(first_group) {
  groups_.reserve(group_count);
  for (std::size_t i = 0; i < group_count; ++i)
    groups_.push_back({.pending = {}, .block = BlockBuilder(full_bytes_with(group_count))});
}

bool TableSnapshot::take(std::size_t group, std::size_t& word, Batch& batch) {
  const Group& of = groups_[group];
  for (; word < of.word_count; word += kBatchWords) {
    const std::size_t count = std::min(kBatchWords, of.word_count - word);
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < count; ++i) any |= of.pending[word + i].load(std::memory_order_relaxed);
    if (any == 0) continue;
    // Said before a bit is taken, so that whoever misses the bit sees who has it.
    reading_.store(batch_of(group, word), std::memory_order_seq_cst);
    if (is_aborted_.load(std::memory_order_seq_cst)) {
      leave();
      return false;
    }
    batch = {.first_word = word};
    for (std::size_t i = 0; i < count; ++i)
      batch.slots[i] = of.pending[word + i].exchange(0, std::memory_order_acq_rel);
    word += kBatchWords;
    return true;
  }
  return false;
}

void TableSnapshot::wait_until_not(std::uint64_t batch) const {
  constexpr int kSpins = 1000;  // a batch is done by then, unless its thread lost its processor
  for (int spins = 0; reading_.load(std::memory_order_acquire) == batch; ++spins)
    if (spins > kSpins) std::this_thread::yield();
}

void TableSnapshot::end() {
  for (std::size_t group = 0; group < groups_.size(); ++group)
    if (!groups_[group].block.is_empty()) flush(group);
}

void TableSnapshot::abort() {
  is_aborted_.store(true, std::memory_order_seq_cst);
  while (reading_.load(std::memory_order_seq_cst) != kNowhere) std::this_thread::yield();
}

void TableSnapshot::flush(std::size_t group) { sink_.add(finish(groups_[group].block, group)); }

}  // namespace weir
