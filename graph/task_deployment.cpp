// SPDX-License-Identifier: Apache-2.0
#include "graph/task_deployment.h"

#include <algorithm>

#include "base/result.h"

namespace weir {
namespace {

ResultPartitionDescriptor describe_output(const JobGraph& job, const IntermediateResult& result,
                                          const Execution& producer, std::uint32_t subtask) {
  return {.id = {.data_set = result.data_set().id, .partition = subtask, .producer = producer.id()},
          .subpartition_count = result.subpartition_count(subtask),
          .edge = result.data_set().edge,
          .consumer_max_parallelism = result.consumer_max_parallelism(),
          .exchange = result.data_set().exchange,
          .tells_consumers = job.schedule_mode == ScheduleMode::LazyFromSources && !result.is_blocking()};
}

/// By what the two ends of an iteration find each other.
ExecutionAttemptId feedback_of(const std::vector<ExecutionJobVertex>& vertices,
                               const ExecutionJobVertex& vertex, std::uint32_t subtask) {
  const JobVertexId own = vertex.definition().id;
  const JobVertexId head = vertex.definition().feedback_to;
  for (const ExecutionJobVertex& each : vertices) {
    if (!head.is_none() && each.definition().id == head) return each.subtasks()[subtask].current().id();
    if (each.definition().feedback_to == own) return vertex.subtasks()[subtask].current().id();
  }
  return {};
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

bool all_known(const InputGateDescriptor& gate) {
  return std::none_of(gate.channels.begin(), gate.channels.end(), [](const InputChannelDescriptor& channel) {
    return channel.location == InputChannelDescriptor::Location::Unknown;
  });
}

}  // namespace

InputChannelDescriptor describe_channel(const IntermediateResult& result, std::uint32_t partition,
                                        const Execution& producer, const Execution& consumer,
                                        std::uint32_t consumer_subtask) {
  using Location = InputChannelDescriptor::Location;
  InputChannelDescriptor channel;
  channel.partition = {.data_set = result.data_set().id, .partition = partition, .producer = producer.id()};
  channel.subpartition = result.subpartition_of(consumer_subtask, partition);
  if (!producer.has_slot()) return channel;
  const bool is_local = producer.slot().task_manager == consumer.slot().task_manager;
  channel.location = is_local ? Location::Local : Location::Remote;
  if (!is_local) channel.address = producer.slot().data_address;
  return channel;
}

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
  task.feedback = feedback_of(vertices, job_vertex, subtask);
  task.is_checkpointed = job.checkpoints.is_periodic();
  task.checkpoint_mode = job.checkpoints.mode;
  task.backend = job.checkpoints.backend;
  for (const IntermediateResult& result : job_vertex.results()) {
    task.outputs.push_back(describe_output(job, result, execution, subtask));
  }
  for (const ExecutionJobVertex::Input& input : job_vertex.inputs()) {
    task.inputs.push_back(describe_gate(input, vertices[input.producer], execution_vertex));
    WEIR_CHECK(job.schedule_mode == ScheduleMode::LazyFromSources || all_known(task.inputs.back()),
               "a consumer is deployed before its producer has a slot");
  }
  return task;
}

}  // namespace weir
