// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace weir {

/// A directed connection between two of n things that are numbered from 0.
struct Arc {
  std::size_t from = 0;
  std::size_t to = 0;
};

struct TopologicalOrder {
  std::vector<std::size_t> order;  // each after all that feed it; empty if there is a cycle
  std::vector<std::size_t> cycle;  // one cycle in the direction of its arcs; empty if there is none
};

/// Among those that may come next the smallest number is next.
[[nodiscard]] TopologicalOrder sort_topologically(std::size_t count, std::span<const Arc> arcs);

}  // namespace weir
