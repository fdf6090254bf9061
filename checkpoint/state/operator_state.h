// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/handles.h"
#include "checkpoint/snapshot/state_file.h"
#include "checkpoint/state/block_builder.h"
#include "checkpoint/state/key_hash.h"
#include "checkpoint/state/state_table.h"
#include "memory/owned.h"
#include "memory/serializer.h"

namespace weir {

/// Operator state of one name as the backend sees it: elements one behind the other.
class AnyOperatorState {
public:
  using At = const std::byte*;

  virtual ~AnyOperatorState() = default;
  [[nodiscard]] virtual StateInfo describe() const = 0;  // all but the name
  [[nodiscard]] virtual std::uint64_t element_count() const = 0;
  /// Writes all elements. Hands full blocks on; the last one may be left in `block`.
  virtual void write(BlockBuilder& block, SnapshotSink& sink, std::uint32_t state) const = 0;
  /// What the elements that are read from now on were written as. Throws std::runtime_error if they cannot be
  /// read.
  virtual void expect(const StateInfo& from) = 0;
  /// Reads an element and keeps it if it `is_wanted`. Returns the byte behind, or nullptr if it is none.
  [[nodiscard]] virtual At read_element(At at, At end, bool is_wanted) = 0;
};

/// A list of elements, of which each belongs to the subtask, not to a key: the offsets of a source, the open
/// transactions of a sink. When the job is restored at another parallelism the elements of all subtasks are
/// dealt out evenly, or each subtask gets all of them (union).
///
/// Threads: the task's.
template <class T>
class OperatorListState final : public AnyOperatorState {
  static_assert(Serializable<T>, "state must serialise: specialise weir::Serializer for its type");
  static_assert(!Borrows<T>::value, "state outlives the record that it comes from: use std::string");

public:
  explicit OperatorListState(Redistribution redistribution) : redistribution_(redistribution) {}

  [[nodiscard]] const std::vector<T>& get() const { return elements_; }
  void add(T element) { elements_.push_back(std::move(element)); }
  void assign(std::vector<T> elements) { elements_ = std::move(elements); }
  void clear() { elements_.clear(); }

  static constexpr StateKind kKind = StateKind::OperatorList;
  [[nodiscard]] static StateInfo describe_as(Redistribution how) {
    return {.kind = kKind, .redistribution = how, .value = schema_of<T>()};
  }
  [[nodiscard]] StateInfo describe() const override { return describe_as(redistribution_); }
  [[nodiscard]] std::uint64_t element_count() const override { return elements_.size(); }
  void write(BlockBuilder& block, SnapshotSink& sink, std::uint32_t state) const override {
    for (const T& element : elements_) {
      block.added(Serializer<T>::write(element, block.room(Serializer<T>::bound(element))));
      if (block.is_full()) sink.add(block.finish(state, 0));
    }
  }
  void expect(const StateInfo& from) override { reader_ = value_reader<T>(from, describe()); }
  At read_element(At at, At end, bool is_wanted) override {
    T element{};
    at = reader_->read(element, at, end);
    if (at != nullptr && is_wanted) elements_.push_back(std::move(element));
    return at;
  }

private:
  const Redistribution redistribution_;
  std::vector<T> elements_;
  std::optional<SchemaReader<T>> reader_;
};

/// A map that is the same in every subtask, because each changes it by the same, broadcast, records: rules,
/// small tables to join with. When the job is restored each subtask gets one copy.
///
/// Threads: the task's.
template <class K, class V>
class BroadcastState final : public AnyOperatorState {
  static_assert(Key<K> && Serializable<K> && Serializable<V>, "keys must hash, and both must serialise");
  static_assert(!Borrows<K>::value && !Borrows<V>::value,
                "state outlives the record that it comes from: use std::string");

  struct Hash {
    std::size_t operator()(const K& key) const { return KeyHash<K>::hash(key); }
  };

public:
  using Map = std::unordered_map<K, V, Hash>;

  [[nodiscard]] const Map& get() const { return map_; }
  /// The value of a key, or nullptr.
  [[nodiscard]] const V* find(const K& key) const {
    const auto found = map_.find(key);
    return found == map_.end() ? nullptr : &found->second;
  }
  void put(const K& key, V value) { map_.insert_or_assign(key, std::move(value)); }
  void remove(const K& key) { map_.erase(key); }
  void clear() { map_.clear(); }

  static constexpr StateKind kKind = StateKind::OperatorMap;
  [[nodiscard]] static StateInfo describe_as(Redistribution how) {
    return {.kind = kKind, .redistribution = how, .key = schema_of<K>(), .value = schema_of<V>()};
  }
  [[nodiscard]] StateInfo describe() const override { return describe_as(Redistribution::Broadcast); }
  [[nodiscard]] std::uint64_t element_count() const override { return map_.size(); }
  void write(BlockBuilder& block, SnapshotSink& sink, std::uint32_t state) const override {
    for (const auto& [key, value] : map_) {
      std::byte* const at = block.room(Serializer<K>::bound(key) + Serializer<V>::bound(value));
      block.added(Serializer<V>::write(value, Serializer<K>::write(key, at)));
      if (block.is_full()) sink.add(block.finish(state, 0));
    }
  }
  void expect(const StateInfo& from) override { reader_ = value_reader<V>(from, describe()); }
  At read_element(At at, At end, bool is_wanted) override {
    K key{};
    V value{};
    at = Serializer<K>::read(key, at, end);
    if (at != nullptr) at = reader_->read(value, at, end);
    if (at != nullptr && is_wanted) map_.insert_or_assign(std::move(key), std::move(value));
    return at;
  }

private:
  Map map_;
  std::optional<SchemaReader<V>> reader_;
};

/// Operator state before there is one: what a StateDescriptor (state.h) is for state by key.
template <class State_, Redistribution how>
struct OperatorStateDescriptor {
  using State = State_&;
  static constexpr StateKind kKind = State_::kKind;
  static constexpr Redistribution kRedistribution = how;

  std::string name;

  [[nodiscard]] StateInfo info() const {
    StateInfo info = State_::describe_as(how);
    info.name = name;
    return info;
  }
};

/// Elements are dealt out when the job is restored.
template <class T>
[[nodiscard]] auto split_list(std::string name) {
  return OperatorStateDescriptor<OperatorListState<T>, Redistribution::Split>{std::move(name)};
}
/// Every subtask gets the elements of all.
template <class T>
[[nodiscard]] auto union_list(std::string name) {
  return OperatorStateDescriptor<OperatorListState<T>, Redistribution::Union>{std::move(name)};
}
/// Every subtask gets one copy.
template <class K, class V>
[[nodiscard]] auto broadcast_map(std::string name) {
  return OperatorStateDescriptor<BroadcastState<K, V>, Redistribution::Broadcast>{std::move(name)};
}

/// The operator state of one operator in one subtask, by name. It is small: a snapshot takes it whole.
///
/// Threads: the task's.
/// Order:   begin_restore() if there is something to restore, then states are asked for when the operator
///          opens, then end_restore(). References to states last as long as this.
/// Errors:  asking for a state throws std::logic_error if the name is in use for another type, and
///          std::runtime_error if it cannot be restored; both name the state.
class OperatorStateBackend {
public:
  /// Elements are dealt out when the job is restored.
  template <class T>
  [[nodiscard]] OperatorListState<T>& list_state(const std::string& name) {
    return find_or_make<OperatorListState<T>>(name, Redistribution::Split);
  }
  /// Every subtask gets the elements of all.
  template <class T>
  [[nodiscard]] OperatorListState<T>& union_list_state(const std::string& name) {
    return find_or_make<OperatorListState<T>>(name, Redistribution::Union);
  }
  template <class K, class V>
  [[nodiscard]] BroadcastState<K, V>& broadcast_state(const std::string& name) {
    return find_or_make<BroadcastState<K, V>>(name);
  }

  /// A function's state, by its descriptor.
  template <class Descriptor>
  [[nodiscard]] typename Descriptor::State state(const Descriptor& descriptor) {
    using State = std::remove_reference_t<typename Descriptor::State>;
    if constexpr (Descriptor::kKind == StateKind::OperatorMap) return find_or_make<State>(descriptor.name);
    else return find_or_make<State>(descriptor.name, Descriptor::kRedistribution);
  }

  /// The states, in the order in which a snapshot numbers them.
  [[nodiscard]] std::vector<StateInfo> states() const;
  /// The same for those who deal them out again.
  [[nodiscard]] std::vector<ListStateInfo> lists() const;

  /// Hands all state to the sink; its states are numbered from `first_state` on.
  void snapshot(SnapshotSink& sink, std::uint32_t first_state = 0) const;

  /// States that are asked for from now on start with these slices. Both outlive end_restore().
  void begin_restore(std::span<StateFile> sources, const std::vector<ListSlice>& slices);
  /// Returns the names of slices that nobody asked for.
  std::vector<std::string> end_restore();

private:
  template <class State, class... Args>
  [[nodiscard]] State& find_or_make(const std::string& name, Args... args) {
    auto wanted = std::make_unique<State>(args...);
    const auto found = states_.find(name);
    if (found == states_.end()) {
      restore(name, *wanted);
      return static_cast<State&>(*states_.emplace(name, std::move(wanted)).first->second);
    }
    auto* const state = dynamic_cast<State*>(found->second.get());
    if (state == nullptr || state->describe() != wanted->describe())
      refuse_second_use(name, found->second->describe(), wanted->describe());
    return *state;
  }
  void restore(const std::string& name, AnyOperatorState& state);

  std::map<std::string, std::unique_ptr<AnyOperatorState>> states_;
  std::span<StateFile> sources_;
  const std::vector<ListSlice>* slices_ = nullptr;
};

}  // namespace weir
