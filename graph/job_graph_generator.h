// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "graph/job_graph.h"
#include "graph/stream_graph.h"

namespace weir {

/// The operator id of every node: from the uid where there is one, else from the node's place in the graph,
/// so that ids depend on topology and chaining but not on names or parallelism.
[[nodiscard]] std::map<StreamNodeId, OperatorId> operator_ids(const StreamGraph& graph);

/// Whether the edge joins its two operators into one chain. All seven conditions of seed 004: same
/// parallelism, in-degree one, same slot sharing group, downstream strategy Always, upstream Always or Head,
/// a forward edge, and chaining not disabled for the program. And two of ours: the downstream operator has no
/// partners for co-location that the upstream one lacks; and the exchange is not blocking.
[[nodiscard]] bool is_chainable(const StreamGraph& graph, const StreamEdge& edge);

/// Turns the operators of a program into tasks. Same input, same output: ids are derived, never drawn (but
/// the job's).
[[nodiscard]] Result<JobGraph> generate_job_graph(const StreamGraph& graph, JobId id,
                                                  ProgramReference program);

/// Has the sources cut their inputs into splits, which the JobManager will hand out. For the client alone: it
/// looks at the world, so that another process may see other splits.
void cut_input(const StreamGraph& graph, JobGraph& job);

/// The execution plan as JSON with the fields of Flink's plan:
/// {"nodes":[{"id","type","pact","contents","parallelism", "predecessors":[{"id","ship_strategy","side"}]}]}.
/// Made of the unchained StreamGraph.
[[nodiscard]] std::string execution_plan_json(const StreamGraph& graph);

}  // namespace weir
