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
///   frozen()                 may be left out: the traits as they are now, whatever becomes of the time
///   reader(from)             something that reads entries written as `from` says: called with (at, end,
///                            insert) it calls insert(hash, entry) and returns the byte behind, or nullptr
///                            if the bytes are none. Throws std::runtime_error if it cannot read `from`.
///
/// A copy of the traits writes entries in another thread, beside the table's own.
template <class Traits, class Entry>
concept SnapshotTraits = requires(const Traits& traits, const Entry& entry, std::byte* at) {
  { traits.describe() } -> std::same_as<StateInfo>;
  { traits.bound(entry) } -> std::convertible_to<std::size_t>;
  { traits.write(entry, at) } -> std::same_as<std::byte*>;
  traits.reader(StateInfo{});
};

namespace detail {

/// What a table's traits read entries with, if they do.
template <class Traits>
struct Reading {
  struct Reader {};
};
template <class Traits>
  requires requires(const Traits& traits) { traits.reader(StateInfo{}); }
struct Reading<Traits> {
  using Reader = decltype(std::declval<const Traits&>().reader(StateInfo{}));
};

}  // namespace detail

/// Entries by key, on the heap, one hash table a key group: a group can be written, dropped or handed on by
/// itself.
///
/// A snapshot never stops the table: another thread walks over it, and an entry that a record is about to
/// change before its turn has come is saved first. Without a snapshot this costs one branch.
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
  ~HeapTable() override { abort_snapshot(); }

  /// Where a key is or would be. Good for as long as the table.
  class Place {
  public:
    Place() = default;
    /// False: none.
    [[nodiscard]] explicit operator bool() const { return group_ != nullptr; }

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

  /// And what take() and erase() will look at.
  [[gnu::always_inline]] static void prefetch_run(const Place& place) {
    place.group_->prefetch_run(place.group_->home(place.hash_));
  }

  /// The entry of that key, to be changed, or nullptr. (Inlined by force, as all that a record passes.)
  [[nodiscard, gnu::always_inline]] Entry* find(const Place& place, const Key& key) {
    return look_up(place, key, [&](std::size_t at) {
      if (place.group_->unsaved() != nullptr) [[unlikely]] save_before_change(*place.group_, at);
      return &place.group_->entry(at);
    });
  }

  /// The same to be read only: a snapshot need not save it for that.
  [[nodiscard]] const Entry* peek(const Place& place, const Key& key) const {
    return look_up(place, key, [&](std::size_t at) { return &std::as_const(*place.group_).entry(at); });
  }

  /// Adds an entry whose key find() did not find there.
  [[gnu::noinline]] Entry& insert(const Place& place, Entry entry) {
    return emplace(place, std::move(entry));
  }
  /// The same, made there of its parts: for whoever adds more often than he finds.
  template <class... Parts>
  Entry& emplace(const Place& place, Parts&&... parts) {
    Group& group = *place.group_;
    if (group.is_full()) [[unlikely]] grow(group, group.capacity() * 2);
    const std::size_t at = group.free_slot(place.hash_);  // no snapshot has anything there
    return group.put(at, place.hash_, std::forward<Parts>(parts)...);
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
    if (place.group_->unsaved() != nullptr) [[unlikely]] save_before_change(*place.group_, *at);
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

  [[nodiscard]] std::shared_ptr<TableWalk> begin_snapshot(SnapshotSink& sink, std::uint32_t state) override {
    WEIR_CHECK(kSnapshots, "the table's traits know how to write its entries");
    WEIR_CHECK(!snapshot_, "a table has one snapshot at a time");
    snapshot_ = std::make_shared<TableSnapshot>(sink, state, first_, groups_.size());
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      Group& group = groups_[i];
      if (group.count() == 0) continue;
      group.set_unsaved(snapshot_->add_group(i, group.capacity(),
                                             [&](std::size_t slot) { return group.taken_from(slot); }));
    }
    auto walk = std::make_shared<Walk>(*this);
    // The first bytes at once: what is so small is not worth another thread.
    constexpr std::size_t kAtOnceBytes = std::size_t{64} << 10;
    StateBlock block;
    for (std::size_t saved = 0; saved < kAtOnceBytes; saved += block.payload.size()) {
      if (!walk->next(block)) {
        end_snapshot();
        return nullptr;
      }
      sink.add(block);
    }
    return walk;
  }

  [[nodiscard]] bool is_snapshot_running() const override { return snapshot_ != nullptr; }
  void end_snapshot() override {
    if (const auto snapshot = let_go_of_snapshot()) snapshot->end();
  }
  void abort_snapshot() override {
    if (const auto snapshot = let_go_of_snapshot()) snapshot->abort();
  }

  void begin_restore(const StateInfo& from, std::span<const std::uint64_t> entries_by_group) override {
    if constexpr (kSnapshots) {
      read_.emplace(traits_.reader(from));
      for (std::size_t i = 0; i < entries_by_group.size(); ++i) {
        const std::size_t capacity = Group::capacity_for(groups_[i].count() + entries_by_group[i]);
        if (capacity > groups_[i].capacity()) grow(groups_[i], capacity);
      }
    }
  }
  [[nodiscard]] bool restore(const StateBlockInfo& block, std::span<const std::byte> payload) override {
    if constexpr (kSnapshots) return take(block, payload);
    else return false;
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
    if (group.unsaved() != nullptr) [[unlikely]] {  // the entries behind it, up to the next hole, may move up
      for (std::size_t moved = at; !group.is_free(moved); moved = group.next(moved))
        save_before_change(group, moved);
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
  [[gnu::noinline]] void save_before_change(Group& group, std::size_t slot) {
    const std::size_t index = index_of(group);
    if (snapshot_->is_walked(index)) return group.set_unsaved(nullptr);
    if (!snapshot_->claim(index, slot)) return;
    save(traits_, group.entry(slot), snapshot_->block(index));
    snapshot_->flush_if_full(index);
  }

  /// Before the group changes as a whole.
  void save_rest_of(Group& group) {
    const std::size_t index = index_of(group);
    snapshot_->claim_rest_of(index, [&](std::size_t slot) {
      save(traits_, group.entry(slot), snapshot_->block(index));
      snapshot_->flush_if_full(index);
    });
    group.set_unsaved(nullptr);
  }

  [[nodiscard]] std::shared_ptr<TableSnapshot> let_go_of_snapshot() {
    if (snapshot_)
      for (Group& group : groups_) group.set_unsaved(nullptr);
    return std::exchange(snapshot_, nullptr);
  }

  static void save(const Traits& traits, const Entry& entry, BlockBuilder& block) {
    if constexpr (kSnapshots) {
      if constexpr (requires { traits.skips(entry); }) {
        if (traits.skips(entry)) return;
      }
      block.added(traits.write(entry, block.room(traits.bound(entry))));
    }
  }

  [[nodiscard]] static Traits frozen(const Traits& traits) {
    if constexpr (requires { traits.frozen(); }) return traits.frozen();
    else return traits;
  }

  /// The entries that the table has not saved itself, group by group.
  class Walk final : public TableWalk {
  public:
    explicit Walk(const HeapTable& table)
        : groups_(table.groups_.data()), snapshot_(table.snapshot_), traits_(frozen(table.traits_)) {}

    bool next(StateBlock& block) override {
      builder_.use(std::move(block.payload));
      for (; group_ < snapshot_->group_count(); ++group_, word_ = 0) {
        while (!builder_.is_full() && snapshot_->take(group_, word_, batch_)) save_batch();
        if (!builder_.is_full()) snapshot_->set_walked(group_ + 1);
        if (builder_.is_empty()) continue;
        block = snapshot_->finish(builder_, group_);
        return true;
      }
      return false;
    }

  private:
    // The system takes large pieces with fewer and larger pages; it still is in the cache then.
    static constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
    static constexpr std::size_t kAhead = 16;  // slots; behind the last ones it is for nothing

    void save_batch() {
      struct Leave {
        TableSnapshot& snapshot;
        ~Leave() { snapshot.leave(); }
      } const at_the_end{*snapshot_};
      const Group& group = groups_[group_];
      for (std::size_t i = 0; i < batch_.slots.size(); ++i) {
        for (std::uint64_t slots = batch_.slots[i]; slots != 0; slots &= slots - 1) {
          const std::size_t slot = (batch_.first_word + i) * TableSnapshot::kWordSlots +
                                   static_cast<std::size_t>(std::countr_zero(slots));
          group.prefetch_once(slot + kAhead);
          save(traits_, group.entry(slot), builder_);
        }
      }
    }

    const Group* const groups_;  // of the table, which lets the walk leave before it goes
    const std::shared_ptr<TableSnapshot> snapshot_;
    const Traits traits_;
    std::size_t group_ = 0;
    std::size_t word_ = 0;
    TableSnapshot::Batch batch_;
    BlockBuilder builder_{kBlockBytes};
  };

  /// Whether the payload was just the entries that it should be, all of this key group.
  [[nodiscard]] bool take(const StateBlockInfo& block, std::span<const std::byte> payload) {
    const std::byte* at = payload.data();
    const std::byte* const end = at + payload.size();
    bool is_right = true;
    for (std::uint32_t i = 0; i < block.entry_count && at != nullptr; ++i) {
      at = (*read_)(at, end, [&](std::uint64_t hash, Entry entry) {
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
  std::shared_ptr<TableSnapshot> snapshot_;
  std::optional<typename detail::Reading<Traits>::Reader> read_;  // of what is being restored
};

}  // namespace weir
