// SPDX-License-Identifier: Apache-2.0
#include "graph/job_graph.h"

#include <algorithm>
#include <bit>
#include <map>

namespace weir {

const JobVertex* JobGraph::find(JobVertexId vertex) const {
  const auto found =
      std::find_if(vertices.begin(), vertices.end(), [&](const JobVertex& v) { return v.id == vertex; });
  return found == vertices.end() ? nullptr : &*found;
}

std::uint32_t JobGraph::required_slots() const {
  std::map<std::string, std::uint32_t> by_group;
  for (const JobVertex& vertex : vertices) {
    std::uint32_t& slots = by_group[vertex.slot_sharing_group];
    slots = std::max(slots, vertex.parallelism);
  }
  std::uint32_t sum = 0;
  for (const auto& [group, slots] : by_group) sum += slots;
  return sum;
}

std::uint32_t default_max_parallelism(std::uint32_t parallelism) {
  constexpr std::uint32_t kLowest = 128;
  if (parallelism >= kMaxParallelismLimit) return kMaxParallelismLimit;
  return std::clamp(std::bit_ceil(parallelism + parallelism / 2), kLowest, kMaxParallelismLimit);
}

}  // namespace weir
