// SPDX-License-Identifier: Apache-2.0
#include "graph/pipelined_regions.h"

#include <algorithm>
#include <map>

#include "graph/topology.h"

namespace weir {

PipelinedRegions::PipelinedRegions(std::span<const JobVertex> vertices) {
  struct Written {
    std::size_t vertex = 0;
    ExchangeMode exchange = ExchangeMode::Pipelined;
  };
  std::map<IntermediateDataSetId, Written> written;
  // Of what is connected, the smallest position is the root.
  std::vector<std::size_t> parent(vertices.size());
  const auto root_of = [&](std::size_t vertex) {
    while (parent[vertex] != vertex) vertex = parent[vertex] = parent[parent[vertex]];
    return vertex;
  };
  for (std::size_t position = 0; position < vertices.size(); ++position) {
    parent[position] = position;
    for (const JobEdge& input : vertices[position].inputs) {
      const auto read = written.find(input.data_set);
      if (read == written.end()) continue;
      if (read->second.exchange == ExchangeMode::Blocking) {
        blocking_.push_back({.producer = read->second.vertex, .consumer = position});
        continue;
      }
      const std::size_t one = root_of(read->second.vertex);
      const std::size_t other = root_of(position);
      parent[std::max(one, other)] = std::min(one, other);
    }
    for (const IntermediateDataSet& output : vertices[position].outputs) {
      written[output.id] = {.vertex = position, .exchange = output.exchange};
    }
  }
  std::map<std::size_t, std::size_t> by_root;
  for (std::size_t position = 0; position < vertices.size(); ++position) {
    const auto [region, is_new] = by_root.emplace(root_of(position), members_.size());
    if (is_new) members_.emplace_back();
    members_[region->second].push_back(position);
    region_of_.push_back(region->second);
  }
}

const PipelinedRegions::BlockingExchange* PipelinedRegions::find_deadlock() const {
  std::vector<Arc> arcs;
  for (const BlockingExchange& exchange : blocking_) {
    arcs.push_back({.from = region_of(exchange.producer), .to = region_of(exchange.consumer)});
  }
  const std::vector<std::size_t> cycle = sort_topologically(count(), arcs).cycle;
  if (cycle.empty()) return nullptr;
  const std::size_t next = cycle.size() == 1 ? cycle.front() : cycle[1];
  const auto on_cycle = std::find_if(arcs.begin(), arcs.end(), [&](const Arc& arc) {
    return arc.from == cycle.front() && arc.to == next;
  });
  return &blocking_[static_cast<std::size_t>(on_cycle - arcs.begin())];
}

}  // namespace weir
