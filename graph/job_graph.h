// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "checkpoint/snapshot/checkpoint_settings.h"
#include "checkpoint/snapshot/state_info.h"
#include "graph/cargo.h"
#include "graph/failover.h"
#include "graph/input_split.h"
#include "graph/stream_graph.h"

namespace weir {

/// Where the code of a job lies and how it is run again on a worker. Data only: the worker loads the library,
/// calls its entry point with these arguments and must arrive at the same fingerprint.
struct ProgramReference {
  std::string library;                    // path of the shared library; in a cluster, the key of its blob
  std::vector<std::string> arguments;     // what follows the library on the command line
  std::uint32_t default_parallelism = 1;  // as the client had it
  std::uint64_t fingerprint = 0;          // of the graph that the client built
  bool operator==(const ProgramReference&) const = default;
};

/// One operator of a chain.
struct ChainedOperator {
  OperatorId id;
  StreamNodeId node = 0;
  std::string name;
  std::string uid;  // empty: the id was generated
  /// That it is known to have: what a checkpoint kept is held against them before anything runs.
  std::vector<StateInfo> states;
  bool operator==(const ChainedOperator&) const = default;
};

/// All that one vertex writes to one consumer vertex; each subtask writes one partition of it.
struct IntermediateDataSet {
  IntermediateDataSetId id;
  std::uint32_t edge = 0;  // index into StreamGraph::edges()
  Partitioning partitioning = Partitioning::Forward;
  ExchangeMode exchange = ExchangeMode::Pipelined;
  bool operator==(const IntermediateDataSet&) const = default;
};

/// What one vertex reads: one data set, into one input.
struct JobEdge {
  IntermediateDataSetId data_set;
  JobVertexId producer;
  Partitioning partitioning = Partitioning::Forward;
  std::uint32_t input_index = 0;
  bool operator==(const JobEdge&) const = default;
};

/// A chain of operators that runs as one task, times its parallelism.
struct JobVertex {
  JobVertexId id;    // the operator id of the chain's head
  std::string name;  // "Source: text -> Flat Map"
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
  bool max_parallelism_is_set = false;  // by the user: a restored state may not overrule it
  std::string slot_sharing_group;
  std::string co_location_group;           // empty: none
  JobVertexId feedback_to;                 // none unless it is the end of an iteration: its beginning
  std::vector<ChainedOperator> operators;  // head first
  std::vector<JobEdge> inputs;             // ascending by input_index
  std::vector<IntermediateDataSet> outputs;
  bool can_stop = false;                 // a source that ends when it is asked to
  std::vector<InputSplit> input_splits;  // a source's input, handed out piece by piece; empty: it is not
  bool operator==(const JobVertex&) const = default;
};

/// A job as the JobManager knows it: data only, no code.
struct JobGraph {
  JobId id;
  std::string name;
  ProgramReference program;
  std::vector<JobVertex> vertices;  // producers before consumers
  RestartOptions restart{.kind = RestartOptions::Kind::Fallback};
  /// A job that does not find enough slots when it is submitted waits for them instead of failing.
  bool queued_scheduling = false;
  ScheduleMode schedule_mode = ScheduleMode::Eager;
  CheckpointSettings checkpoints;
  RestoreSettings restore;
  bool operator==(const JobGraph&) const = default;

  [[nodiscard]] const JobVertex* find(JobVertexId vertex) const;
  /// Slots that the job needs at most at a time: over its sharing groups, the sum of each group's highest
  /// parallelism.
  [[nodiscard]] std::uint32_t required_slots() const;
};

/// The maximum parallelism of an operator that sets none: half as much again as its parallelism, rounded up
/// to a power of two, between 128 and 32768. Equal for equal parallelism, so that a program can be restored
/// without having set it.
[[nodiscard]] std::uint32_t default_max_parallelism(std::uint32_t parallelism);

/// What one job may cost the JobManager before it runs.
struct JobGraphLimits {
  static constexpr std::size_t kVertices = 10'000;
  static constexpr std::size_t kEdges = 100'000;
  static constexpr std::size_t kOperators = 100'000;
  static constexpr std::size_t kSubtasks = 262'144;  // of all vertices together
  static constexpr std::size_t kNameBytes = 256;       // of a job, vertex, operator or group, in UTF-8
  static constexpr std::size_t kVertexNameBytes = 64 * 1024;  // it is made of its operators' names
  static constexpr std::size_t kPathBytes = 4096;
  static constexpr std::size_t kArguments = 10'000;
  static constexpr std::size_t kArgumentBytes = 1 << 20;  // of all arguments together
  static constexpr std::size_t kStates = 100'000;             // of all operators together, as are
  static constexpr std::size_t kStateBytes = 16 << 20;        // their names and types
  static constexpr std::size_t kInputSplits = 100'000;       // of all sources together, as are
  static constexpr std::size_t kInputSplitBytes = 16 << 20;  // their contents and hosts
};

/// Whether the graph can be run at all: not empty, ids unique, every edge between two of its vertices,
/// producers first (which refuses cycles), parallelisms between 1 and the maximum, no blocking exchange whose
/// producer cannot end before its consumer runs, iterations whose two ends stand in one place, nothing above
/// the limits.
/// The JobManager trusts no client.
[[nodiscard]] Status validate(const JobGraph& graph);

/// The structure, names, uids, types and parallelisms of a program as one number. Two builds of the same
/// program with the same arguments agree; captured values are not seen.
[[nodiscard]] std::uint64_t fingerprint_of(const StreamGraph& graph);

// CAF serialises what has an inspect(); no CAF header is needed for that.
template <class F>
typename F::result_type inspect(F& f, ProgramReference& x) {
  return f(x.library, x.arguments, x.default_parallelism, x.fingerprint);
}
template <class F>
typename F::result_type inspect(F& f, ChainedOperator& x) {
  return f(x.id, x.node, x.name, x.uid, x.states);
}
template <class F>
typename F::result_type inspect(F& f, IntermediateDataSet& x) {
  return f(x.id, x.edge, x.partitioning, x.exchange);
}
template <class F>
typename F::result_type inspect(F& f, JobEdge& x) {
  return f(x.data_set, x.producer, x.partitioning, x.input_index);
}
template <class F>
typename F::result_type inspect(F& f, JobVertex& x) {
  return f(x.id, x.name, x.parallelism, x.max_parallelism, x.max_parallelism_is_set, x.slot_sharing_group,
           x.co_location_group, x.feedback_to, x.operators, x.inputs, x.outputs, x.can_stop, x.input_splits);
}
template <class F>
typename F::result_type inspect(F& f, JobGraph& x) {
  return f(x.id, x.name, x.program, x.vertices, x.restart, x.queued_scheduling, x.schedule_mode,
           x.checkpoints, x.restore);
}

}  // namespace weir
