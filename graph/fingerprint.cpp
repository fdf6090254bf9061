// SPDX-License-Identifier: Apache-2.0
#include "graph/job_graph.h"
#include "graph/murmur3.h"

namespace weir {
namespace {

// Left out on purpose: the job's name and buffer timeouts, which no other process must agree on.
void add(HashInput& input, const StreamNode& node) {
  input.add(static_cast<std::uint32_t>(node.id));
  input.add(static_cast<std::uint32_t>(node.kind));
  input.add(node.name);
  input.add(node.parallelism);
  input.add(node.max_parallelism);
  input.add(node.uid);
  input.add(node.uid_hash);
  input.add(node.slot_sharing_group);
  input.add(node.co_location_group);
  input.add(static_cast<std::uint32_t>(node.chaining));
  input.add(static_cast<std::uint32_t>(node.begins_iteration));
  input.add(static_cast<std::uint32_t>(node.feedback_to));
  input.add(node.input_count);
  input.add(node.input_type);
  input.add(node.output_type);
}

void add(HashInput& input, const StreamEdge& edge) {
  input.add(static_cast<std::uint32_t>(edge.source));
  input.add(static_cast<std::uint32_t>(edge.target));
  input.add(edge.input_index);
  input.add(static_cast<std::uint32_t>(edge.partitioning));
  input.add(static_cast<std::uint32_t>(edge.exchange));
  input.add(edge.side_output);
  input.add(static_cast<std::uint32_t>(edge.selected_names.size()));
  for (const std::string& name : edge.selected_names) input.add(name);
}

}  // namespace

std::uint64_t fingerprint_of(const StreamGraph& graph) {
  HashInput input;
  input.add(static_cast<std::uint32_t>(graph.settings().chaining));
  input.add(static_cast<std::uint32_t>(graph.nodes().size()));
  for (const StreamNode& node : graph.nodes()) add(input, node);
  input.add(static_cast<std::uint32_t>(graph.edges().size()));
  for (const StreamEdge& edge : graph.edges()) add(input, edge);
  return id_of<OperatorId>(input.digest()).high;
}

}  // namespace weir
