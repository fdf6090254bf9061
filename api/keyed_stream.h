// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "api/broadcast_stream.h"
#include "api/connected_streams.h"
#include "api/data_stream.h"
#include "api/params.h"
#include "checkpoint/state/key_hash.h"
#include "execution/operators/keyed_process.h"
#include "execution/operators/keyed_reduce.h"

namespace weir {

template <Record T, class KeyFunction, class Assigner, class Trigger, class Evictor> class WindowedStream;

/// A stream whose records of equal keys meet in one subtask, which may keep state for each key.
template <Record T, class KeyFunction>
class KeyedStream : public DataStream<T> {
public:
  using KeyType = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;
  static_assert(Key<KeyType>,
                "a key has operator== and a KeyHash: numbers, text, tuples and structs of these");

  KeyedStream(StreamGraphBuilder& graph, StreamNodeId id, KeyFunction key)
      : DataStream<T>(graph, id), key_(std::move(key)) {}

  using DataStream<T>::connect;
  /// This and another keyed stream, for one operator that reads both and shares the state of each key.
  template <Record U, class KeyOfU>
  [[nodiscard]] ConnectedStreams<T, U, KeyFunction, KeyOfU> connect(
      const KeyedStream<U, KeyOfU>& other) const;

  /// This and what is broadcast. Records of this stream may use the state of their key, broadcast ones not.
  template <Record U, class... Tags>
  [[nodiscard]] BroadcastConnectedStreams<T, U, KeyFunction, Tags...> connect(
      const BroadcastStream<U, Tags...>& other) const {
    return {*this, other, key_};
  }

  // As of every stream, but the function may keep state for each key: see RuntimeContext::state().
  template <class F>
    requires std::invocable<F&, const T&>
  auto map(F function) {
    return this->map_by(key_, std::move(function));
  }
  template <class R = void, class F>
  auto flat_map(F function) {
    return this->template flat_map_by<R>(key_, std::move(function));
  }
  template <class F>
    requires std::predicate<F&, const T&>
  OperatorStream<T> filter(F keep) {
    return this->template with_function<Filter<T, F>>("Filter", key_, std::move(keep));
  }
  template <class F>
    requires std::invocable<F&, const T&>
  StreamSink for_each(F function) {
    return this->template with_function<ForEachSink<T, F>>("For Each", key_, std::move(function));
  }

  /// Folds the records of each key: `function(held, next)` returns what is held from now on, a record of the
  /// same key.
  template <class F>
    requires std::invocable<F&, const T&, const T&>
  OperatorStream<T> reduce(F function, Emit emit = Emit::Updates) {
    return fold("Keyed Reduce", ReduceFold<T, F>{std::move(function)}, emit);
  }

  // Running aggregates of one field; the others stay as in the key's first record. The field is a member
  // pointer (`&Word::count`) or a function that returns a reference to it.
  template <class Field>
  OperatorStream<T> sum(Field field, Emit emit = Emit::Updates) {
    if constexpr (std::same_as<Field, KeyFunction> && std::is_member_object_pointer_v<Field>) {
      if (field == key_) throw ProgramError("sum() over the key itself would change it: sum another field");
    }
    return fold("Keyed Sum", SumFold<T, Field>{{field}}, emit);
  }
  template <class Field>
  OperatorStream<T> min(Field field, Emit emit = Emit::Updates) {
    return fold("Keyed Min", MinFold<T, Field>{{field}}, emit);
  }
  template <class Field>
  OperatorStream<T> max(Field field, Emit emit = Emit::Updates) {
    return fold("Keyed Max", MaxFold<T, Field>{{field}}, emit);
  }

  // The key's whole record with the least or greatest field; of equals the one that came first.
  template <class Field>
    requires std::invocable<const Field&, const T&>
  OperatorStream<T> min_by(Field field, Emit emit = Emit::Updates) {
    return fold("Keyed Min By", MinByFold<T, Field>{std::move(field)}, emit);
  }
  template <class Field>
    requires std::invocable<const Field&, const T&>
  OperatorStream<T> max_by(Field field, Emit emit = Emit::Updates) {
    return fold("Keyed Max By", MaxByFold<T, Field>{std::move(field)}, emit);
  }

  /// Groups the records of each key by windows: TumblingEventTime(5s), EventTimeSessions(30min), ... See
  /// WindowedStream for what can be done with them.
  template <class Assigner>
  [[nodiscard]] auto window(Assigner assigner) const;
  /// Each `count` records of a key; or the last `count` of them, at each `slide` records.
  [[nodiscard]] auto count_window(std::int64_t count) const;
  [[nodiscard]] auto count_window(std::int64_t count, std::int64_t slide) const;

  /// Any number of records for a record or a timer, with state and timers by key: see KeyedProcessObject. A
  /// function of (const T&, KeyedContext<K>&, Out<R>&) will do, or an object with process() and on_timer().
  template <class R = void, class F>
  auto process(F function) {
    using FromObject = typename detail::OutOfProcess<F>::type;
    using Deduced =
        std::conditional_t<std::is_void_v<FromObject>, typename detail::OutOf<F>::type, FromObject>;
    using Result = std::conditional_t<std::is_void_v<R>, Deduced, R>;
    static_assert(
        !std::is_void_v<Result>,
        "process() of a keyed stream takes a function of (const T&, KeyedContext<K>&, Out<R>&), or an "
        "object with process() of these; if it is generic, name the result: process<R>(function)");
    static_assert(Record<Result>, "the result of process() must be a plain value that serialises");
    using Op = KeyedProcess<T, Result, KeyFunction, F>;
    return this->template transform<Op>(
        "Keyed Process", [key = key_, function] { return std::make_unique<Op>(key, function); });
  }

private:
  template <class Fold>
  OperatorStream<T> fold(const char* name, Fold fold, Emit emit) {
    using Op = KeyedReduce<T, KeyFunction, Fold>;
    if constexpr (Opens<std::remove_cvref_t<decltype(users_function(fold))>>) {
      using ByKey = Keyed<Op, KeyFunction>;
      return this->template transform<ByKey>(
          name, [key = key_, fold, emit] { return std::make_unique<ByKey>(key, key, fold, emit); });
    } else {
      return this->template transform<Op>(
          name, [key = key_, fold, emit] { return std::make_unique<Op>(key, fold, emit); });
    }
  }

  template <Record U, class KeyOfU> friend class KeyedStream;

  KeyFunction key_;
};

template <Record T, class KeyFunction>
template <Record U, class KeyOfU>
ConnectedStreams<T, U, KeyFunction, KeyOfU> KeyedStream<T, KeyFunction>::connect(
    const KeyedStream<U, KeyOfU>& other) const {
  static_assert(std::same_as<KeyType, typename KeyedStream<U, KeyOfU>::KeyType>,
                "keyed streams are connected by keys of one type");
  return {this->graph(), this->id(), other.id(), key_, other.key_};
}

template <Record T>
template <class KeyFunction>
  requires std::invocable<const KeyFunction&, const T&>
KeyedStream<T, KeyFunction> DataStream<T>::key_by(KeyFunction key) const {
  auto edge = std::make_shared<KeyedEdge<T, KeyFunction>>(key);
  return {*graph_, graph_->add_partition(id_, Partitioning::Hash, std::move(edge)), std::move(key)};
}

}  // namespace weir

#include "api/windowed_stream.h"
