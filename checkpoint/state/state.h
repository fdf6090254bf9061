// SPDX-License-Identifier: Apache-2.0
// The kinds of keyed state that a function may have. Each is a handle: it reaches the state of the current
// key, is made by KeyedBackend::state() out of a descriptor, and is cheap to copy. A handle that no backend
// made must not be used.
//
// Threads: the task's. Order: while a record or a timer of a key is processed.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checkpoint/state/keyed_cell.h"
#include "memory/serializers_std.h"

namespace weir {

/// One value a key.
template <class T>
class ValueState {
public:
  using Content = T;

  ValueState() = default;
  explicit ValueState(KeyedCell<T> cell) : cell_(cell) {}

  /// nullptr: there is none. Good until the next change.
  [[nodiscard]] const T* get() const { return cell_.get(); }
  [[nodiscard]] T value_or(T other) const {
    const T* const value = get();
    return value == nullptr ? std::move(other) : *value;
  }
  void set(T value) {
    cell_.update([&](T& held, bool) { held = std::move(value); });
  }
  /// Changes the value in place; if there is none, a new one.
  template <std::invocable<T&> Change>
  void update(Change&& change) {
    cell_.update([&](T& held, bool) { change(held); });
  }
  void clear() { cell_.remove(); }
  /// For whoever knows which keys come next.
  void prefetch(std::uint64_t key_hash) const { cell_.prefetch(key_hash); }

private:
  KeyedCell<T> cell_;
};

/// A list a key, in the order of its additions.
template <class T>
class ListState {
public:
  using Content = std::vector<T>;

  ListState() = default;
  explicit ListState(KeyedCell<Content> cell) : cell_(cell) {}

  /// Empty, if there is none. Good until the next change.
  [[nodiscard]] const std::vector<T>& get() const {
    static const std::vector<T> none;
    const auto* const list = cell_.get();
    return list == nullptr ? none : *list;
  }
  void add(T element) {
    cell_.update([&](Content& list, bool) { list.push_back(std::move(element)); });
  }
  void assign(std::vector<T> elements) {
    if (elements.empty()) return clear();
    cell_.update([&](Content& list, bool) { list = std::move(elements); });
  }
  void clear() { cell_.remove(); }

private:
  KeyedCell<Content> cell_;
};

/// A map a key.
template <Key K, class V>
class MapState {
  struct Hash {
    std::size_t operator()(const K& key) const { return KeyHash<K>::hash(key); }
  };

public:
  using Content = std::unordered_map<K, V, Hash>;

  MapState() = default;
  explicit MapState(KeyedCell<Content> cell) : cell_(cell) {}

  /// Empty, if there is none. Good until the next change.
  [[nodiscard]] const Content& get() const {
    static const Content none;
    const auto* const map = cell_.get();
    return map == nullptr ? none : *map;
  }
  /// The value of a key, or nullptr. Good until the next change.
  [[nodiscard]] const V* find(const K& key) const {
    const Content& map = get();
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool contains(const K& key) const { return find(key) != nullptr; }
  void put(const K& key, V value) {
    cell_.update([&](Content& map, bool) { map.insert_or_assign(key, std::move(value)); });
  }
  void remove(const K& key) {
    const Content& map = get();
    if (!map.contains(key)) return;
    if (map.size() == 1) return clear();
    cell_.update([&](Content& held, bool) { held.erase(key); });
  }
  void clear() { cell_.remove(); }

private:
  KeyedCell<Content> cell_;
};

/// What was added of a key, reduced by a function of two that returns one. The first is kept as it is.
template <class T, std::invocable<const T&, const T&> F>
class ReducingState {
public:
  using Content = T;

  ReducingState() = default;
  ReducingState(KeyedCell<T> cell, F reduce) : cell_(cell), reduce_(std::move(reduce)) {}

  [[nodiscard]] const T* get() const { return cell_.get(); }
  void add(const T& value) {
    cell_.update([&](T& held, bool is_new) {
      held = is_new ? value : std::invoke(*reduce_, std::as_const(held), value);
    });
  }
  void clear() { cell_.remove(); }

private:
  KeyedCell<T> cell_;
  std::optional<F> reduce_;
};

/// How values are gathered in an accumulator of another type, which starts as a default value:
///
///     struct Average {
///       struct Accumulator { double sum = 0; std::int64_t count = 0; };
///       void add(Accumulator& a, double value) const { a.sum += value; ++a.count; }
///       double result(const Accumulator& a) const { return a.sum / a.count; }
///     };
template <class A>
concept Aggregate = std::default_initializable<typename A::Accumulator> &&
                    requires(const A& aggregate, const typename A::Accumulator& accumulator) {
                      aggregate.result(accumulator);
                    };

/// What was added of a key, as an aggregate.
template <Aggregate A>
class AggregatingState {
public:
  using Content = typename A::Accumulator;
  using Value = decltype(std::declval<const A&>().result(std::declval<const Content&>()));

  AggregatingState() = default;
  AggregatingState(KeyedCell<Content> cell, A aggregate) : cell_(cell), aggregate_(std::move(aggregate)) {}

  /// None, if nothing was added.
  [[nodiscard]] std::optional<Value> get() const {
    const Content* const accumulator = cell_.get();
    if (accumulator == nullptr) return std::nullopt;
    return aggregate_->result(*accumulator);
  }
  template <class T>
  void add(const T& value) {
    cell_.update([&](Content& accumulator, bool) { aggregate_->add(accumulator, value); });
  }
  void clear() { cell_.remove(); }

private:
  KeyedCell<Content> cell_;
  std::optional<A> aggregate_;
};

/// What was added of a key, folded into an initial value by a function of (folded, added) that returns the
/// new folded one.
template <class A, class F>
class FoldingState {
public:
  using Content = A;

  FoldingState() = default;
  FoldingState(KeyedCell<A> cell, A initial, F fold)
      : cell_(cell), rule_(Rule{std::move(initial), std::move(fold)}) {}

  [[nodiscard]] const A* get() const { return cell_.get(); }
  template <class T>
  void add(const T& value) {
    cell_.update([&](A& held, bool is_new) {
      if (is_new) held = rule_->initial;
      held = std::invoke(rule_->fold, std::as_const(held), value);
    });
  }
  void clear() { cell_.remove(); }

private:
  struct Rule {
    A initial;
    F fold;
  };

  KeyedCell<A> cell_;
  std::optional<Rule> rule_;  // optional, so that a lambda needs no default
};

/// A state before there is one: by what name a function asks for which kind of state. The graph can tell an
/// operator's states from these before anything runs.
template <class Handle, StateKind kind, class... Rule>
struct StateDescriptor {
  using State = Handle;
  using Content = typename Handle::Content;
  static constexpr StateKind kKind = kind;

  std::string name;
  StateTtl ttl;
  std::tuple<Rule...> rule;

  explicit StateDescriptor(std::string name, Rule... rule)
      : name(std::move(name)), rule(std::move(rule)...) {}

  [[nodiscard]] StateDescriptor expiring(StateTtl after) const {
    StateDescriptor limited = *this;
    limited.ttl = after;
    return limited;
  }
  /// All but the key, which is the operator's.
  [[nodiscard]] StateInfo info() const {
    return {.name = name, .kind = kind, .expires = ttl.is_limited(), .value = schema_of<Content>()};
  }
  [[nodiscard]] Handle bind(KeyedCell<Content> cell) const {
    return std::apply([&](const Rule&... parts) { return Handle(cell, parts...); }, rule);
  }
};

template <class T>
[[nodiscard]] auto value_state(std::string name) {
  return StateDescriptor<ValueState<T>, StateKind::Value>(std::move(name));
}
template <class T>
[[nodiscard]] auto list_state(std::string name) {
  return StateDescriptor<ListState<T>, StateKind::List>(std::move(name));
}
template <class K, class V>
[[nodiscard]] auto map_state(std::string name) {
  return StateDescriptor<MapState<K, V>, StateKind::Map>(std::move(name));
}
template <class T, class F>
[[nodiscard]] auto reducing_state(std::string name, F reduce) {
  return StateDescriptor<ReducingState<T, F>, StateKind::Reducing, F>(std::move(name), std::move(reduce));
}
template <Aggregate A>
[[nodiscard]] auto aggregating_state(std::string name, A aggregate = {}) {
  return StateDescriptor<AggregatingState<A>, StateKind::Aggregating, A>(std::move(name),
                                                                         std::move(aggregate));
}
template <class A, class F>
[[nodiscard]] auto folding_state(std::string name, A initial, F fold) {
  return StateDescriptor<FoldingState<A, F>, StateKind::Folding, A, F>(std::move(name), std::move(initial),
                                                                       std::move(fold));
}

}  // namespace weir
