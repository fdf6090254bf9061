// SPDX-License-Identifier: Apache-2.0
// What a window keeps of its records:
//
//   using Accumulator             in every checkpoint
//   add(accumulator, is_new, value, time)
//   merge(into, from)             for windows that merge and for slices; `from` holds the later records
//   result(accumulator)           what the window's function gets
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/state/state.h"
#include "execution/windows/evictors.h"

namespace weir {

/// Of each window one record, reduced by a function of two that returns one. It is associative.
template <class T, class F>
class ReducedContents {
public:
  using Accumulator = T;

  explicit ReducedContents(F reduce) : reduce_(std::move(reduce)) {}

  void add(T& held, bool is_new, const T& value, std::int64_t) const {
    if (is_new) held = value;
    else held = std::invoke(reduce_, std::as_const(held), value);
  }
  void merge(T& into, const T& from) const { into = std::invoke(reduce_, std::as_const(into), from); }
  [[nodiscard]] const T& result(const T& held) const { return held; }

private:
  F reduce_;
};

/// Of each window one record, the first, that a function changes in place: `fold(held, value)`.
template <class T, class Fold>
class HeldContents {
public:
  using Accumulator = T;

  explicit HeldContents(Fold fold) : fold_(std::move(fold)) {}

  void add(T& held, bool is_new, const T& value, std::int64_t) const {
    if (is_new) held = value;
    else fold_(held, value);
  }
  void merge(T& into, const T& from) const { fold_(into, from); }
  [[nodiscard]] const T& result(const T& held) const { return held; }

private:
  Fold fold_;
};

/// An Aggregate (state.h) that may also merge: void merge(Accumulator& into, const Accumulator& from).
template <class A>
concept MergingAggregate =
    Aggregate<A> && requires(const A& aggregate, typename A::Accumulator& into,
                             const typename A::Accumulator& from) { aggregate.merge(into, from); };

/// Of each window one accumulator.
template <class A>
class AggregatedContents {
public:
  using Accumulator = typename A::Accumulator;

  explicit AggregatedContents(A aggregate) : aggregate_(std::move(aggregate)) {}

  template <class T>
  void add(Accumulator& held, bool, const T& value, std::int64_t) const {
    aggregate_.add(held, value);
  }
  void merge(Accumulator& into, const Accumulator& from) const
    requires MergingAggregate<A>
  {
    aggregate_.merge(into, from);
  }
  [[nodiscard]] decltype(auto) result(const Accumulator& held) const { return aggregate_.result(held); }

private:
  A aggregate_;
};

/// Of each window what its records, in the order of their coming, make of an initial value.
template <class Acc, class F>
class FoldedContents {
public:
  using Accumulator = Acc;

  FoldedContents(Acc initial, F fold) : initial_(std::move(initial)), fold_(std::move(fold)) {}

  template <class T>
  void add(Acc& held, bool is_new, const T& value, std::int64_t) const {
    if (is_new) held = initial_;
    held = std::invoke(fold_, std::as_const(held), value);
  }
  [[nodiscard]] const Acc& result(const Acc& held) const { return held; }

private:
  Acc initial_;
  F fold_;
};

/// All records.
template <class T>
class ListedContents {
public:
  using Accumulator = std::vector<Timed<T>>;

  void add(Accumulator& held, bool, const T& value, std::int64_t time) const {
    held.push_back({time, value});
  }
  void merge(Accumulator& into, const Accumulator& from) const {
    into.insert(into.end(), from.begin(), from.end());
  }
  [[nodiscard]] const Accumulator& result(const Accumulator& held) const { return held; }
};

/// Whether windows with these contents can be put together.
template <class C>
concept MergingContents = requires(const C& contents, typename C::Accumulator& into,
                                   const typename C::Accumulator& from) { contents.merge(into, from); };

}  // namespace weir
