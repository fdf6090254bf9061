// SPDX-License-Identifier: Apache-2.0
// Two streams with an end: joined, grouped side by side, or each record with each.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "api/connected_streams.h"
#include "api/data_set.h"
#include "execution/bounded/joins.h"

namespace weir {

/// How a join is done. By hash a table is made of one side, which should be the smaller one: it is what has
/// to fit into memory, or is split until it does.
enum class JoinHint : std::uint8_t {
  HashSecond,       // of the second set; unless told
  HashFirst,        // of the first
  SortMerge,        // both are sorted by their keys
  BroadcastSecond,  // every subtask has all of the second set, and the first one stays where it is
  BroadcastFirst,   // the other way round
};

namespace detail {

/// Two sets and the keys by which they belong together.
template <Record A, Record B, class LeftKey, class RightKey>
struct KeyedSets {
  DataSet<A> left;
  DataSet<B> right;
  JoinKeys<LeftKey, RightKey> keys;

  /// Records of equal keys in one subtask.
  [[nodiscard]] auto by_key() const {
    return left.handed_on().key_by(keys.left).connect(right.handed_on().key_by(keys.right));
  }
  template <Record R>
  [[nodiscard]] DataSetOperator<R> as_set(const OperatorStream<R>& made) const {
    DataSetOperator<R> set(made, left.exchange());
    set.managed_memory_weight(1);
    return set;
  }
};

/// where(k).equal_to(l) of two sets, which makes a `Next<A, B, K, L>` of them and of `Setting`.
template <Record A, Record B, class Setting, template <Record, Record, class, class> class Next>
class SetsByKey {
public:
  SetsByKey(DataSet<A> left, DataSet<B> right, Setting setting)
      : left_(std::move(left)), right_(std::move(right)), setting_(setting) {}

  template <class LeftKey>
    requires std::invocable<const LeftKey&, const A&>
  [[nodiscard]] auto where(LeftKey key) const {
    return Where<LeftKey>{left_, right_, setting_, std::move(key)};
  }

private:
  template <class LeftKey>
  struct Where {
    DataSet<A> left;
    DataSet<B> right;
    Setting setting;
    LeftKey key;

    template <class RightKey>
      requires std::invocable<const RightKey&, const B&>
    [[nodiscard]] auto equal_to(RightKey other) const {
      return Next<A, B, LeftKey, RightKey>({left, right, {key, std::move(other)}}, setting);
    }
  };

  DataSet<A> left_;
  DataSet<B> right_;
  Setting setting_;
};

}  // namespace detail

/// A join before it is said what becomes of a pair.
template <Record A, Record B, class LeftKey, class RightKey>
class JoinByKey {
public:
  JoinByKey(detail::KeyedSets<A, B, LeftKey, RightKey> sets, JoinKind kind)
      : sets_(std::move(sets)), kind_(kind) {}

  [[nodiscard]] JoinByKey hint(JoinHint hint) const {
    if ((hint == JoinHint::BroadcastFirst && keeps_left(kind_)) ||
        (hint == JoinHint::BroadcastSecond && keeps_right(kind_)))
      throw ProgramError("a set that every subtask has all of would have its records without a partner "
                         "come out of each: take another hint for this outer join");
    JoinByKey other = *this;
    other.hint_ = hint;
    return other;
  }

  /// For each pair: `f(const A&, const B&)` returns the result, or `f(const A&, const B&, Out<R>&)` puts any
  /// number into an Out. Of an outer join `f(const A*, const B*)`, of which one may be null.
  template <class Given = void, class F>
  auto with(F function) const {
    if constexpr (kTakesReferences<F>) {
      if (kind_ != JoinKind::Inner)
        throw ProgramError("the function of an outer join takes (const A*, const B*): one may be null");
      return add<detail::JoinResult<A, B, F, Given>, false>(std::move(function));
    } else {
      return add<detail::JoinResult<const A*, const B*, F, Given>, true>(std::move(function));
    }
  }

private:
  struct NoOut {  // in the place of any Out
    template <class R>
    operator Out<R>&() const;
  };
  template <class F>
  static constexpr bool kTakesReferences = std::invocable<F&, const A&, const B&> ||
                                           std::invocable<F&, const A&, const B&, NoOut>;

  template <class R, bool kMayMiss, class F>
  DataSetOperator<R> add(F function) const {
    static_assert(!std::is_void_v<R>, "if the function is generic, name the result: with<R>(function)");
    static_assert(Record<R>, "the result of a join must be a plain value that serialises");
    if (hint_ == JoinHint::SortMerge) {
      using Op = MergeJoinOperator<A, B, R, LeftKey, RightKey, F, kMayMiss>;
      return make<Op>("Merge Join", sets_.by_key(), std::move(function));
    }
    if (hint_ == JoinHint::HashFirst || hint_ == JoinHint::BroadcastFirst)
      return by_hash<R, kMayMiss, true>(std::move(function));
    return by_hash<R, kMayMiss, false>(std::move(function));
  }
  template <class R, bool kMayMiss, bool kBuildsFirst, class F>
  DataSetOperator<R> by_hash(F function) const {
    using Op = HashJoinOperator<A, B, R, LeftKey, RightKey, F, kMayMiss, kBuildsFirst>;
    if (hint_ == JoinHint::HashFirst || hint_ == JoinHint::HashSecond)
      return make<Op>("Hash Join", sets_.by_key(), std::move(function));
    const auto left = sets_.left.handed_on();
    const auto right = sets_.right.handed_on();
    if constexpr (kBuildsFirst)
      return make<Op>("Broadcast Join", left.broadcast().connect(right), std::move(function));
    else return make<Op>("Broadcast Join", left.connect(right.broadcast()), std::move(function));
  }
  template <class Op, class Inputs, class F>
  auto make(const char* name, Inputs inputs, F function) const {
    return sets_.as_set(inputs.template transform<Op>(name, [keys = sets_.keys, kind = kind_, function] {
      return std::make_unique<Op>(keys, kind, function);
    }));
  }

  detail::KeyedSets<A, B, LeftKey, RightKey> sets_;
  JoinKind kind_;
  JoinHint hint_ = JoinHint::HashSecond;
};

/// a.join(b).where(k).equal_to(l).with(f)
template <Record A, Record B>
class JoinOfSets : public detail::SetsByKey<A, B, JoinKind, JoinByKey> {
public:
  using detail::SetsByKey<A, B, JoinKind, JoinByKey>::SetsByKey;
};

namespace detail {
struct NoSetting {};
}  // namespace detail

/// A co-group before it is said what becomes of the groups.
template <Record A, Record B, class LeftKey, class RightKey>
class CoGroupByKey {
public:
  CoGroupByKey(detail::KeyedSets<A, B, LeftKey, RightKey> sets, detail::NoSetting) : sets_(std::move(sets)) {}

  /// `f(Group<A>&, Group<B>&, Out<R>&)` for each key of either set, perhaps with the key before them. Each is
  /// read once; one of them may be empty.
  template <class Given = void, class F>
  auto with(F function) const {
    using R = std::conditional_t<std::is_void_v<Given>, typename detail::OutOf<F>::type, Given>;
    static_assert(!std::is_void_v<R>, "if the function is generic, name the result: with<R>(function)");
    static_assert(Record<R>, "the result of a co-group must be a plain value that serialises");
    using Op = CoGroupOperator<A, B, R, LeftKey, RightKey, F>;
    return sets_.as_set(sets_.by_key().template transform<Op>(
        "Co-Group", [keys = sets_.keys, function] { return std::make_unique<Op>(keys, function); }));
  }

private:
  detail::KeyedSets<A, B, LeftKey, RightKey> sets_;
};

/// a.co_group(b).where(k).equal_to(l).with(f)
template <Record A, Record B>
class CoGroupOfSets : public detail::SetsByKey<A, B, detail::NoSetting, CoGroupByKey> {
public:
  using detail::SetsByKey<A, B, detail::NoSetting, CoGroupByKey>::SetsByKey;
};

/// a.cross(b).with(f)
template <Record A, Record B>
class CrossOfSets {
public:
  CrossOfSets(DataSet<A> left, DataSet<B> right) : left_(std::move(left)), right_(std::move(right)) {}

  /// As of a join.
  template <class Given = void, class F>
  auto with(F function) const {
    using R = detail::JoinResult<A, B, F, Given>;
    static_assert(!std::is_void_v<R>, "if the function is generic, name the result: with<R>(function)");
    static_assert(Record<R>, "the result of a cross must be a plain value that serialises");
    using Op = CrossOperator<A, B, R, F>;
    auto made = left_.handed_on()
                    .connect(right_.handed_on().broadcast())
                    .template transform<Op>("Cross", [function] { return std::make_unique<Op>(function); });
    DataSetOperator<R> set(made, left_.exchange());
    set.managed_memory_weight(1);
    return set;
  }

private:
  DataSet<A> left_;
  DataSet<B> right_;
};

template <Record T>
template <Record B>
JoinOfSets<T, B> DataSet<T>::join(const DataSet<B>& other) const {
  return {*this, other, JoinKind::Inner};
}
template <Record T>
template <Record B>
JoinOfSets<T, B> DataSet<T>::left_outer_join(const DataSet<B>& other) const {
  return {*this, other, JoinKind::LeftOuter};
}
template <Record T>
template <Record B>
JoinOfSets<T, B> DataSet<T>::right_outer_join(const DataSet<B>& other) const {
  return {*this, other, JoinKind::RightOuter};
}
template <Record T>
template <Record B>
JoinOfSets<T, B> DataSet<T>::full_outer_join(const DataSet<B>& other) const {
  return {*this, other, JoinKind::FullOuter};
}
template <Record T>
template <Record B>
CoGroupOfSets<T, B> DataSet<T>::co_group(const DataSet<B>& other) const {
  return {*this, other, detail::NoSetting{}};
}
template <Record T>
template <Record B>
CrossOfSets<T, B> DataSet<T>::cross(const DataSet<B>& other) const {
  return {*this, other};
}

}  // namespace weir
