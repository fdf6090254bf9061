// SPDX-License-Identifier: Apache-2.0
#include "graph/iteration_check.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace weir {
namespace {

using NodeSet = std::set<StreamNodeId>;

Error invalid(std::string what) { return Error{ErrorCode::InvalidGraph, std::move(what)}; }

std::string label(const StreamNode& head) {
  return "iteration \"" + head.name + "\" (operator " + std::to_string(head.id) + ")";
}

/// `from`, and what it leads to: forwards along the edges, or backwards.
NodeSet reachable(StreamNodeId from, const std::vector<StreamEdge>& edges, bool forwards) {
  NodeSet met{from};
  std::vector<StreamNodeId> open{from};
  while (!open.empty()) {
    const StreamNodeId at = open.back();
    open.pop_back();
    for (const StreamEdge& edge : edges) {
      if ((forwards ? edge.source : edge.target) != at) continue;
      const StreamNodeId next = forwards ? edge.target : edge.source;
      if (met.insert(next).second) open.push_back(next);
    }
  }
  return met;
}

/// The operators on the ways from one to the other, with both.
NodeSet between(StreamNodeId head, StreamNodeId end, const std::vector<StreamEdge>& edges) {
  const NodeSet after = reachable(head, edges, true);
  const NodeSet before = reachable(end, edges, false);
  NodeSet both;
  std::ranges::set_intersection(after, before, std::inserter(both, both.begin()));
  return both;
}

Status check_body(const StreamNode& head, StreamNodeId end, const NodeSet& body,
                  const std::vector<StreamEdge>& edges) {
  if (body.empty())
    return invalid(label(head) + " is closed with a stream that does not come out of it: its records would "
                                 "never go round");
  if (std::ranges::any_of(edges, [&](const auto& e) { return e.source == head.id && e.target == end; }))
    return invalid(label(head) + " is closed with itself: its records would go round for ever. Close it with "
                                 "what an operator makes of them");
  for (const StreamEdge& edge : edges) {
    if (edge.exchange != ExchangeMode::Blocking || !body.contains(edge.source) || !body.contains(edge.target))
      continue;
    return invalid(label(head) + " has a blocking exchange inside: what reads it would wait for its own end");
  }
  return Status::ok();
}

}  // namespace

Status check_iterations(const std::vector<StreamNode>& nodes, const std::vector<StreamEdge>& edges) {
  std::map<StreamNodeId, StreamNodeId> end_of;
  for (const StreamNode& node : nodes)
    if (node.feedback_to != 0) end_of[node.feedback_to] = node.id;
  std::map<StreamNodeId, const StreamNode*> iteration_of;  // by operator inside
  for (const StreamNode& head : nodes) {
    if (!head.begins_iteration) continue;
    const auto end = end_of.find(head.id);
    if (end == end_of.end())
      return invalid(label(head) + " has no end: close_with() says what is fed back to it");
    const NodeSet body = between(head.id, end->second, edges);
    if (const Status done = check_body(head, end->second, body, edges); !done) return done;
    for (const StreamNodeId inside : body) {
      const auto [other, is_free] = iteration_of.emplace(inside, &head);
      if (!is_free)
        return invalid(label(*other->second) + " and " + label(head) + " share operator " +
                       std::to_string(inside) + "; an iteration cannot be inside another one");
    }
  }
  return Status::ok();
}

}  // namespace weir
