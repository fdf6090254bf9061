// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_verdicts.h"

namespace weir {

JobVerdict verdict_of(const JobDetails& job, const CheckpointSettings& checkpoints) {
  const bool are_kept = checkpoints.directory.empty() ||
                        (job.status != JobStatus::Finished && checkpoints.retain_on_cancel);
  const JobOverview overview = overview_of(job);
  return {.job = job.job,
          .name = job.name,
          .status = job.status,
          .failure = job.status == JobStatus::Failed ? job.failure : "",
          .started = overview.started,
          .ended = overview.ended,
          .accumulators = job.accumulators,
          .checkpoints_to_delete = are_kept ? "" : checkpoints.directory + "/" + job.job.hex()};
}

JobDetails details_of(const JobVerdict& verdict) {
  JobDetails job{.job = verdict.job, .name = verdict.name, .status = verdict.status};
  job.entered[static_cast<std::size_t>(JobStatus::Created)] = verdict.started;
  job.entered[static_cast<std::size_t>(verdict.status)] = verdict.ended;
  job.failure = verdict.failure;
  job.accumulators = verdict.accumulators;
  return job;
}

}  // namespace weir
