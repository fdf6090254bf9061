// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "checkpoint/snapshot/checkpoint_settings.h"
#include "checkpoint/snapshot/handles.h"
#include "graph/job_graph.h"

namespace weir {

struct ResultPartitionDescriptor {
  ResultPartitionId id;
  std::uint32_t subpartition_count = 1;          // consumers of this partition
  std::uint32_t edge = 0;                        // index into StreamGraph::edges()
  std::uint32_t consumer_max_parallelism = 128;  // Hash: how many key groups the consumers share
  ExchangeMode exchange = ExchangeMode::Pipelined;
  bool tells_consumers = false;  // the JobManager wants to know when there is something to read
  bool operator==(const ResultPartitionDescriptor&) const = default;
};

struct InputChannelDescriptor {
  enum class Location : std::uint8_t {
    Local,
    Remote,
    Unknown,  // the producer has no slot yet: its place comes by UpdatePartitionInfo
  };
  ResultPartitionId partition;
  std::uint32_t subpartition = 0;
  Location location = Location::Unknown;
  std::string address;  // "host:port" of the producer's data server; empty unless Remote
  bool operator==(const InputChannelDescriptor&) const = default;
};

struct InputGateDescriptor {
  IntermediateDataSetId data_set;
  std::uint32_t edge = 0;         // index into StreamGraph::edges()
  std::uint32_t input_index = 0;  // which input of the head operator
  std::vector<InputChannelDescriptor> channels;
  bool operator==(const InputGateDescriptor&) const = default;
};

/// All that a TaskManager needs to run one attempt of one subtask.
struct TaskDeploymentDescriptor {
  JobId job;
  std::string job_name;
  ProgramReference program;
  JobVertexId vertex;
  std::string task_name;
  ExecutionAttemptId attempt;
  AllocationId allocation;
  std::uint32_t subtask_index = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
  std::uint32_t attempt_number = 0;
  std::uint32_t slot = 0;
  bool has_input_splits = false;  // the source asks the JobManager for its input, piece by piece
  std::vector<ResultPartitionDescriptor> outputs;
  std::vector<InputGateDescriptor> inputs;
  ExecutionAttemptId feedback;  // of both ends of an iteration: the beginning's attempt; else none
  CheckpointMode checkpoint_mode = CheckpointMode::ExactlyOnce;
  bool is_checkpointed = false;  // checkpoints come by themselves
  StateBackend backend;  // never Cluster when a JobManager sends it
  TaskRestore restore;   // of checkpoint 0: there is none, the task starts from nothing
  bool operator==(const TaskDeploymentDescriptor&) const = default;

  /// "Keyed Sum (2/4)"
  [[nodiscard]] std::string display_name() const {
    return task_name + " (" + std::to_string(subtask_index + 1) + "/" + std::to_string(parallelism) + ")";
  }
};

template <class F>
typename F::result_type inspect(F& f, ResultPartitionDescriptor& x) {
  return f(x.id, x.subpartition_count, x.edge, x.consumer_max_parallelism, x.exchange, x.tells_consumers);
}
template <class F>
typename F::result_type inspect(F& f, InputChannelDescriptor& x) {
  return f(x.partition, x.subpartition, x.location, x.address);
}
template <class F>
typename F::result_type inspect(F& f, InputGateDescriptor& x) {
  return f(x.data_set, x.edge, x.input_index, x.channels);
}
template <class F>
typename F::result_type inspect(F& f, TaskDeploymentDescriptor& x) {
  return f(x.job, x.job_name, x.program, x.vertex, x.task_name, x.attempt, x.allocation, x.subtask_index,
           x.parallelism, x.max_parallelism, x.attempt_number, x.slot, x.has_input_splits, x.outputs,
           x.inputs, x.feedback, x.checkpoint_mode, x.is_checkpointed, x.backend, x.restore);
}

}  // namespace weir
