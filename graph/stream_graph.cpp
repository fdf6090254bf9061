// SPDX-License-Identifier: Apache-2.0
#include "graph/stream_graph.h"

#include <algorithm>

namespace weir {

std::string display_name(const StreamNode& node) {
  switch (node.kind) {
    case StreamNode::Kind::Source: return "Source: " + node.name;
    case StreamNode::Kind::Sink: return "Sink: " + node.name;
    case StreamNode::Kind::Operator: break;
  }
  return node.name;
}

std::string StreamEdge::describe() const { return std::to_string(source) + "->" + std::to_string(target); }

StreamNodeId StreamGraphBuilder::add_node(StreamNode node) {
  slots_.push_back({.real = true, .index = nodes_.size()});
  node.id = static_cast<StreamNodeId>(slots_.size());
  nodes_.push_back(std::move(node));
  return nodes_.back().id;
}

StreamNode& StreamGraphBuilder::node(StreamNodeId id) {
  WEIR_CHECK(is_real(id), "no operator of this program has this number");
  return nodes_[slots_[static_cast<std::size_t>(id) - 1].index];
}

bool StreamGraphBuilder::is_real(StreamNodeId id) const {
  return id >= 1 && static_cast<std::size_t>(id) <= slots_.size() &&
         slots_[static_cast<std::size_t>(id) - 1].real;
}

void StreamGraphBuilder::connect(StreamNodeId source, StreamNodeId target, std::uint32_t input_index) {
  WEIR_CHECK(is_real(target), "only an operator has inputs");
  connections_.push_back({.source = source, .target = target, .input_index = input_index});
}

StreamNodeId StreamGraphBuilder::add_virtual(VirtualNode node) {
  slots_.push_back({.real = false, .index = virtual_nodes_.size()});
  virtual_nodes_.push_back(std::move(node));
  return static_cast<StreamNodeId>(slots_.size());
}

StreamNodeId StreamGraphBuilder::add_union(std::vector<StreamNodeId> inputs) {
  VirtualNode node;
  node.kind = VirtualNode::Kind::Union;
  node.inputs = std::move(inputs);
  return add_virtual(std::move(node));
}

StreamNodeId StreamGraphBuilder::add_partition(StreamNodeId input, Partitioning partitioning,
                                               CargoPtr selector) {
  VirtualNode node;
  node.kind = VirtualNode::Kind::Partition;
  node.inputs = {input};
  node.partitioning = partitioning;
  node.selector = std::move(selector);
  return add_virtual(std::move(node));
}

StreamNodeId StreamGraphBuilder::add_exchange(StreamNodeId input, ExchangeMode exchange) {
  VirtualNode node;
  node.kind = VirtualNode::Kind::Exchange;
  node.inputs = {input};
  node.exchange = exchange;
  return add_virtual(std::move(node));
}

StreamNodeId StreamGraphBuilder::add_side_output(StreamNodeId input, std::string tag, CargoPtr records) {
  VirtualNode node;
  node.kind = VirtualNode::Kind::SideOutput;
  node.inputs = {input};
  node.tag = std::move(tag);
  node.records = std::move(records);
  return add_virtual(std::move(node));
}

StreamNodeId StreamGraphBuilder::add_select(StreamNodeId input, std::vector<std::string> names) {
  VirtualNode node;
  node.kind = VirtualNode::Kind::Select;
  node.inputs = {input};
  node.names = std::move(names);
  return add_virtual(std::move(node));
}

const StreamNode& StreamGraph::node(StreamNodeId id) const {
  const auto found =
      std::lower_bound(nodes_.begin(), nodes_.end(), id,
                       [](const StreamNode& node, StreamNodeId wanted) { return node.id < wanted; });
  WEIR_CHECK(found != nodes_.end() && found->id == id, "no operator of this graph has this number");
  return *found;
}

std::vector<std::size_t> StreamGraph::in_edges(StreamNodeId id) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    if (edges_[i].target == id) found.push_back(i);
  }
  return found;
}

std::vector<std::size_t> StreamGraph::out_edges(StreamNodeId id) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    if (edges_[i].source == id) found.push_back(i);
  }
  return found;
}

}  // namespace weir
