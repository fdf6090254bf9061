// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "checkpoint/snapshot/state_block.h"
#include "checkpoint/state/block_builder.h"

namespace weir {

/// How far the snapshot of a table is: which chunks of slots are not saved yet, and the blocks that are being
/// filled, one a key group. The table saves a chunk when its turn comes or right before it first changes.
///
/// Threads: the task's.
class TableSnapshot {
public:
  static constexpr std::size_t kChunkSlots = 64;

  /// `slot_counts`: of each group from `first_group` on; 0: it is empty.
  TableSnapshot(SnapshotSink& sink, std::uint32_t state, KeyGroup first_group,
                const std::vector<std::size_t>& slot_counts);

  struct Chunk {
    std::size_t group = 0;  // index, not KeyGroup
    std::size_t first_slot = 0;
  };

  [[nodiscard]] bool is_pending(std::size_t group, std::size_t slot) const {
    const auto& words = groups_[group].pending;
    const std::size_t chunk = slot / kChunkSlots;
    return chunk / 64 < words.size() && (words[chunk / 64] >> chunk % 64 & 1) != 0;
  }

  /// The next chunk in turn; it counts as saved now. False: all are, and all blocks are handed on.
  [[nodiscard]] bool take_next(Chunk& chunk);
  /// The same within one group.
  [[nodiscard]] bool take_next_of(std::size_t group, Chunk& chunk);
  /// This chunk, which is pending.
  void take(std::size_t group, std::size_t slot);

  [[nodiscard]] SnapshotSink& sink() { return sink_; }
  /// Where the entries of a group go. flush_if_full() follows.
  [[nodiscard]] BlockBuilder& block(std::size_t group) { return groups_[group].block; }
  void flush_if_full(std::size_t group) {
    if (groups_[group].block.is_full()) flush(group);
  }

private:
  struct Group {
    std::vector<std::uint64_t> pending;  // a bit a chunk; none left: empty
    BlockBuilder block;
  };

  void flush(std::size_t group);

  SnapshotSink& sink_;  // outlives this
  const std::uint32_t state_;
  const KeyGroup first_group_;
  std::vector<Group> groups_;
  std::size_t turn_ = 0;  // groups before it are done
};

}  // namespace weir
