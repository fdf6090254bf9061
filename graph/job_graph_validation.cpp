// SPDX-License-Identifier: Apache-2.0
// validate(): what a JobManager must know of a graph before it may rely on it. The graph came over the wire.
#include <algorithm>
#include <map>
#include <set>

#include "graph/job_graph.h"
#include "graph/job_graph_limits.h"
#include "graph/pipelined_regions.h"

namespace weir {
namespace {

Error invalid(std::string what) { return Error{ErrorCode::InvalidGraph, std::move(what)}; }

std::string quoted(const JobVertex& vertex) { return "\"" + vertex.name + "\""; }
std::string label(const JobVertex& vertex) { return "vertex " + quoted(vertex); }

/// Walks the vertices once, in order. What a vertex reads must have been met before: this refuses cycles.
class JobGraphValidation {
public:
  Status check(const JobGraph& graph) {
    if (graph.id.is_none()) return invalid("the job has no id");
    if (graph.vertices.empty()) return invalid("the job has no vertices");
    if (const Status within = check_limits(graph); !within) return within;
    for (const JobVertex& vertex : graph.vertices) {
      for (const auto step : {&JobGraphValidation::check_parallelism, &JobGraphValidation::check_operators,
                              &JobGraphValidation::check_co_location, &JobGraphValidation::check_feedback,
                              &JobGraphValidation::check_inputs, &JobGraphValidation::add_outputs}) {
        if (const Status done = (this->*step)(vertex); !done) return done;
      }
    }
    if (unread_.empty()) return check_exchanges(graph);
    return invalid("nobody reads what " + label(*unread_.begin()->second.producer) + " writes");
  }

private:
  struct Written {
    const JobVertex* producer = nullptr;
    Partitioning partitioning = Partitioning::Forward;
  };

  Status check_parallelism(const JobVertex& vertex);
  Status check_operators(const JobVertex& vertex);
  Status check_co_location(const JobVertex& vertex);
  Status check_feedback(const JobVertex& vertex);
  Status check_inputs(const JobVertex& vertex);
  Status check_input(const JobVertex& vertex, const JobEdge& input);
  Status add_outputs(const JobVertex& vertex);
  Status check_exchanges(const JobGraph& graph);

  std::set<OperatorId> operators_;
  std::map<JobVertexId, const JobVertex*> sources_;     // that nothing was fed back to yet
  std::map<std::string, const JobVertex*> co_located_;  // the first of each group
  std::set<IntermediateDataSetId> data_sets_;           // all that were met
  std::map<IntermediateDataSetId, Written> unread_;     // those that no vertex reads yet
};

Status JobGraphValidation::check_parallelism(const JobVertex& vertex) {
  if (vertex.max_parallelism < 1 || vertex.max_parallelism > kMaxParallelismLimit) {
    return invalid(label(vertex) + " has maximum parallelism " + std::to_string(vertex.max_parallelism) +
                   "; it must lie between 1 and " + std::to_string(kMaxParallelismLimit));
  }
  if (vertex.parallelism < 1 || vertex.parallelism > vertex.max_parallelism) {
    return invalid(label(vertex) + " has parallelism " + std::to_string(vertex.parallelism) +
                   "; it must lie between 1 and its maximum, " + std::to_string(vertex.max_parallelism));
  }
  return Status::ok();
}

/// Vertex ids are ids of operators: unique operators make unique vertices.
Status JobGraphValidation::check_operators(const JobVertex& vertex) {
  if (vertex.operators.empty()) return invalid(label(vertex) + " has no operators");
  const OperatorId head = vertex.operators.front().id;
  if (vertex.id != JobVertexId{head.high, head.low}) {
    return invalid(label(vertex) + " does not bear the id of its first operator");
  }
  for (const ChainedOperator& chained : vertex.operators) {
    if (chained.id.is_none()) {
      return invalid("operator \"" + chained.name + "\" of " + label(vertex) + " has no id");
    }
    if (operators_.insert(chained.id).second) continue;
    return invalid("operator \"" + chained.name + "\" of " + label(vertex) + " has the id of another one, " +
                   chained.id.hex());
  }
  return Status::ok();
}

Status JobGraphValidation::check_co_location(const JobVertex& vertex) {
  if (vertex.co_location_group.empty()) return Status::ok();
  const JobVertex& first = *co_located_.emplace(vertex.co_location_group, &vertex).first->second;
  if (first.parallelism == vertex.parallelism && first.slot_sharing_group == vertex.slot_sharing_group) {
    return Status::ok();
  }
  return invalid(label(first) + " and " + label(vertex) + " of co-location group \"" +
                 vertex.co_location_group + "\" must have the same parallelism and slot sharing group");
}

/// Both ends of an iteration must find each other in one process.
Status JobGraphValidation::check_feedback(const JobVertex& vertex) {
  if (vertex.inputs.empty()) sources_.emplace(vertex.id, &vertex);
  if (vertex.feedback_to.is_none()) return Status::ok();
  const auto head = sources_.find(vertex.feedback_to);
  if (head == sources_.end() || vertex.inputs.empty() || !vertex.outputs.empty())
    return invalid(label(vertex) + " feeds back to what is not the beginning of its iteration");
  if (vertex.co_location_group.empty() || vertex.co_location_group != head->second->co_location_group)
    return invalid(label(vertex) + " and " + label(*head->second) +
                   " are the two ends of an iteration and must be co-located");
  sources_.erase(head);
  return Status::ok();
}

Status JobGraphValidation::check_inputs(const JobVertex& vertex) {
  const bool ascending =
      std::is_sorted(vertex.inputs.begin(), vertex.inputs.end(),
                     [](const auto& a, const auto& b) { return a.input_index < b.input_index; });
  if (!ascending) return invalid("the inputs of " + label(vertex) + " are out of order");
  for (const JobEdge& input : vertex.inputs) {
    if (const Status done = check_input(vertex, input); !done) return done;
  }
  return Status::ok();
}

Status JobGraphValidation::check_input(const JobVertex& vertex, const JobEdge& input) {
  const auto read = unread_.find(input.data_set);
  if (read == unread_.end()) {
    return invalid(label(vertex) + (data_sets_.contains(input.data_set)
                                        ? " reads a data set that is read already"
                                        : " reads a data set that no vertex before it writes"));
  }
  const Written written = read->second;
  if (input.producer != written.producer->id || input.partitioning != written.partitioning) {
    return invalid(label(vertex) + " and " + label(*written.producer) +
                   " disagree about the edge between them");
  }
  if (input.partitioning == Partitioning::Forward && written.producer->parallelism != vertex.parallelism) {
    return invalid(label(*written.producer) + " with parallelism " +
                   std::to_string(written.producer->parallelism) + " cannot forward to " + label(vertex) +
                   " with parallelism " + std::to_string(vertex.parallelism));
  }
  unread_.erase(read);
  return Status::ok();
}

Status JobGraphValidation::add_outputs(const JobVertex& vertex) {
  for (const IntermediateDataSet& output : vertex.outputs) {
    if (output.partitioning > Partitioning::Custom) {
      return invalid(label(vertex) + " partitions in a way that does not exist");
    }
    if (output.exchange > ExchangeMode::Blocking) {
      return invalid(label(vertex) + " hands its records over in a way that does not exist");
    }
    if (!data_sets_.insert(output.id).second) {
      return invalid(label(vertex) + " writes the data set " + output.id.hex() + ", which exists already");
    }
    unread_[output.id] = {.producer = &vertex, .partitioning = output.partitioning};
  }
  return Status::ok();
}

Status JobGraphValidation::check_exchanges(const JobGraph& graph) {
  if (graph.schedule_mode > ScheduleMode::LazyFromSources) {
    return invalid("the job wants to be scheduled in a way that does not exist");
  }
  const PipelinedRegions regions(graph.vertices);
  if (regions.blocking_exchanges().empty()) return Status::ok();
  if (graph.checkpoints.is_periodic()) {
    return invalid("the job takes checkpoints, but what passes a blocking exchange is in none of them; "
                   "make all exchanges pipelined or take no checkpoints");
  }
  const auto* deadlock = regions.find_deadlock();
  if (deadlock == nullptr) return Status::ok();
  return invalid(label(graph.vertices[deadlock->consumer]) + " would wait for the end of " +
                 label(graph.vertices[deadlock->producer]) +
                 ", which cannot end before it runs; make the other exchanges between them blocking too");
}

}  // namespace

Status validate(const JobGraph& graph) { return JobGraphValidation().check(graph); }

}  // namespace weir
