// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/snapshot/state_file.h"
#include "checkpoint/state/byte_store.h"
#include "checkpoint/state/current_key.h"
#include "checkpoint/state/heap_table.h"
#include "checkpoint/state/keyed_cell.h"
#include "checkpoint/state/store_table.h"

namespace weir {

/// The keyed state of one operator in one subtask: tables by name, over the key groups that the subtask owns.
///
/// Threads: the task's.
/// Order:   begin_restore() if there is something to restore, then tables are made when the operator opens,
///          then end_restore(). References to tables last as long as this. A snapshot is what all tables held
///          at begin_snapshot(); one at a time.
class KeyedBackend {
public:
  KeyedBackend(KeyGroupRange range, std::uint32_t max_parallelism)
      : range_(range), max_parallelism_(max_parallelism) {}
  KeyedBackend(const KeyedBackend&) = delete;  // handles point into it
  KeyedBackend& operator=(const KeyedBackend&) = delete;

  [[nodiscard]] KeyGroupRange range() const { return range_; }

  /// The table of that name, made at the first call and filled from what is being restored. Throws
  /// std::logic_error if the name is in use for other types, std::runtime_error if it cannot be restored.
  template <class Entry, class Traits>
  [[nodiscard]] HeapTable<Entry, Traits>& table(const std::string& name, Traits traits) {
    return table_of<HeapTable<Entry, Traits>>(name, std::move(traits));
  }
  /// The same for a StateTable of another class, which is made of (range, maximum parallelism, traits).
  template <class Table, class Traits>
  [[nodiscard]] Table& table_of(const std::string& name, Traits traits) {
    const auto found = tables_.find(name);
    if (found == tables_.end()) {
      auto made = std::make_unique<Table>(range_, max_parallelism_, std::move(traits));
      restore(name, *made);
      return static_cast<Table&>(*tables_.emplace(name, std::move(made)).first->second);
    }
    auto* const table = dynamic_cast<Table*>(found->second.get());
    if (table == nullptr) {
      refuse(name, found->second->describe(), Table(range_, max_parallelism_, std::move(traits)).describe());
    }
    return *table;
  }

  /// Whether the states that functions ask for are in a store.
  [[nodiscard]] bool has_store() const { return store_ != nullptr; }
  /// Keeps the states that functions ask for from now on there, not on the heap. Tables stay on the heap.
  void use_store(std::unique_ptr<ByteStore> store) { store_ = std::move(store); }
  /// What type the keys are of. Before states are asked for; twice only with the same type.
  template <Key K>
  void use_key() {
    key_type_ = KeyType::of<K>();
  }
  /// The key of the record or timer that is processed next. It lives, unchanged, until the next one is set.
  template <Key K>
  void set_current_key(const K& key) { current_key_.set(key); }
  void clear_current_key() { current_key_.clear(); }
  /// What time it is for state that expires. Told now and then, not for each record.
  void set_time(WallTime now) { now_ = now; }

  /// A function's state, filled from what is being restored. Handles last as long as this. Throws as table().
  template <class Descriptor>
  [[nodiscard]] typename Descriptor::State state(const Descriptor& descriptor) {
    using V = typename Descriptor::Content;
    require_keys(descriptor.name);
    if (store_) return descriptor.bind({current_key_, stored_cells<V>(descriptor)});
    const CellTraits<V> traits{Descriptor::kKind, key_type_};
    if (!descriptor.ttl.is_limited()) {
      auto& cells = table<CellEntry<V>>(descriptor.name, traits);
      require_kind(descriptor.name, cells.describe(), traits.describe());
      return descriptor.bind({current_key_, cells});
    }
    const ExpiringTraits<V> expiring{{Descriptor::kKind, key_type_}, descriptor.ttl, &now_};
    auto& cells = table<CellEntry<Expiring<V>>>(descriptor.name, expiring);
    require_kind(descriptor.name, cells.describe(), expiring.describe());
    auto store = std::make_unique<ExpiringStore<V>>(cells, expiring);
    CellStore<V>& kept = *store;
    stores_.push_back(std::move(store));
    return descriptor.bind({current_key_, kept});
  }

  /// The states, in the order in which a snapshot numbers them.
  [[nodiscard]] std::vector<StateInfo> states() const;

  /// Begins to hand all state to the sink; its states are numbered from `first_state` on.
  void begin_snapshot(SnapshotSink& sink, std::uint32_t first_state = 0);  // outlives the snapshot
  [[nodiscard]] bool is_snapshot_running() const;
  /// Goes on until about `budget_bytes` are serialised or the sink has no room. True: the snapshot is done,
  /// the sink has all of it.
  bool snapshot_some(std::size_t budget_bytes);
  void abort_snapshot();

  /// Tables that are made from now on start with what these files have of their name and key groups.
  void begin_restore(std::span<StateFile> sources);  // outlive end_restore()
  /// Returns the names of keyed states in the files for which there is no table.
  std::vector<std::string> end_restore();

private:
  /// A state in the store.
  template <class V, class Descriptor>
  [[nodiscard]] CellStore<V>& stored_cells(const Descriptor& descriptor) {
    const auto& name = descriptor.name;
    auto made = std::make_unique<StoreTable<V>>(
        store_->column(name), StoreTableSettings{range_, max_parallelism_, Descriptor::kKind, key_type_,
                                                 descriptor.ttl, &now_});
    const auto found = tables_.find(name);
    if (found == tables_.end()) {
      restore(name, *made);
      return static_cast<StoreTable<V>&>(*tables_.emplace(name, std::move(made)).first->second);
    }
    require_kind(name, found->second->describe(), made->describe());
    auto* const table = dynamic_cast<StoreTable<V>*>(found->second.get());
    if (table == nullptr) refuse(name, found->second->describe(), made->describe());
    return *table;
  }
  void restore(const std::string& name, StateTable& table);
  void require_keys(const std::string& state) const;
  static void require_kind(const std::string& name, const StateInfo& first, const StateInfo& second) {
    if (first != second) refuse(name, first, second);
  }
  [[noreturn]] static void refuse(const std::string& name, const StateInfo& first, const StateInfo& second);

  const KeyGroupRange range_;
  const std::uint32_t max_parallelism_;
  std::unique_ptr<ByteStore> store_;  // none: on the heap
  std::map<std::string, std::unique_ptr<StateTable>> tables_;
  std::vector<std::unique_ptr<AnyCellStore>> stores_;  // of states that are not plain tables
  std::span<StateFile> sources_;
  KeyType key_type_;
  CurrentKey current_key_;
  WallTime now_{};
};

}  // namespace weir
