// SPDX-License-Identifier: Apache-2.0
// The job of every schedule: two sources, whose every event takes effect at each of two sinks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/job_graph.h"
#include "test/sim/promises.h"
#include "test/sim/random.h"

namespace weir::sim {

struct JobPlan {
  JobGraph graph;
  std::uint64_t events_per_source = 0;
  std::uint64_t events_per_second = 100;
  bool keeps_state_in_files = false;
  std::uint32_t retained_checkpoints = 1;
  Duration adoption_grace{};    // of TaskManagers; zero: tasks end with their leader
  Duration adoption_timeout{};  // of JobManagers
  /// Its sources end when everything is healed and a checkpoint has completed since: one must.
  bool ends_late = false;
};

[[nodiscard]] JobPlan plan_job(Random& random);

/// What a task hands in for a checkpoint.
struct TaskState {
  std::vector<std::uint64_t> positions;  // by source: a source's own, or what a sink has read
  std::vector<Batch> batches;            // of a sink: not committed yet
};
[[nodiscard]] std::string encode(const TaskState& state);
[[nodiscard]] TaskState decode_state(std::string_view text);

}  // namespace weir::sim
