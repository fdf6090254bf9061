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
/// must have its slot, and all producers that it reads too, but in a job that is scheduled lazily: a producer
/// on the same TaskManager is read locally, one elsewhere remotely, and of one without a slot the place is
/// unknown.
[[nodiscard]] TaskDeploymentDescriptor describe_deployment(const JobGraph& job,
                                                           const std::vector<ExecutionJobVertex>& vertices,
                                                           std::size_t vertex, std::uint32_t subtask);

/// What the consumer reads of one partition of a result, and where.
[[nodiscard]] InputChannelDescriptor describe_channel(const IntermediateResult& result,
                                                      std::uint32_t partition, const Execution& producer,
                                                      const Execution& consumer,
                                                      std::uint32_t consumer_subtask);

}  // namespace weir
