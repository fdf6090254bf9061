// SPDX-License-Identifier: Apache-2.0
// StreamGraphBuilder::build(): what the program said becomes a graph of real operators, or one line that says
// what is wrong with it.
#include <algorithm>
#include <map>
#include <optional>

#include "base/ids.h"
#include "graph/iteration_check.h"
#include "graph/stream_graph.h"
#include "graph/topology.h"

namespace weir {
namespace {

Error invalid(std::string what) { return Error{ErrorCode::InvalidGraph, std::move(what)}; }

std::string quoted(const StreamNode& node) { return "\"" + display_name(node) + "\""; }
std::string label(const StreamNode& node) {
  return "operator " + std::to_string(node.id) + " " + quoted(node);
}

/// What the virtual nodes between a consumer and its producer have said so far. The first to speak is the
/// nearest to the consumer, and it stays.
struct EdgeTraits {
  std::optional<Partitioning> partitioning;
  CargoPtr selector;
  std::optional<ExchangeMode> exchange;
  std::string side_output;
  CargoPtr side_output_records;
  std::vector<std::string> selected_names;
};

}  // namespace

class StreamGraphResolver {
public:
  explicit StreamGraphResolver(const StreamGraphBuilder& program)
      : program_(program), nodes_(program.nodes_) {}

  Result<StreamGraph> resolve() {
    using Step = Status (StreamGraphResolver::*)();
    for (const Step step : {&StreamGraphResolver::resolve_settings, &StreamGraphResolver::check_uids,
                            &StreamGraphResolver::resolve_edges, &StreamGraphResolver::check_inputs,
                            &StreamGraphResolver::sort, &StreamGraphResolver::check_iterations,
                            &StreamGraphResolver::resolve_partitionings}) {
      if (const Status done = (this->*step)(); !done) return done.error();
    }
    inherit_slot_sharing_groups();
    join_ends_of_iterations();
    return StreamGraph(program_.settings_, std::move(nodes_), std::move(edges_));
  }

private:
  using VirtualNode = StreamGraphBuilder::VirtualNode;

  Status resolve_settings();
  Status resolve_parallelism(StreamNode& node) const;
  Status check_uids();
  Status resolve_edges();
  Status trace(StreamNodeId source, const EdgeTraits& traits, const StreamGraphBuilder::Connection& end);
  Status check_inputs();
  Status sort();
  Status check_iterations() { return weir::check_iterations(nodes_, edges_); }
  Status resolve_partitionings();
  void inherit_slot_sharing_groups();
  void join_ends_of_iterations();

  [[nodiscard]] std::size_t index_of(StreamNodeId real) const {
    return program_.slots_[static_cast<std::size_t>(real) - 1].index;
  }
  [[nodiscard]] const StreamNode& node(StreamNodeId real) const { return nodes_[index_of(real)]; }

  const StreamGraphBuilder& program_;
  std::vector<StreamNode> nodes_;
  std::vector<StreamEdge> edges_;
  std::vector<bool> partitioning_is_set_;  // by edge, as long as they are being traced
  std::vector<std::size_t> order_;         // of nodes_, producers first
};

Status StreamGraphResolver::resolve_settings() {
  if (nodes_.empty()) return invalid("the program has no operators; begin with a source");
  for (StreamNode& node : nodes_) {
    if (node.feedback_to != 0) {  // its beginning was said before it
      const StreamNode& head = nodes_[index_of(node.feedback_to)];
      node.parallelism = head.parallelism;
      node.max_parallelism = head.max_parallelism;
    }
    if (const Status done = resolve_parallelism(node); !done) return done;
    if (node.buffer_timeout == kInheritBufferTimeout) node.buffer_timeout = program_.settings_.buffer_timeout;
    if (node.managed_memory_weight != 0 && program_.settings_.checkpoints.is_periodic()) {
      return invalid(label(node) + " holds its input until that has ended, and no checkpoint has it; take no "
                                   "checkpoints of this job");
    }
  }
  return Status::ok();
}

Status StreamGraphResolver::resolve_parallelism(StreamNode& node) const {
  if (node.parallelism == 0) node.parallelism = program_.settings_.parallelism;
  if (node.max_parallelism == 0) node.max_parallelism = program_.settings_.max_parallelism;
  if (node.parallelism == 0) return invalid(label(node) + " has parallelism 0; it must be at least 1");
  if (node.max_parallelism > kMaxParallelismLimit) {
    return invalid(label(node) + " has maximum parallelism " + std::to_string(node.max_parallelism) +
                   "; the limit is " + std::to_string(kMaxParallelismLimit));
  }
  const std::uint32_t highest = node.max_parallelism == 0 ? kMaxParallelismLimit : node.max_parallelism;
  if (node.parallelism > highest) {
    return invalid(label(node) + " has parallelism " + std::to_string(node.parallelism) +
                   " but may have at most " + std::to_string(highest));
  }
  return Status::ok();
}

Status StreamGraphResolver::check_uids() {
  std::map<std::string, const StreamNode*> by_uid;
  std::map<OperatorId, const StreamNode*> by_hash;
  for (const StreamNode& node : nodes_) {
    if (!node.uid.empty()) {
      const auto [first, is_new] = by_uid.emplace(node.uid, &node);
      if (!is_new) {
        return invalid(label(*first->second) + " and " + label(node) + " have the same uid \"" + node.uid +
                       "\"");
      }
    }
    if (node.uid_hash.empty()) continue;
    const auto hash = OperatorId::parse(node.uid_hash);
    if (!hash) {
      return invalid(label(node) + " has the uid hash \"" + node.uid_hash + "\"; it must be 32 hex digits");
    }
    const auto [first, is_new] = by_hash.emplace(*hash, &node);
    if (!is_new) return invalid(label(*first->second) + " and " + label(node) + " have the same uid hash");
  }
  return Status::ok();
}

Status StreamGraphResolver::resolve_edges() {
  auto connections = program_.connections_;
  std::stable_sort(connections.begin(), connections.end(), [](const auto& a, const auto& b) {
    return std::pair(a.target, a.input_index) < std::pair(b.target, b.input_index);
  });
  for (const auto& connection : connections) {
    const StreamNode& target = node(connection.target);
    if (connection.input_index >= target.input_count) {
      return invalid(label(target) + " has " + std::to_string(target.input_count) +
                     " inputs, but its input " + std::to_string(connection.input_index + 1) +
                     " is connected");
    }
    if (const Status done = trace(connection.source, {}, connection); !done) return done;
  }
  return Status::ok();
}

/// Walks from a consumer towards its producers and adds an edge for each that it finds.
Status StreamGraphResolver::trace(StreamNodeId source, const EdgeTraits& traits,
                                  const StreamGraphBuilder::Connection& end) {
  if (source < 1 || static_cast<std::size_t>(source) > program_.slots_.size()) {
    return invalid("an input of " + label(node(end.target)) + " comes from another program");
  }
  if (program_.is_real(source)) {
    if (!traits.side_output.empty() && node(source).kind == StreamNode::Kind::Source)
      return invalid(label(node(source)) + " is a source and has no side output \"" + traits.side_output +
                     "\"");
    edges_.push_back({.source = source,
                      .target = end.target,
                      .input_index = end.input_index,
                      .partitioning = traits.partitioning.value_or(Partitioning::Forward),
                      .exchange = traits.exchange.value_or(ExchangeMode::Pipelined),
                      .selector = traits.selector,
                      .side_output = traits.side_output,
                      .side_output_records = traits.side_output_records,
                      .selected_names = traits.selected_names});
    partitioning_is_set_.push_back(traits.partitioning.has_value());
    return Status::ok();
  }
  const VirtualNode& passed = program_.virtual_nodes_[index_of(source)];
  EdgeTraits further = traits;
  if (passed.kind == VirtualNode::Kind::Partition && !further.partitioning) {
    further.partitioning = passed.partitioning;
    further.selector = passed.selector;
  }
  if (passed.kind == VirtualNode::Kind::Exchange && !further.exchange) further.exchange = passed.exchange;
  if (passed.kind == VirtualNode::Kind::SideOutput && further.side_output.empty()) {
    further.side_output = passed.tag;
    further.side_output_records = passed.records;
  }
  if (passed.kind == VirtualNode::Kind::Select && further.selected_names.empty()) {
    further.selected_names = passed.names;
  }
  for (const StreamNodeId input : passed.inputs) {
    // What a virtual node reads was there before it: this is why the walk ends.
    if (input >= source) {
      return invalid("an input of " + label(node(end.target)) + " comes from another program");
    }
    if (const Status done = trace(input, further, end); !done) return done;
  }
  return Status::ok();
}

Status StreamGraphResolver::check_inputs() {
  std::vector<std::vector<bool>> connected;
  for (const StreamNode& node : nodes_) {
    const bool is_source = node.kind == StreamNode::Kind::Source;
    if (is_source && node.input_count != 0) return invalid(label(node) + " is a source but has inputs");
    if (!is_source && node.input_count == 0) return invalid(label(node) + " has no input and is no source");
    connected.emplace_back(node.input_count, false);
  }
  for (const StreamEdge& edge : edges_) connected[index_of(edge.target)][edge.input_index] = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto missing = std::find(connected[i].begin(), connected[i].end(), false);
    if (missing == connected[i].end()) continue;
    return invalid(label(nodes_[i]) + " is not connected: its input " +
                   std::to_string(missing - connected[i].begin() + 1) + " of " +
                   std::to_string(nodes_[i].input_count) + " reads from nowhere");
  }
  return Status::ok();
}

Status StreamGraphResolver::sort() {
  std::vector<Arc> arcs;
  for (const StreamEdge& edge : edges_) {
    arcs.push_back({.from = index_of(edge.source), .to = index_of(edge.target)});
  }
  TopologicalOrder sorted = sort_topologically(nodes_.size(), arcs);
  if (sorted.cycle.empty()) {
    order_ = std::move(sorted.order);
    return Status::ok();
  }
  std::string round = label(nodes_[sorted.cycle.front()]);
  for (std::size_t i = 1; i < sorted.cycle.size(); ++i) round += " -> " + quoted(nodes_[sorted.cycle[i]]);
  return invalid(round + " -> " + quoted(nodes_[sorted.cycle.front()]) +
                 " form a cycle; records would never leave it");
}

Status StreamGraphResolver::resolve_partitionings() {
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    StreamEdge& edge = edges_[i];
    const StreamNode& source = node(edge.source);
    const StreamNode& target = node(edge.target);
    const bool equal = source.parallelism == target.parallelism;
    if (!partitioning_is_set_[i]) edge.partitioning = equal ? Partitioning::Forward : Partitioning::Rebalance;
    if (edge.partitioning != Partitioning::Forward || equal) continue;
    return invalid("forward from " + label(source) + " with parallelism " +
                   std::to_string(source.parallelism) + " to " + label(target) + " with parallelism " +
                   std::to_string(target.parallelism) +
                   " is not possible: they must be equal; use rescale or rebalance");
  }
  return Status::ok();
}

/// Its own group, else the one that all inputs agree on, else "default".
void StreamGraphResolver::inherit_slot_sharing_groups() {
  std::vector<std::vector<std::size_t>> producers(nodes_.size());
  for (const StreamEdge& edge : edges_) producers[index_of(edge.target)].push_back(index_of(edge.source));
  for (const std::size_t i : order_) {
    std::string& group = nodes_[i].slot_sharing_group;
    if (!group.empty()) continue;
    group = producers[i].empty() ? kDefaultSlotSharingGroup : nodes_[producers[i].front()].slot_sharing_group;
    const bool agreed = std::all_of(producers[i].begin(), producers[i].end(),
                                    [&](std::size_t p) { return nodes_[p].slot_sharing_group == group; });
    if (!agreed) group = kDefaultSlotSharingGroup;
  }
}

/// Subtask i of the end runs in the slot of subtask i of the beginning.
void StreamGraphResolver::join_ends_of_iterations() {
  for (StreamNode& end : nodes_) {
    if (end.feedback_to == 0) continue;
    StreamNode& head = nodes_[index_of(end.feedback_to)];
    head.co_location_group = "iteration " + std::to_string(head.id);
    end.co_location_group = head.co_location_group;
    end.slot_sharing_group = head.slot_sharing_group;
  }
}

Result<StreamGraph> StreamGraphBuilder::build() const { return StreamGraphResolver(*this).resolve(); }

}  // namespace weir
