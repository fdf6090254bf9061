// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/ids.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "graph/execution_graph.h"

namespace weir {

/// The job as its checkpoints see it: all tasks, with their current attempts.
[[nodiscard]] CheckpointPlan checkpoint_plan_of(const ExecutionGraph& graph);

/// The same before the attempts are known: `tasks` tells their number only.
[[nodiscard]] std::vector<CheckpointedVertex> checkpointed_vertices_of(const ExecutionGraph& graph);

/// Where the tasks run, in the order of the plan. All of them have slots.
[[nodiscard]] std::vector<TaskManagerId> task_managers_of(const ExecutionGraph& graph);

}  // namespace weir
