// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/data_stream.h"
#include "api/params.h"
#include "execution/operators/generator_source.h"
#include "execution/operators/socket_text_source.h"
#include "execution/operators/source.h"
#include "execution/operators/text_file_source.h"
#include "graph/failover.h"
#include "graph/stream_graph.h"

namespace weir {

/// Where a program begins: makes sources and holds the settings of the whole job. Calls only describe the
/// job; nothing runs until the graph has been submitted.
///
/// Threads: one. Errors: ProgramError; whatever else the program throws refuses it too.
class StreamExecutionEnvironment {
public:
  StreamExecutionEnvironment(Params params, std::uint32_t default_parallelism);

  /// The arguments behind the program on the command line.
  [[nodiscard]] const Params& params() const { return params_; }

  StreamExecutionEnvironment& job_name(std::string name);
  /// Of every operator that does not say otherwise. Beats what the command line says.
  StreamExecutionEnvironment& parallelism(std::uint32_t subtasks);
  StreamExecutionEnvironment& max_parallelism(std::uint32_t groups);
  /// How long a record may wait in a half-filled buffer, for the operators that follow.
  StreamExecutionEnvironment& buffer_timeout(std::chrono::milliseconds longest);
  /// Whether records have the times that sources and assign_timestamps() say (Event, unless told), the time
  /// at which they came (Ingestion), or none (Processing). For the sources that follow.
  StreamExecutionEnvironment& time_characteristic(TimeCharacteristic characteristic);
  /// How often the time of a stream is said anew. For the operators that follow. Default: 200ms; 0: never,
  /// but by those who say it with their records.
  StreamExecutionEnvironment& watermark_interval(std::chrono::milliseconds interval);
  /// How often each source sends a marker that tells how long records are under way from it to each operator:
  /// the job's accumulators say so as "latency SOURCE -> OPERATOR p50" and so on, in us. 0: never. Default:
  /// as metrics.latency.interval of the TaskManagers, where it is off.
  StreamExecutionEnvironment& latency_tracking(std::chrono::milliseconds interval);
  /// Every operator in a task of its own.
  StreamExecutionEnvironment& disable_chaining();
  /// What becomes of the job when it fails: NoRestart{}, FixedDelay{...} or FailureRate{...}. Beats what the
  /// cluster says.
  StreamExecutionEnvironment& restart_strategy(const RestartOptions& strategy);
  /// Has the job write down its state every `interval`, so that it goes on from there after a failure:
  /// enable_checkpointing(10s, {.timeout = 5min, .retain_on_cancel = true}).
  StreamExecutionEnvironment& enable_checkpointing(Duration interval, CheckpointSettings settings = {});
  /// A job that does not find enough slots waits for them in line instead of failing at once.
  StreamExecutionEnvironment& queued_scheduling(bool is_queued = true);

  /// LazyFromSources: each operator takes slots only when there is something to read for it.
  StreamExecutionEnvironment& schedule_mode(ScheduleMode mode);

  /// The lines of a file, each once; with p subtasks each reads its share of the bytes. The file may not
  /// change while the job lives.
  OperatorStream<std::string> read_text(std::string path);
  /// The lines that a server sends until it hangs up. One subtask; at most once.
  OperatorStream<std::string> socket_text(std::string host, std::uint16_t port);
  /// function(0) to function(count - 1).
  template <class F>
  auto generate(std::uint64_t count, F function) {
    using T = std::remove_cvref_t<std::invoke_result_t<F&, std::uint64_t>>;
    return add_source<T>("Generator", [count, function] {
      return std::make_unique<GeneratorSource<T, F>>(count, function);
    });
  }
  /// The elements of a vector, from one subtask and so in order, unless it is given more.
  template <Record T>
  OperatorStream<T> from_collection(std::vector<T> elements) {
    auto stream =
        add_source<T>("Collection", [elements] { return std::make_unique<CollectionSource<T>>(elements); });
    stream.parallelism(1);
    return stream;
  }

  /// A source of your own: `make` returns a std::unique_ptr to a SourceFunction<T>, one a subtask.
  template <Record T, class Make>
  OperatorStream<T> add_source(std::string name, Make make) {
    using Function = std::remove_cvref_t<decltype(*make())>;
    StreamNode node;
    node.kind = StreamNode::Kind::Source;
    node.can_stop = requires { requires Function::kCanStop; };
    if constexpr (requires(const Function& source) { source.input_splits(1u); })
      node.make_input_splits = [make](std::uint32_t subtasks) { return make()->input_splits(subtasks); };
    if constexpr (requires(const Function& source) { source.states(); })
      node.states = detail::checked(make()->states());
    node.name = std::move(name);
    node.buffer_timeout = graph_.settings().buffer_timeout;
    node.output_type = schema_of<T>();
    const TimeCharacteristic time = graph_.settings().time_characteristic;
    node.operator_factory =
        make_factory<SourceOperator<T>>([make, keeps_times = time == TimeCharacteristic::Event] {
          return std::make_unique<SourceOperator<T>>(make(), keeps_times);
        });
    OperatorStream<T> stream(graph_, graph_.add_node(std::move(node)));
    if (time != TimeCharacteristic::Ingestion) return stream;
    using Op = AssignIngestionTime<T>;
    return stream.template transform<Op>("Ingestion Time", [interval = graph_.settings().watermark_interval] {
      return std::make_unique<Op>(interval);
    });
  }

  /// What the program has said so far.
  [[nodiscard]] const StreamGraphBuilder& graph() const { return graph_; }

private:
  Params params_;
  StreamGraphBuilder graph_;
};

using Environment = StreamExecutionEnvironment;

}  // namespace weir
