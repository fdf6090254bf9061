// SPDX-License-Identifier: Apache-2.0
// Streams with an end as a whole: sorted, grouped, joined. What does not fit into an operator's managed
// memory lies on disk meanwhile. docs/bounded.md tells all of it.
//
//     auto sales = env.read_text(path).map(parse).bounded();
//     auto shops = env.from_collection(kShops).bounded();
//     sales.join(shops).where(&Sale::shop).equal_to(&Shop::id).with(describe)
//         .group_by(&Described::city).sum(&Described::cents)
//         .sort(&Described::cents, SortOrder::Descending).first_n(10).print();
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "api/data_stream.h"
#include "api/keyed_stream.h"
#include "execution/bounded/group_reduce.h"
#include "execution/bounded/sort.h"

namespace weir {

template <Record T> class DataSetOperator;
template <Record T, class KeyFunction, class By> class Grouping;
template <Record A, Record B> class JoinOfSets;
template <Record A, Record B> class CoGroupOfSets;
template <Record A, Record B> class CrossOfSets;

/// A stream with an end. Operators here say nothing before their input has ended; then time goes on, too. A
/// job with one of them takes no checkpoints.
///
/// Keys are as of key_by(), and have an order (memory/key_order.h): numbers, text, and what is made of these.
template <Record T>
class DataSet : public DataStream<T> {
public:
  DataSet(const DataStream<T>& stream, ExchangeMode exchange)
      : DataStream<T>(stream), exchange_(exchange) {}

  // As of every stream.
  template <class F>
  auto map(F function) {
    return as_set(DataStream<T>::map(std::move(function)));
  }
  template <class R = void, class F>
  auto flat_map(F function) {
    return as_set(DataStream<T>::template flat_map<R>(std::move(function)));
  }
  template <class F>
  auto filter(F keep) {
    return as_set(DataStream<T>::filter(std::move(keep)));
  }
  template <std::derived_from<DataStream<T>>... Others>
  [[nodiscard]] DataSet union_with(const Others&... others) const {
    return {DataStream<T>::union_with(others...), exchange_};
  }

  /// All records in order, in one subtask: what reads them has parallelism(1) too, or the order is lost.
  /// Those of equal keys stay as they came if they came in an order.
  template <class KeyFunction>
    requires std::invocable<const KeyFunction&, const T&>
  DataSetOperator<T> sort(KeyFunction key, SortOrder order = SortOrder::Ascending) const {
    return sort(sort_key(std::move(key), order));
  }
  /// By several keys: sort(sort_key(&Sale::shop).then(&Sale::cents, SortOrder::Descending)).
  template <SortsBy<T> By>
  DataSetOperator<T> sort(By by) const {
    auto sorted = sort_by("Sort", handed_on().global(), std::move(by));
    sorted.parallelism(1);
    return sorted;
  }
  /// The records of each subtask in order.
  template <class KeyFunction>
    requires std::invocable<const KeyFunction&, const T&>
  DataSetOperator<T> sort_partition(KeyFunction key, SortOrder order = SortOrder::Ascending) const {
    return sort_partition(sort_key(std::move(key), order));
  }
  template <SortsBy<T> By>
  DataSetOperator<T> sort_partition(By by) const {
    return sort_by("Sort Partition", *this, std::move(by));
  }

  /// So many records, whichever come first; behind sort() those.
  [[nodiscard]] DataSetOperator<T> first_n(std::uint64_t count) const {
    const auto make = [count] { return std::make_unique<FirstN<T>>(count); };
    const bool is_one = this->graph().is_real(this->id()) && this->graph().node(this->id()).parallelism == 1;
    DataStream<T> all = *this;
    if (!is_one) {
      auto few = all.template transform<FirstN<T>>("First", make);
      all = exchange_ == ExchangeMode::Blocking ? few.blocking().global() : few.global();
    }
    auto first = as_set(all.template transform<FirstN<T>>("First", make));
    first.parallelism(1);
    return first;
  }

  /// Each record once, or one of each key.
  [[nodiscard]] DataSetOperator<T> distinct() const { return distinct(WholeRecord{}); }
  template <class KeyFunction>
    requires std::invocable<const KeyFunction&, const T&>
  DataSetOperator<T> distinct(KeyFunction key) const;

  /// The records of each key as a whole: reduce(), reduce_group(), sum() and others of a Grouping.
  template <class KeyFunction>
    requires std::invocable<const KeyFunction&, const T&>
  [[nodiscard]] Grouping<T, KeyFunction, SortKey<KeyFunction>> group_by(KeyFunction key) const;

  // Two sets, in api/data_set_joins.h:
  // a.join(b).where(&A::id).equal_to(&B::id).with([](const A&, const B&) { return ...; });
  template <Record B> [[nodiscard]] JoinOfSets<T, B> join(const DataSet<B>& other) const;
  // What has no partner comes out, too; the function takes pointers, one of which may be null.
  template <Record B> [[nodiscard]] JoinOfSets<T, B> left_outer_join(const DataSet<B>& other) const;
  template <Record B> [[nodiscard]] JoinOfSets<T, B> right_outer_join(const DataSet<B>& other) const;
  template <Record B> [[nodiscard]] JoinOfSets<T, B> full_outer_join(const DataSet<B>& other) const;
  /// The records of both sides by key: `with([](Group<A>&, Group<B>&, Out<R>&) {...})`.
  template <Record B> [[nodiscard]] CoGroupOfSets<T, B> co_group(const DataSet<B>& other) const;
  /// Each record with each of the other set, which every subtask has all of.
  template <Record B> [[nodiscard]] CrossOfSets<T, B> cross(const DataSet<B>& other) const;

  [[nodiscard]] ExchangeMode exchange() const { return exchange_; }
  /// This, where it is handed on to other subtasks.
  [[nodiscard]] DataStream<T> handed_on() const {
    return exchange_ == ExchangeMode::Blocking ? this->blocking() : static_cast<DataStream<T>>(*this);
  }

private:
  template <Record U>
  [[nodiscard]] DataSetOperator<U> as_set(OperatorStream<U> stream) const {
    return {stream, exchange_};
  }
  template <class By>
  [[nodiscard]] DataSetOperator<T> sort_by(const char* name, DataStream<T> input, By by) const {
    using Op = SortOperator<T, By>;
    auto sorted = as_set(input.template transform<Op>(name, [by] { return std::make_unique<Op>(by); }));
    sorted.managed_memory_weight(1);
    return sorted;
  }

  ExchangeMode exchange_;
};

/// A set that comes straight out of an operator, which can be named, placed and chained.
template <Record T>
class DataSetOperator : public DataSet<T>, public OperatorSettings<DataSetOperator<T>> {
public:
  DataSetOperator(const OperatorStream<T>& stream, ExchangeMode exchange) : DataSet<T>(stream, exchange) {}

private:
  friend class OperatorSettings<DataSetOperator<T>>;
  [[nodiscard]] StreamNode& node() { return this->graph().node(this->id()); }
};

/// The records of each key. Their order in a group is that in which they came, or what sort_group() says.
template <Record T, class KeyFunction, class By>
class Grouping {
  using K = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;
  static_assert(Key<K>, "a key has operator== and a KeyHash: numbers, text, tuples and structs of these");

public:
  Grouping(DataSet<T> set, KeyFunction key, By by)
      : set_(std::move(set)), key_(std::move(key)), by_(std::move(by)) {}

  /// The order of the records in each group; said again, of those that are equal by it.
  template <class Field>
  [[nodiscard]] auto sort_group(Field field, SortOrder order = SortOrder::Ascending) const {
    auto by = by_.then(std::move(field), order);
    return Grouping<T, KeyFunction, decltype(by)>(set_, key_, std::move(by));
  }

  /// `function(group, out)` or `function(key, group, out)` for each key, its records a Group<T>&.
  template <class R = void, class F>
  auto reduce_group(F function) const {
    return add<GroupReduce, R>("Group Reduce", exchanged(set_), std::move(function));
  }
  /// The same where the records are, of as many of them at a time as fit into memory: a key may be met
  /// several times. It makes less of what a reduce_group() behind it then finishes.
  template <class R = void, class F>
  auto combine_group(F function) const {
    return add<GroupCombine, R>("Group Combine", set_, std::move(function));
  }

  /// One record a key: `function(one, other)` returns one of the same key. It is associative, and so used
  /// before records are handed on, too.
  template <class F>
    requires std::invocable<F&, const T&, const T&>
  DataSetOperator<T> reduce(F function) const {
    return combined("Reduce", ReduceGroup<T, F>{std::move(function)});
  }
  /// So many records of each key, the first by sort_group().
  [[nodiscard]] DataSetOperator<T> first_n(std::uint64_t count) const {
    return combined("First of Group", FirstOfGroup<T>{count});
  }

  // Of one field; the others are as in one of the key's records.
  template <class Field>
  DataSetOperator<T> sum(Field field) const {
    return folded(SumFold<T, Field>{{field}});
  }
  template <class Field>
  DataSetOperator<T> min(Field field) const {
    return folded(MinFold<T, Field>{{field}});
  }
  template <class Field>
  DataSetOperator<T> max(Field field) const {
    return folded(MaxFold<T, Field>{{field}});
  }
  // The record that has the least or greatest.
  template <class Field>
  DataSetOperator<T> min_by(Field field) const {
    return folded(MinByFold<T, Field>{std::move(field)});
  }
  template <class Field>
  DataSetOperator<T> max_by(Field field) const {
    return folded(MaxByFold<T, Field>{std::move(field)});
  }

  /// Combined where the records are, and then once more where their key is.
  template <class F>
  DataSetOperator<T> combined(const char* name, F function) const {
    auto combined = add<GroupCombine, T>("Combine", set_, function);
    return add<GroupReduce, T>(name, exchanged(combined), std::move(function));
  }

private:
  template <class Fold>
  DataSetOperator<T> folded(Fold fold) const {
    return combined("Aggregate", FoldGroup<T, Fold>{std::move(fold)});
  }
  [[nodiscard]] DataStream<T> exchanged(const DataSet<T>& set) const { return set.handed_on().key_by(key_); }

  template <template <Record, Record, class, class, class> class Operator, class Given, class F>
  auto add(const char* name, DataStream<T> input, F function) const {
    using R = std::conditional_t<std::is_void_v<Given>, typename detail::OutOf<F>::type, Given>;
    static_assert(!std::is_void_v<R>,
                  "a function of groups takes (Group<T>&, Out<R>&), or the key before them; if it is "
                  "generic, name the result: reduce_group<R>(function)");
    static_assert(Record<R>, "the result of a group must be a plain value that serialises");
    using Op = Operator<T, R, KeyFunction, By, F>;
    auto made = input.template transform<Op>(
        name, [key = key_, by = by_, function] { return std::make_unique<Op>(key, by, function); });
    DataSetOperator<R> result(made, set_.exchange());
    result.managed_memory_weight(1);
    return result;
  }

  DataSet<T> set_;
  KeyFunction key_;
  By by_;
};

template <Record T>
DataSet<T> DataStream<T>::bounded(ExchangeMode exchange) const {
  return {*this, exchange};
}

template <Record T>
template <class KeyFunction>
  requires std::invocable<const KeyFunction&, const T&>
Grouping<T, KeyFunction, SortKey<KeyFunction>> DataSet<T>::group_by(KeyFunction key) const {
  return {*this, key, sort_key(key)};
}

template <Record T>
template <class KeyFunction>
  requires std::invocable<const KeyFunction&, const T&>
DataSetOperator<T> DataSet<T>::distinct(KeyFunction key) const {
  return group_by(std::move(key)).combined("Distinct", FirstOfGroup<T>{});
}

}  // namespace weir
