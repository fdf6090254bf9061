// SPDX-License-Identifier: Apache-2.0
// Which edges become calls. A condition more, a predicate more.
#include "graph/job_graph_generator.h"

namespace weir {
namespace {

bool have_same_parallelism(const StreamNode& upstream, const StreamNode& downstream) {
  return upstream.parallelism == downstream.parallelism;
}

/// A second input would have to be read while the first one calls.
bool is_only_input(const StreamGraph& graph, const StreamEdge& edge) {
  return graph.in_edges(edge.target).size() == 1;
}

bool share_slots(const StreamNode& upstream, const StreamNode& downstream) {
  return upstream.slot_sharing_group == downstream.slot_sharing_group;
}

/// Only the head of a chain says with whom the chain is co-located.
bool stays_with_its_partners(const StreamNode& upstream, const StreamNode& downstream) {
  return downstream.co_location_group.empty() || downstream.co_location_group == upstream.co_location_group;
}

bool joins_the_one_before(const StreamNode& downstream) {
  return downstream.chaining == ChainingStrategy::Always;
}

bool lets_the_next_one_join(const StreamNode& upstream) {
  return upstream.chaining == ChainingStrategy::Always || upstream.chaining == ChainingStrategy::Head;
}

bool is_forward(const StreamEdge& edge) { return edge.partitioning == Partitioning::Forward; }

bool is_pipelined(const StreamEdge& edge) { return edge.exchange == ExchangeMode::Pipelined; }

bool is_chaining_enabled(const StreamGraph& graph) { return graph.settings().chaining; }

}  // namespace

bool is_chainable(const StreamGraph& graph, const StreamEdge& edge) {
  const StreamNode& upstream = graph.node(edge.source);
  const StreamNode& downstream = graph.node(edge.target);
  return have_same_parallelism(upstream, downstream) && is_only_input(graph, edge) &&
         share_slots(upstream, downstream) && stays_with_its_partners(upstream, downstream) &&
         joins_the_one_before(downstream) && lets_the_next_one_join(upstream) && is_forward(edge) &&
         is_pipelined(edge) && is_chaining_enabled(graph);
}

}  // namespace weir
