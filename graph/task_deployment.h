// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/deployment.h"
#include "graph/execution_vertex.h"
#include "graph/job_graph.h"

namespace weir {

/// All that a TaskManager needs to run the current attempt of one subtask of `vertices[vertex]`. The subtask
/// and all producers that it reads must have their slots: a producer on the same TaskManager is read locally,
/// else remotely.
[[nodiscard]] TaskDeploymentDescriptor describe_deployment(const JobGraph& job,
                                                           const std::vector<ExecutionJobVertex>& vertices,
                                                           std::size_t vertex, std::uint32_t subtask);

}  // namespace weir
