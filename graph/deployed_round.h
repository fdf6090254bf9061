// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "graph/job_graph.h"

namespace weir {

/// Names a set of attempts and the graph that they run: equal only for the same ones in the same places.
using RoundId = Id<struct RoundTag>;

/// The attempts that were deployed together for a job, latest of all. Written where the job is kept before
/// the first of them is: whoever leads next knows by it which of the tasks that still run are the job's, and
/// which were given up by a leader before.
struct DeployedRound {
  JobId job;
  LeaderSessionId deployed_by;       // none: nothing was deployed yet
  std::uint32_t attempt_number = 0;  // of all of them
  RoundId attempts;
  bool operator==(const DeployedRound&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, DeployedRound& x) {
  return f(x.job, x.deployed_by, x.attempt_number, x.attempts);
}

/// By vertex and subtask, in the order of the graph.
using AttemptTable = std::vector<std::vector<ExecutionAttemptId>>;

[[nodiscard]] RoundId round_id_of(const JobGraph& job, const AttemptTable& attempts);

/// Whether all of the job's tasks run at the same time, and nothing that is handed out to them is known to
/// their JobManager only. Then they may outlive it.
[[nodiscard]] bool can_be_adopted(const JobGraph& job);

}  // namespace weir
