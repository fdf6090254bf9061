// SPDX-License-Identifier: Apache-2.0
#include "graph/task_deployment.h"

#include "base/result.h"

namespace weir {
namespace {

ResultPartitionDescriptor describe_output(const IntermediateResult& result, const Execution& producer,
                                          std::uint32_t subtask) {
  return {.id = {.data_set = result.data_set().id, .partition = subtask, .producer = producer.id()},
          .subpartition_count = result.subpartition_count(subtask),
          .edge = result.data_set().edge,
          .consumer_max_parallelism = result.consumer_max_parallelism()};
}

InputChannelDescriptor describe_channel(const IntermediateResult& result, std::uint32_t partition,
                                        const Execution& producer, const Execution& consumer,
                                        std::uint32_t consumer_subtask) {
  WEIR_CHECK(producer.has_slot(), "a consumer is deployed before its producer has a slot");
  const bool is_local = producer.slot().task_manager == consumer.slot().task_manager;
  return {.partition = {.data_set = result.data_set().id, .partition = partition, .producer = producer.id()},
          .subpartition = result.subpartition_of(consumer_subtask, partition),
          .location =
              is_local ? InputChannelDescriptor::Location::Local : InputChannelDescriptor::Location::Remote,
          .address = is_local ? std::string() : producer.slot().data_address};
}

InputGateDescriptor describe_gate(const ExecutionJobVertex::Input& input, const ExecutionJobVertex& producer,
                                  const ExecutionVertex& consumer) {
  const IntermediateResult& result = producer.results()[input.result];
  InputGateDescriptor gate;
  gate.data_set = result.data_set().id;
  gate.edge = result.data_set().edge;
  gate.input_index = input.input_index;
  const PartitionRange range = result.partitions_of(consumer.subtask());
  for (std::uint32_t partition = range.first; partition < range.first + range.count; ++partition) {
    gate.channels.push_back(describe_channel(result, partition, producer.subtasks()[partition].current(),
                                             consumer.current(), consumer.subtask()));
  }
  return gate;
}

}  // namespace

TaskDeploymentDescriptor describe_deployment(const JobGraph& job,
                                             const std::vector<ExecutionJobVertex>& vertices,
                                             std::size_t vertex, std::uint32_t subtask) {
  const ExecutionJobVertex& job_vertex = vertices[vertex];
  const JobVertex& definition = job_vertex.definition();
  const ExecutionVertex& execution_vertex = job_vertex.subtasks()[subtask];
  const Execution& execution = execution_vertex.current();
  TaskDeploymentDescriptor task;
  task.job = job.id;
  task.job_name = job.name;
  task.program = job.program;
  task.vertex = definition.id;
  task.task_name = definition.name;
  task.attempt = execution.id();
  task.allocation = execution.slot().allocation;
  task.subtask_index = subtask;
  task.parallelism = definition.parallelism;
  task.max_parallelism = definition.max_parallelism;
  task.attempt_number = execution.attempt_number();
  task.slot = execution.slot().slot;
  task.has_input_splits = !definition.input_splits.empty();
  task.is_checkpointed = job.checkpoints.is_periodic();
  task.checkpoint_mode = job.checkpoints.mode;
  task.backend = job.checkpoints.backend;
  for (const IntermediateResult& result : job_vertex.results()) {
    task.outputs.push_back(describe_output(result, execution, subtask));
  }
  for (const ExecutionJobVertex::Input& input : job_vertex.inputs()) {
    task.inputs.push_back(describe_gate(input, vertices[input.producer], execution_vertex));
  }
  return task;
}

}  // namespace weir
