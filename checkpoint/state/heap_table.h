// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/state/heap_group.h"
#include "checkpoint/state/key_hash.h"
#include "checkpoint/state/state_table.h"
#include "checkpoint/state/table_snapshot.h"
#include "checkpoint/state/tag_window.h"

namespace weir {

/// What a HeapTable must know of its entries. `Key` is what entries are looked up by; text as a
/// std::string_view, so that a lookup allocates nothing.
template <class Traits, class Entry>
concept EntryTraits = requires(const Traits& traits, const Entry& entry, const typename Traits::Key& key) {
  { traits.hash(entry) } -> std::same_as<std::uint64_t>;  // equal to KeyHash of the entry's key
  { traits.equal(entry, key) } -> std::convertible_to<bool>;
};

/// And what it must know to put them into a snapshot and take them out of one:
///
///   describe()               what the state is, but for its name
///   bound(entry), write(entry, at)  as a Serializer's
///   skips(entry)             may be left out: true for what the snapshot need not have
///   reader(from)             something that reads entries written as `from` says: called with (at, end,
///                            insert) it calls insert(hash, entry) and returns the byte behind, or nullptr
///                            if the bytes are none. Throws std::runtime_error if it cannot read `from`.
template <class Traits, class Entry>
concept SnapshotTraits = requires(const Traits& traits, const Entry& entry, std::byte* at) {
  { traits.describe() } -> std::same_as<StateInfo>;
  { traits.bound(entry) } -> std::convertible_to<std::size_t>;
  { traits.write(entry, at) } -> std::same_as<std::byte*>;
  traits.reader(StateInfo{});
};

/// Entries by key, on the heap, one hash table a key group: a group can be written, dropped or handed on by
/// itself.
///
/// A snapshot never stops the table. It is taken in slices (snapshot_some()), and 64 slots that a record is
/// about to change before their turn has come are saved first. Without a snapshot this costs one branch.
///
/// Whoever has several keys at hand calls prefetch() for all of them first: a miss in the cache costs as much
/// as ten records.
///
/// Threads: the task's.
/// Order:   a reference to an entry is good until the next insertion or removal, and for changes until the
///          next begin_snapshot().
template <class Entry, class Traits>
  requires EntryTraits<Traits, Entry>
class HeapTable final : public StateTable {
  using Group = HeapGroup<Entry, Traits>;
  static constexpr bool kSnapshots = SnapshotTraits<Traits, Entry>;

public:
  using Key = typename Traits::Key;

  HeapTable(KeyGroupRange range, std::uint32_t max_parallelism, Traits traits = {})
      : first_(range.first),
        max_parallelism_(max_parallelism),
        traits_(std::move(traits)),
        group_count_(range.count()),
        groups_(range.count()) {}

  /// Where a key is or would be. Good for as long as the table.
  class Place {
  public:
    Place() = default;

  private:
    friend class HeapTable;
    Place(Group& group, std::uint64_t hash) : group_(&group), hash_(hash) {}

    Group* group_ = nullptr;
    std::uint64_t hash_ = 0;
  };

  /// The place of a key with this KeyHash. Throws std::logic_error if its group is not of this table's range:
  /// the record came by another key than it is looked up by.
  [[nodiscard]] Place locate(std::uint64_t hash) {
    const KeyGroup group = key_group_of(hash, max_parallelism_);
    if (group - first_ >= group_count_) [[unlikely]] refuse(group);
    return {groups_[group - first_], hash};
  }

  /// Fetches what find() will look at there. (Inlined by force: g++ takes a function that only prefetches for
  /// one without effect, and drops the call.)
  [[gnu::always_inline]] static void prefetch(const Place& place) {
    place.group_->prefetch(place.group_->home(place.hash_));
  }

  /// The entry of that key, to be changed, or nullptr.
  [[nodiscard]] Entry* find(const Place& place, const Key& key) {
    return look_up(place, key, [&](std::size_t at) {
      if (snapshot_) [[unlikely]] save_chunk_of(*place.group_, at);
      return &place.group_->entry(at);
    });
  }

  /// The same to be read only: a snapshot need not save it for that.
  [[nodiscard]] const Entry* peek(const Place& place, const Key& key) const {
    return look_up(place, key, [&](std::size_t at) { return &std::as_const(*place.group_).entry(at); });
  }

  /// Adds an entry whose key find() did not find there.
  Entry& insert(const Place& place, Entry entry) {
    Group& group = *place.group_;
    if (group.is_full()) grow(group, group.capacity() * 2);
    const std::size_t at = group.free_slot(place.hash_);
    if (snapshot_) [[unlikely]] save_chunk_of(group, at);
    return group.put(at, place.hash_, std::move(entry));
  }

  /// Removes the entry of that key, if there is one.
  void erase(const Place& place, const Key& key) {
    const auto at = look_up(place, key, [](std::size_t slot) { return std::optional(slot); });
    if (at) remove(*place.group_, *at);
  }
  /// The same; says what it was.
  std::optional<Entry> take(const Place& place, const Key& key) {
    const auto at = look_up(place, key, [](std::size_t slot) { return std::optional(slot); });
    if (!at) return std::nullopt;
    if (snapshot_) [[unlikely]] save_chunk_of(*place.group_, *at);
    std::optional<Entry> taken(std::move(place.group_->entry(*at)));
    remove(*place.group_, *at);
    return taken;
  }

  /// Removes all entries.
  void clear() {
    for (Group& group : groups_) {
      if (snapshot_) save_rest_of(group);
      group = Group();
    }
  }

  /// Calls visit(entry) for each, group by group.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (Group& group : groups_) {
      if (snapshot_) save_rest_of(group);
      group.for_each_taken([&](std::size_t at) { visit(group.entry(at)); });
    }
  }

  /// Calls visit(entry) for each, to be read only.
  template <class Visit>
  void visit(Visit&& visit) const {
    for (const Group& group : groups_) group.for_each_taken([&](std::size_t at) { visit(group.entry(at)); });
  }

  [[nodiscard]] std::size_t entry_count() const override {
    std::size_t sum = 0;
    for (const Group& group : groups_) sum += group.count();
    return sum;
  }

  [[nodiscard]] StateInfo describe() const override {
    if constexpr (kSnapshots) return traits_.describe();
    else return {};
  }

  void begin_snapshot(SnapshotSink& sink, std::uint32_t state) override {
    WEIR_CHECK(kSnapshots, "the table's traits know how to write its entries");
    WEIR_CHECK(!snapshot_, "a table has one snapshot at a time");
    std::vector<std::size_t> slot_counts;
    for (const Group& group : groups_) slot_counts.push_back(group.count() == 0 ? 0 : group.capacity());
    snapshot_ = std::make_unique<TableSnapshot>(sink, state, first_, slot_counts);
  }

  [[nodiscard]] bool is_snapshot_running() const override { return snapshot_ != nullptr; }

  std::size_t snapshot_some(std::size_t budget_bytes) override {
    std::size_t used = 0;
    while (snapshot_ && used < budget_bytes && snapshot_->sink().has_room()) {
      TableSnapshot::Chunk chunk;
      if (snapshot_->take_next(chunk)) used += save(chunk);
      else snapshot_.reset();
    }
    return used;
  }

  void abort_snapshot() override { snapshot_.reset(); }

  void restore(StateFile& file, std::uint32_t state) override {
    if constexpr (kSnapshots) {
      const auto read = traits_.reader(file.states()[state]);
      reserve_for(file, state);
      std::vector<std::byte> buffer;
      for (const StateFile::Block& block : file.blocks()) {
        if (block.info.state != state || block.info.group - first_ >= group_count_) continue;
        const auto payload = file.read(block, buffer);
        if (!payload) throw std::runtime_error(payload.error().what);
        if (!take(block.info, *payload, read)) {
          throw std::runtime_error("the state file " + file.name() + " has what is no entry of state \"" +
                                   file.states()[state].name + "\" in key group " +
                                   std::to_string(block.info.group));
        }
      }
    }
  }

private:
  /// found(slot), if the key is there, else nullptr or none. (Not a slot number that might be none: that
  /// would be one more branch a record.)
  template <class Found>
  [[gnu::always_inline]] auto look_up(const Place& place, const Key& key, Found&& found) const
      -> decltype(found(std::size_t{})) {
    const Group& group = *place.group_;
    const std::uint32_t tag = Group::tag_of(place.hash_);
    for (std::size_t at = group.home(place.hash_);; at = group.next(at, TagWindow::kTags)) {
      const TagWindow window = group.window(at);
      for (std::uint32_t match = window.equal_to(tag); match != 0; match &= match - 1) {
        const std::size_t slot = group.next(at, static_cast<std::size_t>(std::countr_zero(match)));
        if (traits_.equal(group.entry(slot), key)) [[likely]] return found(slot);
      }
      if (window.equal_to(Group::kFree) != 0) return {};
    }
  }

  [[noreturn]] void refuse(KeyGroup group) const {
    throw std::logic_error("a key is of key group " + std::to_string(group) +
                           ", but this subtask has the groups " + std::to_string(first_) + " to " +
                           std::to_string(first_ + group_count_ - 1) +
                           ": the key function must give the same key for the same record, always");
  }

  void remove(Group& group, std::size_t at) {
    if (snapshot_) [[unlikely]] {  // the entries behind it, up to the next hole, may move up
      for (std::size_t moved = at; !group.is_free(moved); moved = group.next(moved))
        save_chunk_of(group, moved);
    }
    group.remove(at, traits_);
  }

  void grow(Group& group, std::size_t capacity) {
    if (snapshot_) save_rest_of(group);
    group.grow_to(capacity, traits_);
  }

  [[nodiscard]] std::size_t index_of(const Group& group) const {
    return static_cast<std::size_t>(&group - groups_.data());
  }

  /// Before the slot changes.
  [[gnu::noinline]] void save_chunk_of(const Group& group, std::size_t slot) {
    const std::size_t index = index_of(group);
    if (!snapshot_->is_pending(index, slot)) return;
    snapshot_->take(index, slot);
    save({index, slot - slot % TableSnapshot::kChunkSlots});
  }

  void save_rest_of(const Group& group) {
    TableSnapshot::Chunk chunk;
    while (snapshot_->take_next_of(index_of(group), chunk)) save(chunk);
  }

  /// Serialises a chunk. Returns how much work that was, in bytes: looking at free slots is some, too.
  std::size_t save(const TableSnapshot::Chunk& chunk) {
    std::size_t work = TableSnapshot::kChunkSlots;
    if constexpr (kSnapshots) {
      const Group& group = groups_[chunk.group];
      BlockBuilder& block = snapshot_->block(chunk.group);
      const std::size_t slot_count = std::min(TableSnapshot::kChunkSlots, group.capacity());
      group.for_each_taken_in(chunk.first_slot, slot_count, [&](std::size_t at) {
        const Entry& entry = group.entry(at);
        if constexpr (requires { traits_.skips(entry); }) {
          if (traits_.skips(entry)) return;
        }
        std::byte* const to = block.room(traits_.bound(entry), snapshot_->sink());
        const std::byte* const end = traits_.write(entry, to);
        work += static_cast<std::size_t>(end - to);
        block.added(end);
      });
      snapshot_->flush_if_full(chunk.group);
    }
    return work;
  }

  /// Makes room for all entries of the file at once, so that no group grows step by step.
  void reserve_for(const StateFile& file, std::uint32_t state) {
    std::vector<std::size_t> coming(group_count_);
    for (const StateFile::Block& block : file.blocks()) {
      if (block.info.state == state && block.info.group - first_ < group_count_)
        coming[block.info.group - first_] += block.info.entry_count;
    }
    for (std::size_t i = 0; i < coming.size(); ++i) {
      const std::size_t capacity = Group::capacity_for(groups_[i].count() + coming[i]);
      if (capacity > groups_[i].capacity()) grow(groups_[i], capacity);
    }
  }

  /// Whether the payload was just the entries that it should be, all of this key group.
  template <class Read>
  [[nodiscard]] bool take(const StateBlockInfo& block, std::span<const std::byte> payload, const Read& read) {
    const std::byte* at = payload.data();
    const std::byte* const end = at + payload.size();
    bool is_right = true;
    for (std::uint32_t i = 0; i < block.entry_count && at != nullptr; ++i) {
      at = read(at, end, [&](std::uint64_t hash, Entry entry) {
        is_right = is_right && key_group_of(hash, max_parallelism_) == block.group;
        if (is_right) insert({groups_[block.group - first_], hash}, std::move(entry));
      });
    }
    return is_right && at == end;
  }

  const KeyGroup first_;
  const std::uint32_t max_parallelism_;
  const Traits traits_;
  const std::uint32_t group_count_;
  std::vector<Group> groups_;  // never moves: places point into it
  std::unique_ptr<TableSnapshot> snapshot_;
};

}  // namespace weir
