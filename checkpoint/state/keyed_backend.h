// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
#include "checkpoint/state/keyed_restore.h"
#include "checkpoint/state/raw_keyed_state.h"
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
      refuse_second_use(name, found->second->describe(),
                        Table(range_, max_parallelism_, std::move(traits)).describe());
    }
    return *table;
  }

  /// Makes the store when the first state is asked for, out of the files of `adopted()` if there is such a
  /// source. What it throws goes to whoever asks.
  using StoreMaker = std::function<std::unique_ptr<ByteStore>()>;
  /// Keeps the states that functions ask for from now on there, not on the heap. Tables stay on the heap.
  void use_store(StoreMaker make_store) { make_store_ = std::move(make_store); }
  [[nodiscard]] bool has_store() const { return make_store_ != nullptr; }
  /// Null until the first state is asked for.
  [[nodiscard]] ByteStore* store() { return store_.get(); }

  /// For operators that keep track of their keys themselves: values of the store by key. Throws as table().
  template <Key K, class V>
  [[nodiscard]] StoreTable<V>& stored_table(const std::string& name, StateKind kind) {
    return stored<V>(name, {range_, max_parallelism_, kind, KeyType::of<K>(), {}, &now_});
  }

  /// Bytes by key group, filled from what is being restored. Throws as table().
  [[nodiscard]] RawKeyedState& raw(const std::string& name);

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
    if (has_store()) {
      CellStore<V>& cells = stored<V>(descriptor.name, {range_, max_parallelism_, Descriptor::kKind,
                                                        key_type_, descriptor.ttl, &now_});
      return descriptor.bind({current_key_, cells});
    }
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

  [[nodiscard]] RawKeyedState& state(const RawKeyedStateDescriptor& descriptor) {
    require_keys(descriptor.name);
    return raw(descriptor.name);
  }

  /// The states, in the order in which a snapshot numbers them.
  [[nodiscard]] std::vector<StateInfo> states() const;

  /// What becomes of the store's rows in a snapshot.
  enum class StoredRows : std::uint8_t {
    AreWalked,      // as every other entry
    AreSavedApart,  // not part of it: ByteStore::save() has them
  };
  /// Begins to hand out all state; its states are numbered from `first_state` on. What changes before a walk
  /// has come there goes to the sink, which outlives the snapshot.
  void begin_snapshot(SnapshotSink& sink, std::uint32_t first_state = 0,
                      StoredRows stored = StoredRows::AreWalked);
  /// For another thread, to be taken to their ends; then end_snapshot() follows on this one.
  using Walks = std::vector<std::shared_ptr<TableWalk>>;
  [[nodiscard]] const Walks& walks() const { return walks_; }
  [[nodiscard]] bool is_snapshot_running() const;
  void end_snapshot();
  void abort_snapshot();
  /// Instead of another thread: walks until about `budget_bytes` went to the sink. True: that was all, and
  /// the snapshot has ended.
  bool snapshot_some(std::size_t budget_bytes);

  /// Tables that are made from now on start with what these have of their name and key groups.
  void begin_restore(KeyedRestore restore);
  void begin_restore(std::span<StateFile> files) { begin_restore(KeyedRestore(files)); }
  /// Returns the names of keyed states in the sources for which there is no table. Sources may go.
  std::vector<std::string> end_restore();

private:
  /// A state in the store.
  template <class V>
  [[nodiscard]] StoreTable<V>& stored(const std::string& name, StoreTableSettings settings) {
    if (!store_) store_ = make_store_();
    const bool is_there = store_->has_column(name);
    auto made = std::make_unique<StoreTable<V>>(store_->column(name), std::move(settings));
    const auto found = tables_.find(name);
    if (found == tables_.end()) {
      restore_.into(name, *made, is_there ? &store_->column(name) : nullptr, range_);
      return static_cast<StoreTable<V>&>(*tables_.emplace(name, std::move(made)).first->second);
    }
    require_kind(name, found->second->describe(), made->describe());
    auto* const table = dynamic_cast<StoreTable<V>*>(found->second.get());
    if (table == nullptr) refuse_second_use(name, found->second->describe(), made->describe());
    return *table;
  }
  void restore(const std::string& name, StateTable& table);
  void require_keys(const std::string& state) const;
  static void require_kind(const std::string& name, const StateInfo& first, const StateInfo& second) {
    if (first != second) refuse_second_use(name, first, second);
  }

  const KeyGroupRange range_;
  const std::uint32_t max_parallelism_;
  StoreMaker make_store_;             // none: on the heap
  std::unique_ptr<ByteStore> store_;  // null until the first state
  std::map<std::string, std::unique_ptr<StateTable>> tables_;
  std::vector<std::unique_ptr<AnyCellStore>> stores_;  // of states that are not plain tables
  KeyedRestore restore_;
  Walks walks_;
  SnapshotSink* sink_ = nullptr;  // of the last snapshot
  KeyType key_type_;
  CurrentKey current_key_;
  WallTime now_{};
};

}  // namespace weir
