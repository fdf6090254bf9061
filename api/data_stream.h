// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/declared_states.h"
#include "api/function_traits.h"
#include "api/out_of.h"
#include "api/params.h"
#include "api/tuples.h"
#include "api/stream_settings.h"
#include "execution/operators/accumulators.h"
#include "execution/operators/broadcast.h"
#include "execution/operators/channel_selectors.h"
#include "execution/operators/filter.h"
#include "execution/operators/flat_map.h"
#include "execution/operators/map.h"
#include "execution/operators/operator_factory.h"
#include "execution/operators/part_files.h"
#include "execution/operators/process.h"
#include "execution/operators/sinks.h"
#include "execution/operators/two_phase_commit_sink.h"
#include "execution/operators/upsert_sink.h"
#include "execution/operators/watermarks.h"
#include "execution/operators/worker_threads.h"
#include "graph/stream_graph.h"

namespace weir {

template <Record T> class OperatorStream;
template <Record T, class KeyFunction> class KeyedStream;
template <Record T, class Function> class SplitStream;
template <Record T> class IterativeStream;
template <Record T, class... Tags> class BroadcastStream;
template <Record A, Record B, class KeyOfA, class... Tags> class BroadcastConnectedStreams;
template <Record A, Record B, class KeyOfA, class KeyOfB> class ConnectedStreams;
template <Record T> class DataSet;

/// The end of a stream in the program: nothing comes after it, but it can be named and placed.
class StreamSink : public OperatorSettings<StreamSink> {
public:
  StreamSink(StreamGraphBuilder& graph, StreamNodeId id) : graph_(&graph), id_(id) {}

private:
  friend class OperatorSettings<StreamSink>;
  [[nodiscard]] StreamNode& node() { return graph_->node(id_); }

  StreamGraphBuilder* graph_;
  StreamNodeId id_;
};

/// Records of type T on their way. A handle: copying it copies no stream, each use of it is one more
/// consumer.
///
/// T is a plain value: struct, string, number, tuple, vector, map and what is made of these serialise by
/// themselves. Functions are lambdas or objects with operator(); each subtask gets a copy of its own. They
/// see a record as `const T&`, may take it by value, and run on the task's thread.
template <Record T>
class DataStream {
public:
  using Value = T;

  DataStream(StreamGraphBuilder& graph, StreamNodeId id) : graph_(&graph), id_(id) {}

  /// One record for one record; the result's type is the function's.
  template <class F>
    requires std::invocable<F&, const T&>
  auto map(F function) {
    return map_by(detail::NoKey{}, std::move(function));
  }

  /// Any number of records for one: `[](const T& in, Out<R>& out) { out(...); }`. For a generic function say
  /// R.
  template <class R = void, class F>
  auto flat_map(F function) {
    return flat_map_by<R>(detail::NoKey{}, std::move(function));
  }

  /// Of records that are tuples these elements, in this order, repeated or left out: `project<2, 0>()`.
  template <std::size_t... kIndices>
    requires(sizeof...(kIndices) > 0 && detail::kIsTuple<T>)
  auto project() {
    auto stream = map([](const T& tuple) { return std::make_tuple(std::get<kIndices>(tuple)...); });
    stream.name("Project");
    return stream;
  }

  /// The records for which the function says true.
  template <class F>
    requires std::predicate<F&, const T&>
  OperatorStream<T> filter(F keep) {
    return with_function<Filter<T, F>>("Filter", detail::NoKey{}, std::move(keep));
  }

  /// Gives each record the time that the function says, in milliseconds since 1970 or as a time point, and
  /// makes the stream's time of them: bounded_out_of_orderness(2s), ascending_timestamps(), punctuated(f),
  /// watermark_generator(g). See execution/operators/watermarks.h.
  template <TimeOf<T> Timestamp, WatermarkGenerator<T> Generator>
  OperatorStream<T> assign_timestamps(Timestamp timestamp, WatermarkStrategy<Generator> strategy) {
    using Op = AssignTimestamps<T, Timestamp, Generator>;
    return transform<Op>("Timestamps",
                         [timestamp, strategy, interval = graph_->settings().watermark_interval] {
                           return std::make_unique<Op>(timestamp, strategy, interval);
                         });
  }

  /// As flat_map(), with a ProcessContext between record and Out: it knows the record's time and the
  /// stream's, and takes records for side outputs.
  template <class R = void, class F>
  auto process(F function) {
    using Result = std::conditional_t<std::is_void_v<R>, typename detail::OutOf<F>::type, R>;
    static_assert(!std::is_void_v<Result>,
                  "process() takes a function of (const T&, ProcessContext&, Out<R>&); if it is generic, "
                  "name the result: process<R>(function)");
    static_assert(Record<Result>, "the result of process() must be a plain value that serialises");
    return with_function<Process<T, Result, F>>("Process", detail::NoKey{}, std::move(function));
  }

  /// For each record a request to something slow outside, of which many are under way at a time:
  /// `[](const T& value, AsyncResult<R> result)` begins it and returns; whoever has the answer calls
  /// `result(answer)`, from any thread. `on_threads(n, f)` makes such a function of one that waits.
  /// A record whose answer has not come is part of a checkpoint, and is asked about again after a restore.
  template <class R = void, class F>
  auto async_map(F function, AsyncOptions options = {}) {
    if (options.capacity == 0) throw ProgramError("async_map() with a capacity of 0 would wait for ever");
    if constexpr (requires { typename F::template ResultFor<T>; }) {
      return call_async<typename F::template ResultFor<T>>(std::move(function), options);
    } else {
      using Result = std::conditional_t<std::is_void_v<R>, typename detail::OutOf<F>::type, R>;
      static_assert(!std::is_void_v<Result>,
                    "async_map() takes a function of (const T&, AsyncResult<R>); if it is generic, "
                    "name the result: async_map<R>(function)");
      return call_async<Result>(std::move(function), options);
    }
  }

  /// Gives each record a name, or several: the function returns text or a container of texts. select() of the
  /// result takes those of some names; it calls the function again for each selection.
  template <class F>
    requires std::invocable<F&, const T&>
  [[nodiscard]] SplitStream<T, F> split(F function) const;

  /// This stream together with what close_with() of the result feeds back: a loop. See IterativeStream.
  [[nodiscard]] IterativeStream<T> iterate() const;

  /// This and other streams of the same type as one, in no particular order.
  template <std::derived_from<DataStream>... Others>
  [[nodiscard]] DataStream union_with(const Others&... others) const {
    return {*graph_, graph_->add_union({id_, others.id_...})};
  }

  /// This and a stream of any type, for one operator that reads both.
  template <Record U>
  [[nodiscard]] ConnectedStreams<T, U, detail::NoKey, detail::NoKey> connect(
      const DataStream<U>& other) const;

  /// This and what is broadcast, for one operator that reads both and keeps the broadcast stream's maps.
  template <Record U, class... Tags>
  [[nodiscard]] BroadcastConnectedStreams<T, U, detail::NoKey, Tags...> connect(
      const BroadcastStream<U, Tags...>& other) const;

  /// Records of equal keys meet in one subtask. The key is a member pointer (`&Word::word`) or a function.
  template <class KeyFunction>
    requires std::invocable<const KeyFunction&, const T&>
  [[nodiscard]] KeyedStream<T, KeyFunction> key_by(KeyFunction key) const;

  /// For keyed streams only.
  template <class Assigner>
  auto window(Assigner) const {
    static_assert(!std::same_as<Assigner, Assigner>,
                  "window() groups the records of each key: put key_by() before it, or take window_all()");
  }
  /// Groups all records by windows, in one subtask. Functions of the windows may leave the key out.
  template <class Assigner>
  [[nodiscard]] auto window_all(Assigner assigner) const;

  // How records are spread over the consumer's subtasks. Without a word: forward if both have the same
  // parallelism, else rebalance.
  [[nodiscard]] DataStream forward() const { return partition(Partitioning::Forward); }
  [[nodiscard]] DataStream rebalance() const { return partition(Partitioning::Rebalance); }
  [[nodiscard]] DataStream rescale() const { return partition(Partitioning::Rescale); }
  [[nodiscard]] DataStream shuffle() const { return partition(Partitioning::Shuffle); }
  [[nodiscard]] DataStream broadcast() const { return partition(Partitioning::Broadcast); }
  /// To each subtask of an operator that keeps these maps of it: events.connect(rules.broadcast(kRules)).
  template <class... Keys, class... Values>
    requires(sizeof...(Keys) > 0)
  [[nodiscard]] BroadcastStream<T, MapStateTag<Keys, Values>...> broadcast(
      const MapStateTag<Keys, Values>&... maps) const {
    return {broadcast(), {maps...}};
  }
  [[nodiscard]] DataStream global() const { return partition(Partitioning::Global); }

  /// The consumer starts when all of this is written, and may use the slots of those who wrote it; until then
  /// it lies in files of the TaskManagers. For inputs with an end. Said before how records are spread:
  /// words.blocking().key_by(...).
  [[nodiscard]] DataStream blocking() const {
    return {*graph_, graph_->add_exchange(id_, ExchangeMode::Blocking)};
  }

  /// This stream, which has an end, as something that can be sorted, joined and grouped as a whole. Include
  /// api/data_set.h. Blocking: what reads across an exchange starts when all of it is written.
  [[nodiscard]] DataSet<T> bounded(ExchangeMode exchange = ExchangeMode::Pipelined) const;

  /// To the channel that `function(key, channel_count)` says.
  template <class Function, class KeyFunction>
  [[nodiscard]] DataStream partition_custom(Function function, KeyFunction key) const {
    auto edge = std::make_shared<CustomEdge<T, Function, KeyFunction>>(std::move(function), std::move(key));
    return {*graph_, graph_->add_partition(id_, Partitioning::Custom, std::move(edge))};
  }

  /// Lines on standard output; of several subtasks each line is led by "2> ", unless `with_subtask` is false.
  StreamSink print(bool with_subtask = true) {
    return text_sink("Print to Std. Out", {.path = "", .with_subtask = with_subtask});
  }
  /// Lines in a file; several subtasks make a directory with one file each.
  StreamSink write_text(std::string path) { return text_sink("Text File", {.path = std::move(path)}); }
  /// Lines in files of a directory, each record once also after failures: a file appears when the checkpoint
  /// is complete up to which it goes. Of a job without checkpoints they appear at its end.
  StreamSink write_files(std::string directory) {
    using Op = TwoPhaseCommitSink<T, TextPartFiles<T>>;
    return sink<Op>("Part Files", [directory] {
      return std::make_unique<Op>(TextPartFiles<T>(PartFiles(directory)));
    });
  }
  /// Each record as the row of its key in a table outside of the cluster, in the place of the row before.
  /// `make_table` returns a std::unique_ptr<UpsertTable<K, V>>, K and V what the functions return; a value
  /// that is an empty optional erases the row. Records of a key must come from one subtask: key_by() first.
  template <class KeyFunction, class ValueFunction, class Make>
  StreamSink upsert(KeyFunction key, ValueFunction value, Make make_table) {
    using Op = UpsertSink<T, KeyFunction, ValueFunction>;
    return sink<Op>("Upsert",
                    [key, value, make_table] { return std::make_unique<Op>(key, value, make_table()); });
  }
  /// Takes the records and forgets them.
  StreamSink discard() {
    using Op = DiscardSink<T>;
    return sink<Op>("Discard", [] { return std::make_unique<Op>(); });
  }
  /// Gathers all records in this process. For tests on a mini cluster.
  StreamSink collect(std::shared_ptr<Collected<T>> target) {
    using Op = CollectSink<T>;
    return sink<Op>("Collect", [target] { return std::make_unique<Op>(target); });
  }
  /// Calls a function for each record.
  template <class F>
    requires std::invocable<F&, const T&>
  StreamSink for_each(F function) {
    return with_function<ForEachSink<T, F>>("For Each", detail::NoKey{}, std::move(function));
  }

  /// An operator of your own: `make` returns a std::unique_ptr<Op>, Op a OneInputOperator<T, R>. It may tell
  /// what it keeps: std::vector<StateInfo> states() const.
  template <class Op, class Make>
  auto transform(std::string name, Make make, ChainingStrategy chaining = ChainingStrategy::Always) {
    static_assert(std::same_as<typename Op::In, T>,
                  "the operator reads another type than the stream carries");
    using R = typename Op::Result;
    return OperatorStream<R>(*graph_, add_operator<Op>(StreamNode::Kind::Operator, std::move(name),
                                                       std::move(make), chaining, schema_of<R>()));
  }
  /// A sink of your own: Op is a SinkOperator<T>.
  template <class Op, class Make>
  StreamSink sink(std::string name, Make make) {
    static_assert(std::same_as<typename Op::In, T>,
                  "the operator reads another type than the stream carries");
    return StreamSink(*graph_, add_operator<Op>(StreamNode::Kind::Sink, std::move(name), std::move(make),
                                                ChainingStrategy::Always, ""));
  }

protected:
  [[nodiscard]] StreamGraphBuilder& graph() const { return *graph_; }
  [[nodiscard]] StreamNodeId id() const { return id_; }

  // The same with what the keyed stream knows: the key by which a function may keep state.
  template <class Key, class F>
  auto map_by(Key key, F function) {
    using R = std::remove_cvref_t<std::invoke_result_t<F&, const T&>>;
    static_assert(Record<R>, "the result of map() must be a plain value that serialises");
    return with_function<Map<T, R, F>>("Map", std::move(key), std::move(function));
  }
  template <class R, class Key, class F>
  auto flat_map_by(Key key, F function) {
    using Deduced = typename detail::FlatMapResult<F>::type;
    using Result = std::conditional_t<std::is_void_v<R>, Deduced, R>;
    static_assert(!std::is_void_v<Result>,
                  "flat_map() takes a function of (const T&, Out<R>&); if it is generic, "
                  "name the result: flat_map<R>(function)");
    static_assert(Record<Result>, "the result of flat_map() must be a plain value that serialises");
    return with_function<FlatMap<T, Result, F>>("Flat Map", std::move(key), std::move(function));
  }

  /// An operator or a sink around a function. A function that may ask for state is told its keys.
  template <class Op, class Key, class F>
  auto with_function(const char* name, Key key, F function) {
    if constexpr (std::same_as<Key, detail::NoKey>) {
      static_assert(!DeclaresKeyedState<F>,
                    "the function keeps state by key, but the stream has no keys: put key_by() before it");
      return add_made<Op>(name, [function] { return std::make_unique<Op>(function); });
    } else if constexpr (Opens<F>) {
      using ByKey = Keyed<Op, Key>;
      return add_made<ByKey>(name, [key, function] { return std::make_unique<ByKey>(key, function); });
    } else {
      return add_made<Op>(name, [function] { return std::make_unique<Op>(function); });
    }
  }

private:
  template <Record U> friend class DataStream;
  template <Record U> friend class IterativeStream;

  template <class R, class F>
  OperatorStream<R> call_async(F function, AsyncOptions options) {
    static_assert(Record<R>, "the result of async_map() must be a plain value that serialises");
    using Op = AsyncCall<T, R, F>;
    return transform<Op>("Async Map",
                         [function, options] { return std::make_unique<Op>(function, options); });
  }

  template <class Op, class Make>
  auto add_made(const char* name, Make make) {
    if constexpr (std::is_void_v<typename Op::Result>) return sink<Op>(name, std::move(make));
    else return transform<Op>(name, std::move(make));
  }

  [[nodiscard]] DataStream partition(Partitioning kind) const {
    return {*graph_, graph_->add_partition(id_, kind)};
  }

  StreamSink text_sink(std::string name, typename TextSink<T>::Options options) {
    using Op = TextSink<T>;
    return sink<Op>(std::move(name), [options] { return std::make_unique<Op>(options); });
  }

  template <class Op, class Make>
  StreamNodeId add_operator(StreamNode::Kind kind, std::string name, Make make, ChainingStrategy chaining,
                            std::string output_type) {
    StreamNode node;
    node.kind = kind;
    node.name = std::move(name);
    node.chaining = chaining;
    node.buffer_timeout = graph_->settings().buffer_timeout;
    node.input_count = 1;
    node.input_type = schema_of<T>();
    node.output_type = std::move(output_type);
    if constexpr (requires(const Op& op) { op.states(); }) node.states = detail::checked(make()->states());
    node.operator_factory = make_factory<Op>(std::move(make));
    const StreamNodeId added = graph_->add_node(std::move(node));
    graph_->connect(id_, added);
    return added;
  }

  StreamGraphBuilder* graph_;  // the environment's, which outlives every stream
  StreamNodeId id_;
};

/// A stream that comes straight out of an operator, which can be named, placed and chained.
template <Record T>
class OperatorStream : public DataStream<T>, public OperatorSettings<OperatorStream<T>> {
public:
  using DataStream<T>::DataStream;

  /// What the operator emits under that tag. Each use is one more consumer.
  template <Record U>
  [[nodiscard]] DataStream<U> side_output(const OutputTag<U>& tag) const {
    if (tag.name.empty()) throw ProgramError("an output tag needs a name");
    return {this->graph(), this->graph().add_side_output(this->id(), std::string(tag.name),
                                                         std::make_shared<TypedRecordCargo<U>>())};
  }

private:
  friend class OperatorSettings<OperatorStream<T>>;
  [[nodiscard]] StreamNode& node() { return this->graph().node(this->id()); }
};

}  // namespace weir

#include "api/broadcast_stream.h"
#include "api/connected_streams.h"
#include "api/iterative_stream.h"
#include "api/keyed_stream.h"
#include "api/split_stream.h"
