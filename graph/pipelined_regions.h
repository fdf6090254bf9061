// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/job_graph.h"

namespace weir {

/// The parts of a job that run one after the other: vertices that pipelined exchanges connect must run at the
/// same time and are of one region; what blocking exchanges connect may be of two.
///
/// Unit:    vertices and regions are positions; vertices those in JobGraph::vertices.
/// Errors:  none; inputs of unknown data sets are left out.
class PipelinedRegions {
public:
  explicit PipelinedRegions(std::span<const JobVertex> vertices);

  [[nodiscard]] std::size_t count() const { return members_.size(); }
  [[nodiscard]] std::size_t region_of(std::size_t vertex) const { return region_of_[vertex]; }
  /// Ascending: producers before consumers.
  [[nodiscard]] const std::vector<std::size_t>& members(std::size_t region) const { return members_[region]; }

  /// A blocking exchange, by the positions of its two vertices.
  struct BlockingExchange {
    std::size_t producer = 0;
    std::size_t consumer = 0;
  };
  [[nodiscard]] const std::vector<BlockingExchange>& blocking_exchanges() const { return blocking_; }
  /// One whose producer can only end after its consumer has run, so that neither ever does; null: there is
  /// none.
  [[nodiscard]] const BlockingExchange* find_deadlock() const;

private:
  std::vector<std::size_t> region_of_;  // by vertex
  std::vector<std::vector<std::size_t>> members_;
  std::vector<BlockingExchange> blocking_;
};

}  // namespace weir
