// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "checkpoint/snapshot/state_block.h"
#include "checkpoint/state/block_builder.h"

namespace weir {

/// Who saves which entry of a table that changes while its snapshot is taken: a bit a slot says that its
/// entry is still to be saved. A walk in another thread claims slots by the batch and saves what is in them;
/// the table claims a single slot right before it first changes, and saves that one entry itself. So a record
/// costs at most one entry's bytes more than without a snapshot, however large the state is.
///
/// Threads: the table's methods are the task's, the walk's those of any one thread.
/// Order:   a slot that claim() has been asked for is read by nobody else any more. It is asked for before
///          anything in the slot changes; claim_rest_of() before anything else in the group does.
class TableSnapshot {
public:
  static constexpr std::size_t kWordSlots = 64;
  /// What a walk holds at a time: few microseconds' work, as the task may have to wait for it.
  static constexpr std::size_t kBatchWords = 4;

  TableSnapshot(SnapshotSink& sink, std::uint32_t state, KeyGroup first_group, std::size_t group_count);

  // The table's.
  using Word = std::atomic<std::uint64_t>;
  /// Makes room for the bits of a group, and says where they are. taken(first slot) gives those of the 64
  /// slots from there on.
  template <class Taken>
  [[nodiscard]] const Word* add_group(std::size_t group, std::size_t slot_count, Taken&& taken) {
    Group& added = groups_[group];
    added.word_count = (slot_count + kWordSlots - 1) / kWordSlots;
    added.pending = std::make_unique_for_overwrite<Word[]>(added.word_count);
    for (std::size_t i = 0; i < added.word_count; ++i)
      added.pending[i].store(taken(i * kWordSlots), std::memory_order_relaxed);
    return added.pending.get();
  }

  /// Whether a walk has been through all of the group: nothing in it needs saving.
  [[nodiscard]] bool is_walked(std::size_t group) const {
    return group < walked_.load(std::memory_order_acquire);
  }

  /// Whether the entry in that slot is the caller's to save, now. If not, it is saved or needs no saving;
  /// waits if a walk is about it. Of a group that was added.
  [[nodiscard]] bool claim(std::size_t group, std::size_t slot) {
    Word& word = groups_[group].pending[slot / kWordSlots];
    const std::uint64_t bit = std::uint64_t{1} << slot % kWordSlots;
    if ((word.load(std::memory_order_acquire) & bit) != 0 &&
        (word.fetch_and(~bit, std::memory_order_acq_rel) & bit) != 0)
      return true;
    await_walk_out_of(batch_of(group, slot / kWordSlots));
    return false;
  }
  /// Calls save(slot) for all of a group that is left. When it returns, no walk reads the group any more.
  template <class Save>
  void claim_rest_of(std::size_t group, Save&& save) {
    const Group& of = groups_[group];
    for (std::size_t i = 0; i < of.word_count; ++i) {
      std::uint64_t left = of.pending[i].exchange(0, std::memory_order_acq_rel);
      for (; left != 0; left &= left - 1)
        save(i * kWordSlots + static_cast<std::size_t>(std::countr_zero(left)));
      if (i % kBatchWords == 0) await_walk_out_of(batch_of(group, i));
    }
  }

  /// Where the table puts an entry of the group that it saves. flush_if_full() follows.
  [[nodiscard]] BlockBuilder& block(std::size_t group) {
    BlockBuilder& block = groups_[group].block;
    if (block.is_empty()) [[unlikely]] block.use(sink_.take_buffer());
    return block;
  }
  void flush_if_full(std::size_t group) {
    if (groups_[group].block.is_full()) flush(group);
  }
  [[nodiscard]] SnapshotSink& sink() { return sink_; }
  /// The walk has said that it is at its end.
  void end();
  /// When it returns, no walk reads the table any more.
  void abort();

  // The walk's.
  struct Batch {
    std::size_t first_word = 0;
    std::array<std::uint64_t, kBatchWords> slots{};
  };
  [[nodiscard]] std::size_t group_count() const { return groups_.size(); }
  /// Claims the next slots of a group from `word` on, which moves behind them. They are the caller's until
  /// leave(). False: none is left there, or the snapshot was given up.
  [[nodiscard]] bool take(std::size_t group, std::size_t& word, Batch& batch);
  void leave() { reading_.store(kNowhere, std::memory_order_release); }
  /// take() found nothing left in the groups before this one.
  void set_walked(std::size_t groups) { walked_.store(groups, std::memory_order_release); }
  [[nodiscard]] StateBlock finish(BlockBuilder& block, std::size_t group) const {
    return block.finish(state_, first_group_ + static_cast<KeyGroup>(group));
  }

private:
  static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

  struct Group {
    std::unique_ptr<Word[]> pending;
    std::size_t word_count = 0;  // 0: it was empty
    BlockBuilder block;
  };

  [[nodiscard]] static std::uint64_t batch_of(std::size_t group, std::size_t word) {
    return std::uint64_t{group} << 40 | word / kBatchWords;
  }
  void await_walk_out_of(std::uint64_t batch) const {
    if (reading_.load(std::memory_order_acquire) == batch) [[unlikely]] wait_until_not(batch);
  }
  void wait_until_not(std::uint64_t batch) const;
  void flush(std::size_t group);

  SnapshotSink& sink_;  // outlives the snapshot; the table's alone
  const std::uint32_t state_;
  const KeyGroup first_group_;
  std::vector<Group> groups_;
  alignas(64) std::atomic<std::uint64_t> reading_ = kNowhere;  // the batch that a walk holds
  std::atomic<bool> is_aborted_ = false;
  alignas(64) std::atomic<std::size_t> walked_ = 0;  // groups; seldom written
};

}  // namespace weir
