// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/state/key_hash.h"
#include "checkpoint/state/tag_window.h"

namespace weir {

/// State of one name as the backend sees it, whatever its types.
class StateTable {
public:
  virtual ~StateTable() = default;
  [[nodiscard]] virtual std::size_t entry_count() const = 0;
};

/// What a HeapTable must know of its entries. `Key` is what entries are looked up by; text as a
/// std::string_view, so that a lookup allocates nothing.
template <class Traits, class Entry>
concept EntryTraits = requires(const Traits& traits, const Entry& entry, const typename Traits::Key& key) {
  { traits.hash(entry) } -> std::same_as<std::uint64_t>;           // equal to KeyHash of the entry's key
  { traits.equal(entry, key) } -> std::convertible_to<bool>;
};

/// Entries by key, on the heap, one hash table a key group: a group can be written, dropped or handed on by
/// itself.
///
/// Open addressing with linear probing. A tag a slot says whether it is taken and holds seven bits of the
/// hash; the place comes from the hash's top bits, the key group from others (see key_group_of()). Whoever
/// has several keys at hand calls prefetch() for all of them first: a miss in the cache costs as much as ten
/// records.
///
/// Threads: the task's.
/// Order:   a reference to an entry is good until the next insertion or removal.
template <class Entry, class Traits>
  requires EntryTraits<Traits, Entry>
class HeapTable final : public StateTable {
  static constexpr std::uint8_t kFree = 0;
  static constexpr std::size_t kMostIn = 3;  // of four slots at most three are taken
  static constexpr std::size_t kMostOf = 4;

  [[nodiscard]] static std::uint8_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint8_t>(hash | 0x80);
  }

  /// Room for an entry, which is there if its tag says so.
  union Slot {
    Slot() {}
    ~Slot() {}
    Entry entry;
  };

  struct Group {
    std::unique_ptr<Slot[]> slots;         // made with the first entry
    std::unique_ptr<std::uint8_t[]> tags;  // the first ones again behind the last: a window never wraps
    std::size_t mask;                      // capacity - 1
    std::uint32_t shift;                   // 64 - log2(capacity)
    std::uint32_t count = 0;

    explicit Group(std::size_t capacity = TagWindow::kTags)
        : tags(std::make_unique<std::uint8_t[]>(capacity + TagWindow::kTags)), mask(capacity - 1),
          shift(64 - static_cast<std::uint32_t>(std::countr_zero(capacity))) {}
    Group(Group&&) noexcept = default;
    Group& operator=(Group&&) noexcept = default;
    ~Group() {
      if (slots) for_each_taken([this](std::size_t at) { slots[at].entry.~Entry(); });
    }

    [[nodiscard]] std::size_t capacity() const { return mask + 1; }
    [[nodiscard]] std::size_t home(std::uint64_t hash) const { return hash >> shift; }
    [[nodiscard]] bool is_full() const { return (std::size_t{count} + 1) * kMostOf > capacity() * kMostIn; }

    void set_tag(std::size_t at, std::uint8_t tag) {
      tags[at] = tag;
      if (at < TagWindow::kTags) tags[at + capacity()] = tag;
    }

    Entry& put(std::uint64_t hash, Entry entry) {
      if (!slots) slots = std::make_unique<Slot[]>(capacity());
      std::size_t at = home(hash);
      while (tags[at] != kFree) at = (at + 1) & mask;
      set_tag(at, tag_of(hash));
      ++count;
      return *std::construct_at(&slots[at].entry, std::move(entry));
    }

    /// Frees a slot and moves up those behind it that stand there only because it was taken.
    void remove(std::size_t hole, const Traits& traits) {
      slots[hole].entry.~Entry();
      set_tag(hole, kFree);
      --count;
      for (std::size_t at = (hole + 1) & mask; tags[at] != kFree; at = (at + 1) & mask) {
        const std::size_t wanted = home(traits.hash(slots[at].entry));
        if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
        std::construct_at(&slots[hole].entry, std::move(slots[at].entry));
        set_tag(hole, tags[at]);
        slots[at].entry.~Entry();
        set_tag(at, kFree);
        hole = at;
      }
    }

    template <class Visit>
    void for_each_taken(Visit&& visit) const {
      if (count == 0) return;
      for (std::size_t at = 0; at <= mask; ++at) {
        if (tags[at] != kFree) visit(at);
      }
    }
  };

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
    const Group& group = *place.group_;
    const std::size_t at = group.home(place.hash_);
    __builtin_prefetch(group.tags.get() + at);
    __builtin_prefetch(group.slots.get() + at);
  }

  /// The entry of that key, or nullptr.
  [[nodiscard]] Entry* find(const Place& place, const Key& key) {
    const Group& group = *place.group_;
    const std::uint8_t tag = tag_of(place.hash_);
    for (std::size_t at = group.home(place.hash_);; at = (at + TagWindow::kTags) & group.mask) {
      const TagWindow window(group.tags.get() + at);
      for (std::uint32_t match = window.equal_to(tag); match != 0; match &= match - 1) {
        Entry& entry =
            group.slots[(at + static_cast<std::size_t>(std::countr_zero(match))) & group.mask].entry;
        if (traits_.equal(entry, key)) [[likely]] return &entry;
      }
      if (window.equal_to(kFree) != 0) return nullptr;
    }
  }

  /// Adds an entry whose key find() did not find there.
  Entry& insert(const Place& place, Entry entry) {
    if (place.group_->is_full()) grow(*place.group_);
    return place.group_->put(place.hash_, std::move(entry));
  }

  /// Removes the entry of that key, if there is one.
  void erase(const Place& place, const Key& key) {
    const Entry* entry = find(place, key);
    if (entry == nullptr) return;
    Group& group = *place.group_;
    std::size_t at = group.home(place.hash_);
    while (&group.slots[at].entry != entry) at = (at + 1) & group.mask;
    group.remove(at, traits_);
  }

  /// Calls visit(entry) for each, group by group.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (Group& group : groups_) {
      group.for_each_taken([&](std::size_t at) { visit(group.slots[at].entry); });
    }
  }

  [[nodiscard]] std::size_t entry_count() const override {
    std::size_t sum = 0;
    for (const Group& group : groups_) sum += group.count;
    return sum;
  }

private:
  [[noreturn]] void refuse(KeyGroup group) const {
    throw std::logic_error("a key is of key group " + std::to_string(group) +
                           ", but this subtask has the groups " + std::to_string(first_) + " to " +
                           std::to_string(first_ + group_count_ - 1) +
                           ": the key function must give the same key for the same record, always");
  }

  void grow(Group& group) {
    Group larger(group.capacity() * 2);
    group.for_each_taken([&](std::size_t at) {
      Entry& entry = group.slots[at].entry;
      const std::uint64_t hash = traits_.hash(entry);  // before it is moved from
      larger.put(hash, std::move(entry));
    });
    std::swap(group, larger);  // the old one destroys what it moved from
  }

  const KeyGroup first_;
  const std::uint32_t max_parallelism_;
  const Traits traits_;
  const std::uint32_t group_count_;
  std::vector<Group> groups_;  // never moves: places point into it
};

}  // namespace weir
