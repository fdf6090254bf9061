// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checkpoint/snapshot/checkpoint_settings.h"
#include "checkpoint/snapshot/state_info.h"
#include "graph/cargo.h"
#include "graph/failover.h"
#include "graph/input_split.h"

namespace weir {

/// Numbers the nodes of one StreamGraph, real and virtual, from 1 in the order of the program's calls.
using StreamNodeId = std::int32_t;

enum class ChainingStrategy : std::uint8_t {
  Always,  // may join the operator before it and let the next one join
  Head,    // begins a chain; the next one may join
  Never,   // stands alone
};

/// When the tasks of a job get their slots. What reads a blocking exchange waits for its end in any case.
enum class ScheduleMode : std::uint8_t {
  Eager,            // all that can run at the same time, at once
  LazyFromSources,  // sources first, and each reader when there is something to read for it
};

/// What the times of a program's records are.
enum class TimeCharacteristic : std::uint8_t {
  Event,       // what its sources and assigners say
  Ingestion,   // when they came out of a source
  Processing,  // they have none: whoever wants a time looks at the clock
};

/// No timeout: a buffer leaves when it is full. Zero: after each record.
inline constexpr std::chrono::milliseconds kNoBufferTimeout{-1};
inline constexpr std::chrono::milliseconds kDefaultBufferTimeout{100};
/// As the settings of the program say. Only before build().
inline constexpr std::chrono::milliseconds kInheritBufferTimeout{-2};

inline constexpr std::uint32_t kMaxParallelismLimit = 32768;
inline constexpr const char* kDefaultSlotSharingGroup = "default";

/// A real operator of the program.
struct StreamNode {
  enum class Kind : std::uint8_t { Source, Operator, Sink };

  StreamNodeId id = 0;
  Kind kind = Kind::Operator;
  std::string name;                   // shown to people; sources and sinks without the "Source: " prefix
  std::uint32_t parallelism = 0;      // 0 until resolved: the program's default
  std::uint32_t max_parallelism = 0;  // 0: derived from the parallelism
  std::string uid;                    // empty: the operator id is derived from the graph
  std::string uid_hash;               // 32 hex: an older id under which savepoints know its state
  std::string slot_sharing_group;     // empty: inherited from the inputs
  std::string co_location_group;      // empty: none
  ChainingStrategy chaining = ChainingStrategy::Head;
  std::chrono::milliseconds buffer_timeout = kInheritBufferTimeout;
  std::uint32_t input_count = 0;  // 0 for a source, 2 for a two-input operator
  std::string input_type;         // names of record types, for the fingerprint and for messages
  std::string output_type;
  std::vector<StateInfo> states;  // that the operator is known to have before it is opened; there may be more
  CargoPtr operator_factory;  // what execution/ makes the operator from

  bool begins_iteration = false;  // a source of what the end of the iteration feeds back to it
  StreamNodeId feedback_to = 0;   // of its end: the beginning, whose parallelism it has

  /// How much of its slot's managed memory it gets beside the others that want some; 0: it wants none. An
  /// operator that does holds its input in it, and on disk, until the input has ended: checkpoints have none
  /// of that.
  std::uint32_t managed_memory_weight = 0;

  // Sources only.
  bool can_stop = false;  // it asks whether it is to end
  /// Cuts the input for so many subtasks, at the client. Null or no splits: each subtask finds its own share.
  std::function<std::vector<InputSplit>(std::uint32_t)> make_input_splits;
};

/// The name as people see it: "Source: text", "Sink: print", "Flat Map".
[[nodiscard]] std::string display_name(const StreamNode& node);

/// A resolved connection of two real nodes.
struct StreamEdge {
  StreamNodeId source = 0;
  StreamNodeId target = 0;
  std::uint32_t input_index = 0;  // which input of the target
  Partitioning partitioning = Partitioning::Forward;
  ExchangeMode exchange = ExchangeMode::Pipelined;
  CargoPtr selector;                        // Hash and Custom: the user's key or channel function
  std::string side_output;                  // empty: the main output
  CargoPtr side_output_records;             // what execution/ must know of its type
  std::vector<std::string> selected_names;  // empty: all

  /// The text that names the edge in generated ids and messages: "source->target".
  [[nodiscard]] std::string describe() const;
};

/// Settings of the whole program.
struct StreamSettings {
  std::string job_name = "Weir Streaming Job";
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 0;  // 0: derived per operator
  std::chrono::milliseconds buffer_timeout = kDefaultBufferTimeout;
  bool chaining = true;
  TimeCharacteristic time_characteristic = TimeCharacteristic::Event;
  std::optional<std::chrono::milliseconds> latency_interval;  // none: as the TaskManagers are told; 0: never
  std::chrono::milliseconds watermark_interval{200};  // 0: no watermarks by the clock
  RestartOptions restart{.kind = RestartOptions::Kind::Fallback};
  bool queued_scheduling = false;  // without enough slots: wait for them, do not fail
  ScheduleMode schedule_mode = ScheduleMode::Eager;
  CheckpointSettings checkpoints;
};

/// What a program says, word by word: nodes, virtual nodes and the connections between them. Each call of the
/// user's API lands here; build() then resolves the virtual nodes into edges.
///
/// Threads: one. Errors: build() says what is wrong with the program.
class StreamGraphBuilder {
public:
  StreamSettings& settings() { return settings_; }
  [[nodiscard]] const StreamSettings& settings() const { return settings_; }

  /// Adds a real node and returns its id; `node.id` is assigned here.
  StreamNodeId add_node(StreamNode node);
  /// A node that can still be changed. The id must be of a real node.
  [[nodiscard]] StreamNode& node(StreamNodeId id);
  [[nodiscard]] bool is_real(StreamNodeId id) const;

  /// Feeds `source` (real or virtual) into input `input_index` of the real node `target`.
  void connect(StreamNodeId source, StreamNodeId target, std::uint32_t input_index = 0);

  // Virtual nodes: they make no operator, they only say how the edge through them looks. Of two of a kind in
  // a row, the one nearest to the consumer wins.
  StreamNodeId add_union(std::vector<StreamNodeId> inputs);
  StreamNodeId add_partition(StreamNodeId input, Partitioning partitioning, CargoPtr selector = nullptr);
  StreamNodeId add_exchange(StreamNodeId input, ExchangeMode exchange);
  StreamNodeId add_side_output(StreamNodeId input, std::string tag, CargoPtr records = nullptr);
  StreamNodeId add_select(StreamNodeId input, std::vector<std::string> names);

  /// The resolved graph. Fails, naming the operator, on: no operators; an input that is missing; explicit
  /// Forward between unequal parallelisms; parallelism of 0 or above the maximum; a uid used twice; a
  /// malformed uid hash; a side output of a source; a cycle; an iteration that has no end, whose end its
  /// beginning does not lead to, that is inside another one, or that waits for its own end.
  [[nodiscard]] Result<class StreamGraph> build() const;

private:
  struct VirtualNode {
    enum class Kind : std::uint8_t { Union, Partition, Exchange, SideOutput, Select };
    Kind kind = Kind::Union;
    std::vector<StreamNodeId> inputs;
    Partitioning partitioning = Partitioning::Forward;
    CargoPtr selector;
    ExchangeMode exchange = ExchangeMode::Pipelined;
    std::string tag;
    CargoPtr records;  // of the tag
    std::vector<std::string> names;
  };
  struct Slot {  // index into one of the two vectors below
    bool real = false;
    std::size_t index = 0;
  };
  struct Connection {
    StreamNodeId source = 0;
    StreamNodeId target = 0;
    std::uint32_t input_index = 0;
  };

  friend class StreamGraphResolver;

  StreamNodeId add_virtual(VirtualNode node);

  StreamSettings settings_;
  std::vector<Slot> slots_;  // by id - 1
  std::vector<StreamNode> nodes_;
  std::vector<VirtualNode> virtual_nodes_;
  std::vector<Connection> connections_;
};

/// The program as a graph of real operators, every setting resolved. Immutable.
class StreamGraph {
public:
  StreamGraph(StreamSettings settings, std::vector<StreamNode> nodes, std::vector<StreamEdge> edges)
      : settings_(std::move(settings)), nodes_(std::move(nodes)), edges_(std::move(edges)) {}

  [[nodiscard]] const StreamSettings& settings() const { return settings_; }
  /// In ascending order of ids, which is also a topological order's tie-break.
  [[nodiscard]] const std::vector<StreamNode>& nodes() const { return nodes_; }
  /// In the order of the program's calls; for one target, ascending by input_index.
  [[nodiscard]] const std::vector<StreamEdge>& edges() const { return edges_; }

  [[nodiscard]] const StreamNode& node(StreamNodeId id) const;
  /// Indices into edges().
  [[nodiscard]] std::vector<std::size_t> in_edges(StreamNodeId id) const;
  [[nodiscard]] std::vector<std::size_t> out_edges(StreamNodeId id) const;

private:
  StreamSettings settings_;
  std::vector<StreamNode> nodes_;
  std::vector<StreamEdge> edges_;
};

}  // namespace weir
