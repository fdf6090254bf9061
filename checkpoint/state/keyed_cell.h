// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "checkpoint/state/current_key.h"
#include "checkpoint/state/heap_table.h"
#include "checkpoint/state/key_bytes.h"
#include "memory/owned.h"
#include "memory/serializer.h"

namespace weir {

/// How long state lives that nobody uses. Expired state is never seen again; it leaves the memory when it is
/// next looked up, and snapshots never have it.
struct StateTtl {
  enum class Renewal : std::uint8_t {
    OnWrite,
    OnReadAndWrite,
  };

  std::chrono::milliseconds lifetime{0};  // 0: it lives until it is cleared
  Renewal renewal = Renewal::OnWrite;

  [[nodiscard]] bool is_limited() const { return lifetime.count() > 0; }
};

/// A store whatever its type.
class AnyCellStore {
public:
  virtual ~AnyCellStore() = default;
};

/// The value of the current key in one state of one operator, wherever it is kept. The port between the kinds
/// of state and the places that have no fast way of their own.
template <class V>
class CellStore : public AnyCellStore {
public:
  /// nullptr: the key has none. Good until the next call.
  [[nodiscard]] virtual const V* get(const KeyView& key) = 0;
  /// The same to be changed, made if there is none. commit() follows.
  [[nodiscard]] virtual V& edit(const KeyView& key, bool& is_new) = 0;
  virtual void commit(const KeyView& key) = 0;
  virtual void remove(const KeyView& key) = 0;
};

/// A key's value in a HeapTable.
template <class V>
struct CellEntry {
  std::uint64_t hash;
  KeyBytes key;
  V value;
};

/// Makes CellEntries fit a HeapTable and its snapshots.
template <class V>
struct CellTraits {
  using Key = KeyView;

  StateKind kind;
  KeyType key_type;

  [[nodiscard]] std::uint64_t hash(const CellEntry<V>& entry) const { return entry.hash; }
  [[nodiscard]] bool equal(const CellEntry<V>& entry, const KeyView& key) const {
    return entry.key == key.bytes;
  }

  [[nodiscard]] StateInfo describe() const {
    return {.kind = kind, .key = key_type.schema, .value = schema_of<V>()};
  }
  [[nodiscard]] std::size_t bound(const CellEntry<V>& entry) const {
    return entry.key.get().size() + Serializer<V>::bound(entry.value);
  }
  std::byte* write(const CellEntry<V>& entry, std::byte* at) const {
    const auto key = entry.key.get();
    copy_short(at, key.data(), key.size());
    return Serializer<V>::write(entry.value, at + key.size());
  }
  [[nodiscard]] auto reader(const StateInfo& from) const {
    return reader(value_reader<V>(from, describe()));
  }

  [[nodiscard]] auto reader(SchemaReader<V> values) const {
    return [read_key = key_type.read, values](const std::byte* at, const std::byte* end, auto&& insert) {
      std::uint64_t hash = 0;
      const std::byte* const behind_key = read_key(hash, at, end);
      if (behind_key == nullptr) return behind_key;
      CellEntry<V> entry{hash, KeyBytes({at, behind_key}), V{}};
      at = values.read(entry.value, behind_key, end);
      if (at != nullptr) insert(hash, std::move(entry));
      return at;
    };
  }
};

template <class V>
using CellTable = HeapTable<CellEntry<V>, CellTraits<V>>;

/// A value and when it was last used.
template <class V>
struct Expiring {
  std::int64_t last_use_ms = 0;
  V value{};
};

/// Makes entries that expire fit a HeapTable: those that have expired are left out of its snapshots.
template <class V>
struct ExpiringTraits : CellTraits<Expiring<V>> {
  StateTtl ttl;
  const WallTime* now;  // outlives this
  std::optional<WallTime> frozen_at = std::nullopt;

  [[nodiscard]] bool is_expired(const Expiring<V>& value) const {
    const WallTime time = frozen_at ? *frozen_at : *now;
    return time.time_since_epoch().count() - value.last_use_ms >= ttl.lifetime.count();
  }
  [[nodiscard]] ExpiringTraits frozen() const {
    ExpiringTraits at_this_time = *this;
    at_this_time.frozen_at = *now;
    return at_this_time;
  }

  [[nodiscard]] StateInfo describe() const {
    StateInfo info = CellTraits<Expiring<V>>::describe();
    info.value = schema_of<V>();
    info.expires = true;
    return info;
  }
  [[nodiscard]] bool skips(const CellEntry<Expiring<V>>& entry) const { return is_expired(entry.value); }
  [[nodiscard]] auto reader(const StateInfo& from) const {
    require_readable(from, describe());
    return CellTraits<Expiring<V>>::reader(
        *SchemaReader<Expiring<V>>::make("struct Expiring{last_use_ms:i64,value:" + from.value + "}"));
  }
};

/// Values that expire, on the heap.
template <class V>
class ExpiringStore final : public CellStore<V> {
public:
  using Table = HeapTable<CellEntry<Expiring<V>>, ExpiringTraits<V>>;

  ExpiringStore(Table& table, ExpiringTraits<V> traits) : table_(table), traits_(std::move(traits)) {}

  const V* get(const KeyView& key) override {
    const auto place = table_.locate(key.hash);
    const auto* const found = table_.peek(place, key);
    if (found == nullptr) return nullptr;
    if (traits_.is_expired(found->value)) {
      table_.erase(place, key);
      return nullptr;
    }
    if (traits_.ttl.renewal == StateTtl::Renewal::OnReadAndWrite) renew(table_.find(place, key)->value);
    return &found->value.value;
  }
  V& edit(const KeyView& key, bool& is_new) override {
    const auto place = table_.locate(key.hash);
    auto* found = table_.find(place, key);
    is_new = found == nullptr || traits_.is_expired(found->value);
    if (found == nullptr) found = &table_.insert(place, {key.hash, KeyBytes(key.bytes), {}});
    else if (is_new) found->value = {};
    renew(found->value);
    return found->value.value;
  }
  void commit(const KeyView&) override {}
  void remove(const KeyView& key) override { table_.erase(table_.locate(key.hash), key); }

private:
  void renew(Expiring<V>& value) const { value.last_use_ms = traits_.now->time_since_epoch().count(); }

  Table& table_;  // outlives this
  const ExpiringTraits<V> traits_;
};

/// One state of an operator as its handles see it: a value a key, of which they reach the current key's.
///
/// Threads: the task's. The backend that made it outlives it.
template <class V>
class KeyedCell {
  static_assert(std::default_initializable<V>, "state starts as a default value: give its type one");
  static_assert(Serializable<V>, "state must serialise: specialise weir::Serializer for its type");
  static_assert(!Borrows<V>::value, "state outlives the record that it comes from: use std::string");

public:
  KeyedCell() = default;
  KeyedCell(CurrentKey& key, CellTable<V>& table) : key_(&key), heap_(&table) {}
  KeyedCell(CurrentKey& key, CellStore<V>& store) : key_(&key), store_(&store) {}

  /// nullptr: the key has none. Good until the next change of the same state.
  [[nodiscard]] const V* get() const {
    const KeyView key = key_->get();
    if (heap_ == nullptr) [[unlikely]] return store_->get(key);
    const auto* const found = heap_->peek(heap_->locate(key.hash), key);
    return found == nullptr ? nullptr : &found->value;
  }

  /// Calls change(value, is_new): if there is no value, with a new one.
  template <class Change>
  void update(Change&& change) {
    const KeyView key = key_->get();
    if (heap_ == nullptr) [[unlikely]] {
      bool is_new = false;
      V& value = store_->edit(key, is_new);
      change(value, is_new);
      return store_->commit(key);
    }
    const auto place = heap_->locate(key.hash);
    auto* found = heap_->find(place, key);
    const bool is_new = found == nullptr;
    if (is_new) found = &heap_->insert(place, {key.hash, KeyBytes(key.bytes), V{}});
    change(found->value, is_new);
  }

  /// Fetches what a look-up of a key with that KeyHash will look at.
  void prefetch(std::uint64_t key_hash) const {
    if (heap_ != nullptr) heap_->prefetch(heap_->locate(key_hash));
  }

  void remove() {
    const KeyView key = key_->get();
    if (heap_ == nullptr) [[unlikely]] return store_->remove(key);
    heap_->erase(heap_->locate(key.hash), key);
  }

private:
  CurrentKey* key_ = nullptr;
  CellTable<V>* heap_ = nullptr;
  CellStore<V>* store_ = nullptr;
};

}  // namespace weir
