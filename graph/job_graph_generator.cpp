// SPDX-License-Identifier: Apache-2.0
#include "graph/job_graph_generator.h"

#include <algorithm>

#include "graph/murmur3.h"
#include "graph/topology.h"

namespace weir {
namespace {

JobVertexId vertex_id_of(OperatorId head) { return {head.high, head.low}; }

/// The operators of one future vertex.
struct Chain {
  std::vector<StreamNodeId> members;       // head first, each after the one that calls it
  std::vector<std::size_t> leaving_edges;  // indices into StreamGraph::edges()
  std::string name;
};

class JobGraphGenerator {
public:
  explicit JobGraphGenerator(const StreamGraph& graph) : graph_(graph), ids_(operator_ids(graph)) {}

  std::vector<JobVertex> vertices() {
    const std::vector<StreamNodeId> heads = chain_heads();
    for (const StreamNodeId head : heads) {
      Chain chain;
      chain.name = extend(chain, head);
      name_data_sets(head, chain);
      chains_[head] = std::move(chain);
    }
    std::vector<JobVertex> vertices;
    for (const StreamNodeId head : heads) vertices.push_back(make_vertex(head));
    return vertices;
  }

private:
  struct DataSet {
    IntermediateDataSetId id;
    StreamNodeId head = 0;  // of the chain that writes it
  };

  /// Producers before consumers.
  [[nodiscard]] std::vector<StreamNodeId> chain_heads() const;
  /// Adds `member` and all that join it. Returns how they are named: "A", "A -> B", "A -> (B, C)".
  std::string extend(Chain& chain, StreamNodeId member) const;
  void name_data_sets(StreamNodeId head, const Chain& chain);
  [[nodiscard]] JobVertex make_vertex(StreamNodeId head) const;

  const StreamGraph& graph_;
  const std::map<StreamNodeId, OperatorId> ids_;
  std::map<StreamNodeId, Chain> chains_;      // by head
  std::map<std::size_t, DataSet> data_sets_;  // by edge
};

std::vector<StreamNodeId> JobGraphGenerator::chain_heads() const {
  std::map<StreamNodeId, std::size_t> position;
  for (const StreamNode& node : graph_.nodes()) position.emplace(node.id, position.size());
  std::vector<bool> is_head(position.size(), true);
  std::vector<Arc> arcs;
  for (const StreamEdge& edge : graph_.edges()) {
    arcs.push_back({.from = position.at(edge.source), .to = position.at(edge.target)});
    if (is_chainable(graph_, edge)) is_head[position.at(edge.target)] = false;
  }
  std::vector<StreamNodeId> heads;
  for (const std::size_t i : sort_topologically(position.size(), arcs).order) {
    if (is_head[i]) heads.push_back(graph_.nodes()[i].id);
  }
  return heads;
}

std::string JobGraphGenerator::extend(Chain& chain, StreamNodeId member) const {
  chain.members.push_back(member);
  std::vector<std::string> joined;
  for (const std::size_t i : graph_.out_edges(member)) {
    const StreamEdge& edge = graph_.edges()[i];
    if (is_chainable(graph_, edge)) {
      joined.push_back(extend(chain, edge.target));
    } else {
      chain.leaving_edges.push_back(i);
    }
  }
  const std::string own = display_name(graph_.node(member));
  if (joined.empty()) return own;
  if (joined.size() == 1) return own + " -> " + joined.front();
  std::string list = joined.front();
  for (std::size_t i = 1; i < joined.size(); ++i) list += ", " + joined[i];
  return own + " -> (" + list + ")";
}

/// From the vertex and the data set's number in it, so that every build of the program names them alike.
void JobGraphGenerator::name_data_sets(StreamNodeId head, const Chain& chain) {
  for (std::size_t number = 0; number < chain.leaving_edges.size(); ++number) {
    HashInput input;
    input.add(digest_of(ids_.at(head)));
    input.add(static_cast<std::uint32_t>(number));
    data_sets_[chain.leaving_edges[number]] = {.id = id_of<IntermediateDataSetId>(input.digest()),
                                               .head = head};
  }
}

JobVertex JobGraphGenerator::make_vertex(StreamNodeId head_id) const {
  const Chain& chain = chains_.at(head_id);
  const StreamNode& head = graph_.node(head_id);
  JobVertex vertex;
  vertex.id = vertex_id_of(ids_.at(head_id));
  vertex.name = chain.name;
  vertex.parallelism = head.parallelism;
  vertex.max_parallelism_is_set = head.max_parallelism != 0;
  vertex.max_parallelism =
      vertex.max_parallelism_is_set ? head.max_parallelism : default_max_parallelism(head.parallelism);
  vertex.slot_sharing_group = head.slot_sharing_group;
  vertex.co_location_group = head.co_location_group;
  if (head.feedback_to != 0) vertex.feedback_to = vertex_id_of(ids_.at(head.feedback_to));
  vertex.can_stop = head.can_stop;
  for (const StreamNodeId member : chain.members) {
    const StreamNode& node = graph_.node(member);
    vertex.operators.push_back(
        {.id = ids_.at(member),
         .node = member,
         .name = display_name(node),
         .uid = node.uid,
         .states = node.states});
  }
  for (const std::size_t i : graph_.in_edges(head_id)) {
    const StreamEdge& edge = graph_.edges()[i];
    const DataSet& read = data_sets_.at(i);
    vertex.inputs.push_back({.data_set = read.id,
                             .producer = vertex_id_of(ids_.at(read.head)),
                             .partitioning = edge.partitioning,
                             .input_index = edge.input_index});
  }
  for (const std::size_t i : chain.leaving_edges) {
    vertex.outputs.push_back({.id = data_sets_.at(i).id,
                              .edge = static_cast<std::uint32_t>(i),
                              .partitioning = graph_.edges()[i].partitioning,
                              .exchange = graph_.edges()[i].exchange});
  }
  return vertex;
}

/// A chain's head is its first operator.
const StreamNode& head_of(const StreamGraph& graph, const JobVertex& vertex) {
  return graph.node(vertex.operators.front().node);
}

}  // namespace

void cut_input(const StreamGraph& graph, JobGraph& job) {
  for (JobVertex& vertex : job.vertices) {
    const auto& cut = head_of(graph, vertex).make_input_splits;
    if (cut) vertex.input_splits = cut(vertex.parallelism);
  }
}

Result<JobGraph> generate_job_graph(const StreamGraph& graph, JobId id, ProgramReference program) {
  JobGraph job;
  job.id = id;
  job.name = graph.settings().job_name;
  job.program = std::move(program);
  job.restart = graph.settings().restart;
  job.queued_scheduling = graph.settings().queued_scheduling;
  job.schedule_mode = graph.settings().schedule_mode;
  job.checkpoints = graph.settings().checkpoints;
  job.vertices = JobGraphGenerator(graph).vertices();
  if (const Status valid = validate(job); !valid) return valid.error();
  return job;
}

}  // namespace weir
