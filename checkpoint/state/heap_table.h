// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "checkpoint/state/key_group.h"
#include "checkpoint/state/key_hash.h"
#include "memory/owned.h"

namespace weir {

/// State of one name as the backend sees it, whatever its types.
class StateTable {
public:
  virtual ~StateTable() = default;
  [[nodiscard]] virtual std::size_t entry_count() const = 0;
};

/// Values by key, on the heap, one hash table a key group: a group can be written, dropped or handed on by itself.
///
/// Shapes:  keys are looked up as KeyView (text by std::string_view) and owned on insertion, so that a lookup
///          allocates nothing.
/// Threads: the task's.
/// Order:   a reference to a value is good until the next insertion.
template <class KeyView, class V>
class HeapTable final : public StateTable {
public:
  using K = OwnedKeyOf<KeyView>;

  /// A key and its hash, computed once a record.
  struct Lookup {
    const KeyView& key;
    std::uint64_t hash;
  };

  HeapTable(KeyGroupRange range, std::uint32_t max_parallelism)
      : first_(range.first), max_parallelism_(max_parallelism), groups_(range.count()) {}

  [[nodiscard]] static Lookup lookup(const KeyView& key) { return {key, KeyHash<KeyView>::hash(key)}; }

  /// The value, or nullptr.
  [[nodiscard]] V* find(const Lookup& at) {
    auto& group = group_of(at.hash);
    const auto found = group.find(at);
    return found == group.end() ? nullptr : &found->second;
  }

  /// Puts a value where find() found none.
  V& insert(const Lookup& at, V value) {
    return group_of(at.hash).emplace(K(at.key), std::move(value)).first->second;
  }

  void erase(const Lookup& at) {
    auto& group = group_of(at.hash);
    if (const auto found = group.find(at); found != group.end()) group.erase(found);
  }

  /// Calls visit(key, value) for each entry, group by group.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (auto& group : groups_) {
      for (auto& [key, value] : group) visit(key, value);
    }
  }

  [[nodiscard]] std::size_t entry_count() const override {
    std::size_t sum = 0;
    for (const auto& group : groups_) sum += group.size();
    return sum;
  }

private:
  struct Hasher {
    using is_avalanching = void;  // KeyHash mixes well: no second mixing
    using is_transparent = void;
    std::size_t operator()(const Lookup& at) const { return at.hash; }
    std::size_t operator()(const K& key) const { return KeyHash<K>::hash(key); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Lookup& a, const K& b) const { return a.key == b; }
    bool operator()(const K& a, const Lookup& b) const { return a == b.key; }
    bool operator()(const K& a, const K& b) const { return a == b; }
  };
  using Group = boost::unordered_flat_map<K, V, Hasher, Equal>;

  [[nodiscard]] Group& group_of(std::uint64_t hash) { return groups_[key_group_of(hash, max_parallelism_) - first_]; }

  const KeyGroup first_;
  const std::uint32_t max_parallelism_;
  std::vector<Group> groups_;
};

}  // namespace weir
