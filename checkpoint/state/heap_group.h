// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "checkpoint/state/tag_window.h"

namespace weir {

/// The hash table of one key group in a HeapTable: open addressing with linear probing. A tag a slot says
/// whether it is taken and holds seven bits of the hash; the place comes from the hash's top bits.
///
/// Threads: the task's.
template <class Entry, class Traits>
class HeapGroup {
public:
  static constexpr std::uint8_t kFree = 0;

  explicit HeapGroup(std::size_t capacity = TagWindow::kTags)
      : tags_(std::make_unique<std::uint8_t[]>(capacity + TagWindow::kTags)), mask_(capacity - 1),
        shift_(64 - static_cast<std::uint32_t>(std::countr_zero(capacity))) {}
  HeapGroup(HeapGroup&&) noexcept = default;
  HeapGroup& operator=(HeapGroup&& other) noexcept {
    if (this == &other) return *this;
    std::destroy_at(this);  // its entries, too
    return *std::construct_at(this, std::move(other));
  }
  ~HeapGroup() {
    if (slots_) for_each_taken([this](std::size_t at) { slots_[at].entry.~Entry(); });
  }

  /// In the lowest byte.
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash) | 0x80;
  }
  /// The least capacity in which so many entries have room.
  [[nodiscard]] static std::size_t capacity_for(std::size_t entries) {
    std::size_t capacity = TagWindow::kTags;
    while (entries * kMostOf > capacity * kMostIn) capacity *= 2;
    return capacity;
  }

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }
  [[nodiscard]] std::size_t home(std::uint64_t hash) const { return hash >> shift_; }
  [[nodiscard]] std::size_t next(std::size_t at, std::size_t step = 1) const { return (at + step) & mask_; }
  [[nodiscard]] bool is_full() const { return (std::size_t{count_} + 1) * kMostOf > capacity() * kMostIn; }
  [[nodiscard]] bool is_free(std::size_t at) const { return tags_[at] == kFree; }

  /// The tags from `at` on; a window never wraps.
  [[nodiscard]] TagWindow window(std::size_t at) const { return TagWindow(tags_.get() + at); }
  [[nodiscard]] Entry& entry(std::size_t at) { return slots_[at].entry; }
  [[nodiscard]] const Entry& entry(std::size_t at) const { return slots_[at].entry; }

  /// A bit a slot, of those that a snapshot still has to save. Null: none.
  using Unsaved = std::atomic<std::uint64_t>;
  [[nodiscard]] const Unsaved* unsaved() const { return unsaved_; }
  void set_unsaved(const Unsaved* bits) { unsaved_ = bits; }

  [[gnu::always_inline]] void prefetch(std::size_t at) const {
    __builtin_prefetch(tags_.get() + at);
    __builtin_prefetch(slots_.get() + at);
    if (unsaved_ != nullptr) [[unlikely]] prefetch_to_save(at);
  }
  /// For a walk, which comes by once: past the caches that records need.
  [[gnu::always_inline]] void prefetch_once(std::size_t at) const {
    const char* const slot = static_cast<const char*>(static_cast<const void*>(slots_.get() + at));
    for (std::size_t line = 0; line < sizeof(Slot); line += kLineBytes) __builtin_prefetch(slot + line, 0, 0);
  }
  /// And what remove() looks at besides: the slots behind it.
  [[gnu::always_inline]] void prefetch_run(std::size_t at) const {
    prefetch(at);
    __builtin_prefetch(slots_.get() + at + (kLineBytes + sizeof(Slot) - 1) / sizeof(Slot));
  }

  /// Where an entry with this hash goes. Not if it is_full().
  [[nodiscard]] std::size_t free_slot(std::uint64_t hash) const {
    // By windows: how far off it is, is random, and a loop over slots would be mispredicted each time.
    for (std::size_t at = home(hash);; at = next(at, TagWindow::kTags)) {
      const std::uint32_t free = window(at).equal_to(kFree);
      if (free != 0) [[likely]] return next(at, static_cast<std::size_t>(std::countr_zero(free)));
    }
  }

  template <class... Parts>
  Entry& put(std::size_t at, std::uint64_t hash, Parts&&... parts) {
    if (!slots_) slots_ = std::make_unique<Slot[]>(capacity());
    Entry* const entry = ::new (static_cast<void*>(&slots_[at].entry)) Entry{std::forward<Parts>(parts)...};
    set_tag(at, tag_of(hash));
    ++count_;
    return *entry;
  }

  /// Frees a slot and moves up those behind it that stand there only because it was taken.
  void remove(std::size_t hole, const Traits& traits) {
    slots_[hole].entry.~Entry();
    set_tag(hole, kFree);
    --count_;
    for (std::size_t at = next(hole); !is_free(at); at = next(at)) {
      const std::size_t wanted = home(traits.hash(slots_[at].entry));
      if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;
      std::construct_at(&slots_[hole].entry, std::move(slots_[at].entry));
      set_tag(hole, tags_[at]);
      slots_[at].entry.~Entry();
      set_tag(at, kFree);
      hole = at;
    }
  }

  void grow_to(std::size_t capacity, const Traits& traits) {
    HeapGroup larger(capacity);
    for_each_taken([&](std::size_t at) {
      const std::uint64_t hash = traits.hash(slots_[at].entry);  // before it is moved from
      larger.put(larger.free_slot(hash), hash, std::move(slots_[at].entry));
    });
    std::swap(*this, larger);  // the old one destroys what it moved from
  }

  template <class Visit>
  void for_each_taken(Visit&& visit) const {
    if (count_ == 0) return;
    for (std::size_t first = 0; first < capacity(); first += 64) {
      for (std::uint64_t taken = taken_from(first); taken != 0; taken &= taken - 1)
        visit(first + static_cast<std::size_t>(std::countr_zero(taken)));
    }
  }
  /// A bit for each of the 64 slots from `first` on, a multiple of 64, that is taken. A small group has
  /// fewer.
  [[nodiscard]] std::uint64_t taken_from(std::size_t first) const {
    constexpr std::uint32_t kAll = (std::uint32_t{1} << TagWindow::kTags) - 1;
    std::uint64_t taken = 0;
    for (std::size_t at = 0; at < 64 && first + at < capacity(); at += TagWindow::kTags)
      taken |= std::uint64_t{~window(first + at).equal_to(kFree) & kAll} << at;
    return taken;
  }

private:
  static constexpr std::size_t kLineBytes = 64;
  static constexpr std::size_t kMostIn = 3;  // of four slots at most three are taken
  static constexpr std::size_t kMostOf = 4;

  /// Room for an entry, which is there if its tag says so.
  union Slot {
    Slot() {}
    ~Slot() {}
    Entry entry;
  };

  /// All that saving the slot before it changes looks at.
  [[gnu::always_inline]] void prefetch_to_save(std::size_t at) const {
    __builtin_prefetch(unsaved_ + at / 64, 1);
    const char* const slot = static_cast<const char*>(static_cast<const void*>(slots_.get() + at));
    for (std::size_t line = kLineBytes; line < sizeof(Slot) + kLineBytes; line += kLineBytes)
      __builtin_prefetch(slot + line);
  }

  void set_tag(std::size_t at, std::uint32_t tag) {
    tags_[at] = static_cast<std::uint8_t>(tag);
    if (at < TagWindow::kTags) tags_[at + capacity()] = tags_[at];
  }

  std::unique_ptr<Slot[]> slots_;         // made with the first entry
  std::unique_ptr<std::uint8_t[]> tags_;  // the first ones again behind the last: a window never wraps
  std::size_t mask_;                      // capacity - 1
  std::uint32_t shift_;                   // 64 - log2(capacity)
  std::uint32_t count_ = 0;
  const Unsaved* unsaved_ = nullptr;  // of the snapshot that runs
};

}  // namespace weir
