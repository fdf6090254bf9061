// SPDX-License-Identifier: Apache-2.0
#include "graph/topology.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace weir {
namespace {

/// Follows the arcs backwards from some node that could not be sorted: each such node has a feeder that could
/// not be sorted either, so that the walk must come round to where it has been.
std::vector<std::size_t> find_cycle(std::size_t count, std::span<const Arc> arcs,
                                    const std::vector<bool>& sorted) {
  std::vector<std::size_t> unsorted_feeder(count, count);
  for (const Arc& arc : arcs) {
    if (!sorted[arc.from] && !sorted[arc.to]) unsorted_feeder[arc.to] = arc.from;
  }
  std::vector<std::size_t> path;
  std::vector<bool> seen(count, false);
  auto at = static_cast<std::size_t>(std::find(sorted.begin(), sorted.end(), false) - sorted.begin());
  for (; !seen[at]; at = unsorted_feeder[at]) {
    seen[at] = true;
    path.push_back(at);
  }
  path.erase(path.begin(), std::find(path.begin(), path.end(), at));
  std::reverse(path.begin(), path.end());
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
  return path;
}

}  // namespace

TopologicalOrder sort_topologically(std::size_t count, std::span<const Arc> arcs) {
  std::vector<std::size_t> open_inputs(count, 0);
  std::vector<std::vector<std::size_t>> targets(count);
  for (const Arc& arc : arcs) {
    ++open_inputs[arc.to];
    targets[arc.from].push_back(arc.to);
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t node = 0; node < count; ++node) {
    if (open_inputs[node] == 0) ready.push(node);
  }

  TopologicalOrder result;
  std::vector<bool> sorted(count, false);
  while (!ready.empty()) {
    const std::size_t node = ready.top();
    ready.pop();
    sorted[node] = true;
    result.order.push_back(node);
    for (const std::size_t target : targets[node]) {
      if (--open_inputs[target] == 0) ready.push(target);
    }
  }
  if (result.order.size() < count) return {.order = {}, .cycle = find_cycle(count, arcs, sorted)};
  return result;
}

}  // namespace weir
