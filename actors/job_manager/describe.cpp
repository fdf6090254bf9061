// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "actors/job_manager/running_job.h"

namespace weir {

namespace {

/// "Keyed Sum (2/4): <what happened> [on host:port]", each part only where it says something new: a task that
/// fails by itself says which operator of which subtask it was.
std::string text_of(const JobFailure& failure) {
  std::string text = failure.error.what;
  const std::size_t subtask = failure.task.rfind('(');
  if (subtask != std::string::npos && text.find(failure.task.substr(subtask)) == std::string::npos) {
    text = failure.task + ": " + text;
  }
  if (!failure.data_address.empty()) text += " [on " + failure.data_address + "]";
  return text;
}

SubtaskDetails describe(const ExecutionVertex& vertex) {
  const Execution& attempt = vertex.current();
  SubtaskDetails details{.subtask = vertex.subtask(),
                         .attempt = attempt.id(),
                         .attempt_number = attempt.attempt_number(),
                         .state = attempt.state(),
                         .data_address = attempt.has_slot() ? attempt.slot().data_address : std::string(),
                         .failure = attempt.failure(),
                         .counters = attempt.counters()};
  for (std::size_t state = 0; state < details.entered.size(); ++state)
    details.entered[state] = attempt.entered(static_cast<ExecutionState>(state));
  return details;
}

VertexDetails describe(const ExecutionJobVertex& vertex) {
  VertexDetails details{.vertex = vertex.definition().id,
                        .name = vertex.definition().name,
                        .max_parallelism = vertex.definition().max_parallelism,
                        .state = vertex.aggregate_state(),
                        .subtasks = {}};
  for (const ExecutionVertex& subtask : vertex.subtasks()) details.subtasks.push_back(describe(subtask));
  return details;
}

}  // namespace

JobDetails describe(const ExecutionGraph& graph) {
  const JobProgress& progress = graph.progress();
  JobDetails details{.job = graph.job_graph().id,
                     .name = graph.job_graph().name,
                     .status = progress.status,
                     .entered = progress.entered,
                     .failure = progress.failure ? text_of(*progress.failure) : std::string(),
                     .waiting_for = {},
                     .restarts = progress.restarts,
                     .late_reports = progress.late_reports,
                     .accumulators = graph.accumulators(),
                     .vertices = {}};
  for (const ExecutionJobVertex& vertex : graph.vertices()) details.vertices.push_back(describe(vertex));
  return details;
}

}  // namespace weir
