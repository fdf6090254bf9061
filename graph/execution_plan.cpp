// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "graph/job_graph_generator.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

const char* pact_of(StreamNode::Kind kind) {
  switch (kind) {
    case StreamNode::Kind::Source: return "Data Source";
    case StreamNode::Kind::Sink: return "Data Sink";
    case StreamNode::Kind::Operator: break;
  }
  return "Operator";
}

Json describe(const StreamGraph& graph, const StreamNode& node) {
  Json json = {{"id", node.id},
               {"type", display_name(node)},
               {"pact", pact_of(node.kind)},
               {"contents", display_name(node)},
               {"parallelism", node.parallelism}};
  for (const std::size_t i : graph.in_edges(node.id)) {
    const StreamEdge& edge = graph.edges()[i];
    json["predecessors"].push_back(
        {{"id", edge.source}, {"ship_strategy", name_of(edge.partitioning)}, {"side", "second"}});
  }
  return json;
}

}  // namespace

std::string execution_plan_json(const StreamGraph& graph) {
  Json nodes = Json::array();
  for (const StreamNode& node : graph.nodes()) nodes.push_back(describe(graph, node));
  // Names are the user's bytes; what is no UTF-8 must not end the client.
  return Json{{"nodes", std::move(nodes)}}.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir
