// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state/heap_table.h"
#include "checkpoint/state/keyed_backend.h"
#include "checkpoint/state/name_space.h"
#include "checkpoint/state/time_heap.h"

namespace weir {

namespace detail {

template <class K, class N>
struct TimerEntry {
  std::uint64_t hash;  // of all of it
  std::int64_t time;
  K key;
  [[no_unique_address]] N name_space;
};

/// What a timer is looked up by: all of it, or what the queue knows of it.
template <class K, class N>
struct TimerKey {
  std::uint64_t hash = 0;
  std::int64_t time = 0;
  const K* key = nullptr;  // null: two timers of one time and hash count as one and the same
  const N* name_space = nullptr;
};

template <class K, class N>
struct TimerTraits {
  using Key = TimerKey<K, N>;
  using Entry = TimerEntry<K, N>;

  [[nodiscard]] std::uint64_t hash(const Entry& entry) const { return entry.hash; }
  [[nodiscard]] bool equal(const Entry& entry, const Key& wanted) const {
    return entry.hash == wanted.hash && entry.time == wanted.time &&
           (wanted.key == nullptr || (entry.key == *wanted.key && entry.name_space == *wanted.name_space));
  }
  [[nodiscard]] static std::uint64_t hash_of(std::uint64_t key_hash, const N& name_space, std::int64_t time) {
    // Times of timers come in even steps: one product spreads those well enough for the table's places.
    return scoped_hash(key_hash, fold_product(static_cast<std::uint64_t>(time) ^ kHashSeeds[0],
                                              KeyHash<N>::hash(name_space) ^ kHashSeeds[2]));
  }

  [[nodiscard]] StateInfo describe() const {
    return {.kind = StateKind::Timers, .key = schema_of<K>(), .name_space = schema_of<N>(), .value = "i64"};
  }
  [[nodiscard]] std::size_t bound(const Entry& entry) const {
    return Serializer<K>::bound(entry.key) + Serializer<N>::bound(entry.name_space) + sizeof entry.time;
  }
  std::byte* write(const Entry& entry, std::byte* at) const {
    at = Serializer<N>::write(entry.name_space, Serializer<K>::write(entry.key, at));
    return Serializer<std::int64_t>::write(entry.time, at);
  }
  [[nodiscard]] auto reader(const StateInfo& from) const {
    require_readable(from, describe());
    return [](const std::byte* at, const std::byte* end, auto&& insert) {
      Entry entry{};
      at = Serializer<K>::read(entry.key, at, end);
      if (at != nullptr) at = Serializer<N>::read(entry.name_space, at, end);
      if (at != nullptr) at = Serializer<std::int64_t>::read(entry.time, at, end);
      if (at == nullptr) return at;
      entry.hash = hash_of(KeyHash<K>::hash(entry.key), entry.name_space, entry.time);
      insert(entry.hash, std::move(entry));
      return at;
    };
  }
};

}  // namespace detail

/// The timers of one operator on one clock: at most one of a key, a namespace and a time. Part of the
/// operator's keyed state, so that they are in its checkpoints and go where their keys go.
///
/// They are kept twice: in a table, which says which there are, and in a heap of their hashes by time. A
/// timer that is removed leaves its place in the heap, which is passed over when its time has come.
///
/// Unit:    time in ms, of events or of the wall clock.
/// Threads: the task's.
/// Order:   made when the operator opens. Timers of one time fire in no certain order.
template <Key K, Key N = NoNamespace>
class Timers {
  using Traits = detail::TimerTraits<K, N>;
  using Entry = detail::TimerEntry<K, N>;
  using Wanted = detail::TimerKey<K, N>;
  using Table = HeapTable<Entry, Traits>;

public:
  struct Timer {
    std::int64_t time = 0;
    K key{};
    [[no_unique_address]] N name_space{};
  };

  /// `name` is that of the state. Throws as KeyedBackend::table().
  Timers(KeyedBackend& backend, const std::string& name)
      : table_(backend.template table<Entry>(name, Traits{})) {
    rebuild();
  }

  /// False: there is such a timer already.
  bool add(std::int64_t time, const K& key, const N& name_space = {}) {
    return add(time, KeyHash<K>::hash(key), key, name_space);
  }
  /// For whoever knows the key's hash.
  bool add(std::int64_t time, std::uint64_t key_hash, const K& key, const N& name_space) {
    const std::uint64_t hash = Traits::hash_of(key_hash, name_space, time);
    const auto place = table_.locate(hash);
    Table::prefetch(place);
    if (table_.peek(place, {hash, time, &key, &name_space}) != nullptr) return false;
    table_.emplace(place, hash, time, key, name_space);
    ++count_;
    heap_.push(time, hash);
    return true;
  }

  /// False: there is none.
  bool remove(std::int64_t time, const K& key, const N& name_space = {}) {
    return remove(time, KeyHash<K>::hash(key), key, name_space);
  }
  bool remove(std::int64_t time, std::uint64_t key_hash, const K& key, const N& name_space) {
    const std::uint64_t hash = Traits::hash_of(key_hash, name_space, time);
    if (!table_.take(table_.locate(hash), {hash, time, &key, &name_space})) return false;
    --count_;
    constexpr std::size_t kFewRefs = 1024;
    if (heap_.count() > 2 * count_ + kFewRefs) rebuild();
    return true;
  }

  /// No timer is due before. Of timers that were removed it may know no better.
  [[nodiscard]] std::int64_t earliest() const { return heap_.earliest(); }
  [[nodiscard]] std::size_t count() const { return count_; }

  /// Calls fire(timer) for each that is due until then, `until` included, in the order of their times; it is
  /// no more there. What fire() adds fires too, if it is due; what it removes does not.
  template <class Fire>
  void fire_until(std::int64_t until, Fire&& fire) {
    fire_until(until, fire, [](const K&) {});
  }
  /// Also calls soon(key) a few timers before.
  template <class Fire, class Soon>
  void fire_until(std::int64_t until, Fire&& fire, Soon&& soon) {
    // A miss in the cache costs more than all else.
    const auto fetch = [this](std::uint64_t hash) { Table::prefetch_run(table_.locate(hash)); };
    while (true) {
      due_.clear();
      if (!heap_.take_earliest(until, due_, fetch)) return;
      for (std::size_t i = 0; i < due_.size(); ++i) {
        if (i + 2 * kAhead < due_.size()) fetch(due_[i + 2 * kAhead].what);
        if (i + kAhead < due_.size()) announce(due_[i + kAhead], soon);
        fire_one(due_[i], fire);
      }
    }
  }

private:
  static constexpr std::size_t kAhead = 4;

  template <class Soon>
  void announce(const TimeHeap::Entry& due, Soon&& soon) {
    const auto* const entry = table_.peek(table_.locate(due.what), {due.what, due.time});
    if (entry != nullptr) soon(entry->key);
  }

  template <class Fire>
  void fire_one(const TimeHeap::Entry& due, Fire&& fire) {
    auto entry = table_.take(table_.locate(due.what), {due.what, due.time});
    if (!entry) return;
    --count_;
    fire(Timer{entry->time, std::move(entry->key), std::move(entry->name_space)});
  }

  /// The heap as the table says.
  void rebuild() {
    heap_.clear();
    count_ = table_.entry_count();
    table_.visit([this](const Entry& entry) { heap_.push(entry.time, entry.hash); });
  }

  Table& table_;
  std::size_t count_ = 0;
  TimeHeap heap_;
  std::vector<TimeHeap::Entry> due_;
};

}  // namespace weir
