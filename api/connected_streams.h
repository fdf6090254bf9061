// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "api/data_stream.h"
#include "api/out_of.h"
#include "execution/operators/co_functions.h"

namespace weir {

/// Two streams of any types that one operator reads, so that what comes on one may change what becomes of the
/// other: `rules.connect(events)`. Each keeps its own partitioning. If both are keyed, by keys of one type,
/// records of equal keys meet in one subtask and share the state of their key.
///
/// A function for both is an object with first() for the records of the first stream and second() for those
/// of the other, or a pair of lambdas that share nothing.
template <Record A, Record B, class KeyOfA, class KeyOfB>
class ConnectedStreams {
public:
  ConnectedStreams(StreamGraphBuilder& graph, StreamNodeId a, StreamNodeId b, KeyOfA key_of_a = {},
                   KeyOfB key_of_b = {})
      : graph_(&graph), a_(a), b_(b), key_of_a_(std::move(key_of_a)), key_of_b_(std::move(key_of_b)) {}

  /// One record for one of either stream; both members return the same type.
  template <class Function>
  auto co_map(Function function) {
    using R = std::remove_cvref_t<decltype(function.first(std::declval<const A&>()))>;
    static_assert(
        std::same_as<R, std::remove_cvref_t<decltype(function.second(std::declval<const B&>()))>>,
        "co_map() makes one stream: first() and second() must return the same type");
    return with_function<CoMap<A, B, R, Function>>("Co-Map", std::move(function));
  }
  template <class OfA, class OfB>
  auto co_map(OfA of_a, OfB of_b) {
    return co_map(TwoFunctions<OfA, OfB>{std::move(of_a), std::move(of_b)});
  }

  /// Any number of records for one of either stream: `first(value, out)`. For generic functions say R.
  template <class R = void, class Function>
  auto co_flat_map(Function function) {
    using Result = ResultOf<R, detail::OutOfFirst<Function>>;
    static_assert(
        !std::is_void_v<Result>,
        "co_flat_map() takes functions of (const T&, Out<R>&); if they are generic, name the result: "
        "co_flat_map<R>(...)");
    return with_function<CoFlatMap<A, B, Result, Function>>("Co-Flat-Map", std::move(function));
  }
  template <class R = void, class OfA, class OfB>
  auto co_flat_map(OfA of_a, OfB of_b) {
    using Result = ResultOf<R, detail::OutOf<OfA>>;
    return co_flat_map<Result>(TwoFunctions<OfA, OfB>{std::move(of_a), std::move(of_b)});
  }

  /// The same with a ProcessContext, which knows times and side outputs: `first(value, context, out)`. Of two
  /// keyed streams it is a KeyedContext<K>, which also knows the key and its timers, and the object may have
  /// `on_timer(std::int64_t time, TimerContext<K>&, Out<R>&)`.
  template <class R = void, class Function>
  auto process(Function function) {
    using Result = ResultOf<R, detail::OutOfFirst<Function>>;
    static_assert(!std::is_void_v<Result>,
                  "process() takes an object with first(const A&, ProcessContext&, Out<R>&) and "
                  "second(const B&, ProcessContext&, Out<R>&); if they are generic, name the result: "
                  "process<R>(...)");
    if constexpr (kIsKeyed) {
      using Op = KeyedCoProcess<A, B, Result, KeyOfA, KeyOfB, Function>;
      return transform<Op>("Co-Process", [a = key_of_a_, b = key_of_b_, function] {
        return std::make_unique<Op>(a, b, function);
      });
    } else {
      return with_function<CoProcess<A, B, Result, Function>>("Co-Process", std::move(function));
    }
  }
  template <class R = void, class OfA, class OfB>
  auto process(OfA of_a, OfB of_b) {
    using Result = ResultOf<R, detail::OutOf<OfA>>;
    return process<Result>(TwoFunctions<OfA, OfB>{std::move(of_a), std::move(of_b)});
  }

  /// An operator of your own: `make` returns a std::unique_ptr<Op>, Op a TwoInputOperator<A, B, R>.
  template <class Op, class Make>
  auto transform(std::string name, Make make) {
    static_assert(std::same_as<typename Op::First, A> && std::same_as<typename Op::Second, B>,
                  "the operator reads other types than the streams carry");
    using R = typename Op::Result;
    static_assert(Record<R>, "the result must be a plain value that serialises");
    StreamNode node;
    node.name = std::move(name);
    node.chaining = ChainingStrategy::Always;
    node.buffer_timeout = graph_->settings().buffer_timeout;
    node.input_count = 2;
    node.input_type = schema_of<A>() + ", " + schema_of<B>();
    node.output_type = schema_of<R>();
    if constexpr (requires(const Op& op) { op.states(); }) node.states = detail::checked(make()->states());
    node.operator_factory = make_factory<Op>(std::move(make));
    const StreamNodeId added = graph_->add_node(std::move(node));
    graph_->connect(a_, added, 0);
    graph_->connect(b_, added, 1);
    return OperatorStream<R>(*graph_, added);
  }

private:
  static constexpr bool kIsKeyed =
      !std::same_as<KeyOfA, detail::NoKey> && !std::same_as<KeyOfB, detail::NoKey>;
  template <class Named, class Deduced>
  using ResultOf = std::conditional_t<std::is_void_v<Named>, typename Deduced::type, Named>;

  template <class Op, class Function>
  auto with_function(const char* name, Function function) {
    if constexpr (kIsKeyed) {
      using ByKey = KeyedTwoInput<Op, KeyOfA, KeyOfB>;
      return transform<ByKey>(name, [a = key_of_a_, b = key_of_b_, function] {
        return std::make_unique<ByKey>(a, b, function);
      });
    } else {
      static_assert(
          !DeclaresKeyedState<Function>,
          "the function keeps state by key, but the streams have no keys: put key_by() before each");
      return transform<Op>(name, [function] { return std::make_unique<Op>(function); });
    }
  }

  StreamGraphBuilder* graph_;  // the environment's, which outlives every stream
  StreamNodeId a_;
  StreamNodeId b_;
  KeyOfA key_of_a_;
  KeyOfB key_of_b_;
};

template <Record T>
template <Record U>
ConnectedStreams<T, U, detail::NoKey, detail::NoKey> DataStream<T>::connect(
    const DataStream<U>& other) const {
  return {*graph_, id_, other.id_};
}

}  // namespace weir
