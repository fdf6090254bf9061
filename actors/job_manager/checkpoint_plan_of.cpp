// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/checkpoint_plan_of.h"

#include <cstdint>

namespace weir {
namespace {

CheckpointedVertex describe(const ExecutionJobVertex& vertex) {
  const JobVertex& definition = vertex.definition();
  CheckpointedVertex described{.name = definition.name,
                               .max_parallelism = definition.max_parallelism,
                               .max_parallelism_is_set = definition.max_parallelism_is_set,
                               .tasks = std::vector<CheckpointedTask>(vertex.subtasks().size())};
  for (const ChainedOperator& member : definition.operators)
    described.operators.push_back(
        {.id = member.id, .name = member.name, .uid = member.uid, .states = member.states});
  return described;
}

}  // namespace

std::vector<CheckpointedVertex> checkpointed_vertices_of(const ExecutionGraph& graph) {
  std::vector<CheckpointedVertex> vertices;
  for (const ExecutionJobVertex& vertex : graph.vertices()) vertices.push_back(describe(vertex));
  return vertices;
}

CheckpointPlan checkpoint_plan_of(const ExecutionGraph& graph) {
  CheckpointPlan plan{.vertices = checkpointed_vertices_of(graph)};
  for (std::size_t v = 0; v < plan.vertices.size(); ++v) {
    const ExecutionJobVertex& vertex = graph.vertices()[v];
    for (std::uint32_t i = 0; i < plan.vertices[v].parallelism(); ++i) {
      CheckpointedTask& task = plan.vertices[v].tasks[i];
      task.attempt = vertex.subtasks()[i].current().id();
      for (const ExecutionJobVertex::Input& input : vertex.inputs()) {
        const PartitionRange read = graph.vertices()[input.producer].results()[input.result].partitions_of(i);
        task.producers.push_back({.vertex = input.producer, .first = read.first, .count = read.count});
      }
    }
  }
  return plan;
}

std::vector<TaskManagerId> task_managers_of(const ExecutionGraph& graph) {
  std::vector<TaskManagerId> places;
  for (const ExecutionJobVertex& vertex : graph.vertices()) {
    for (const ExecutionVertex& subtask : vertex.subtasks())
      places.push_back(subtask.current().slot().task_manager);
  }
  return places;
}

}  // namespace weir
