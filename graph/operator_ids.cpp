// SPDX-License-Identifier: Apache-2.0
// Ids by which state is found again. They must come out equal for every build of a program, on every machine
// and in every version of Weir: a change here makes old savepoints unreadable.
#include <algorithm>
#include <deque>
#include <set>

#include "graph/job_graph_generator.h"
#include "graph/murmur3.h"

namespace weir {
namespace {

/// Gives ids in the order of a breadth-first walk from the sources; an operator gets its turn once all its
/// inputs have theirs.
class OperatorIdWalk {
public:
  explicit OperatorIdWalk(const StreamGraph& graph) : graph_(graph) {}

  std::map<StreamNodeId, OperatorId> walk() {
    for (const StreamNode& node : graph_.nodes()) {
      if (graph_.in_edges(node.id).empty()) enqueue(node.id);
    }
    while (!waiting_.empty()) {
      const StreamNodeId id = waiting_.front();
      waiting_.pop_front();
      visit(id);
    }
    return std::move(ids_);
  }

private:
  void enqueue(StreamNodeId id) {
    if (seen_.insert(id).second) waiting_.push_back(id);
  }

  void visit(StreamNodeId id) {
    const auto inputs = graph_.in_edges(id);
    const bool ready = std::all_of(inputs.begin(), inputs.end(), [this](std::size_t edge) {
      return ids_.contains(graph_.edges()[edge].source);
    });
    if (!ready) {
      seen_.erase(id);  // its last input will bring it back
      return;
    }
    const StreamNode& node = graph_.node(id);
    ids_[id] = id_of<OperatorId>(node.uid.empty() ? structural_digest(id, inputs) : murmur3_128(node.uid));
    for (const std::size_t edge : graph_.out_edges(id)) enqueue(graph_.edges()[edge].target);
  }

  /// Of the operator's turn in the walk, of how many of its outputs are chained, and of its inputs' ids.
  [[nodiscard]] Digest structural_digest(StreamNodeId id, const std::vector<std::size_t>& inputs) const {
    const auto turn = static_cast<std::uint32_t>(ids_.size());
    HashInput place;
    place.add(turn);
    for (const std::size_t edge : graph_.out_edges(id)) {
      if (is_chainable(graph_, graph_.edges()[edge])) place.add(turn);
    }
    Digest digest = place.digest();
    for (const std::size_t edge : inputs) {
      const Digest input = digest_of(ids_.at(graph_.edges()[edge].source));
      for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(digest[i] * 37 ^ input[i]);
      }
    }
    return digest;
  }

  const StreamGraph& graph_;
  std::map<StreamNodeId, OperatorId> ids_;
  std::set<StreamNodeId> seen_;
  std::deque<StreamNodeId> waiting_;
};

}  // namespace

std::map<StreamNodeId, OperatorId> operator_ids(const StreamGraph& graph) {
  return OperatorIdWalk(graph).walk();
}

}  // namespace weir
