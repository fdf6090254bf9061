// SPDX-License-Identifier: Apache-2.0
#include "graph/deployed_round.h"

#include <algorithm>

#include "graph/murmur3.h"

namespace weir {

RoundId round_id_of(const JobGraph& job, const AttemptTable& attempts) {
  HashInput input;
  input.add(digest_of(job.id));
  input.add(static_cast<std::uint32_t>(job.program.fingerprint >> 32));
  input.add(static_cast<std::uint32_t>(job.program.fingerprint));
  for (std::size_t vertex = 0; vertex < attempts.size(); ++vertex) {
    input.add(digest_of(job.vertices[vertex].id));
    input.add(static_cast<std::uint32_t>(attempts[vertex].size()));
    for (const ExecutionAttemptId& attempt : attempts[vertex]) input.add(digest_of(attempt));
  }
  return id_of<RoundId>(input.digest());
}

bool can_be_adopted(const JobGraph& job) {
  if (job.schedule_mode != ScheduleMode::Eager) return false;
  return std::all_of(job.vertices.begin(), job.vertices.end(), [](const JobVertex& vertex) {
    const bool waits_for_writers =
        std::any_of(vertex.outputs.begin(), vertex.outputs.end(), [](const IntermediateDataSet& output) {
          return output.exchange != ExchangeMode::Pipelined;
        });
    return vertex.input_splits.empty() && !waits_for_writers;
  });
}

}  // namespace weir
