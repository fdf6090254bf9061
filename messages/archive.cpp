// SPDX-License-Identifier: Apache-2.0
#include "messages/archive.h"

namespace weir {

namespace {

WallTime entered(const JobDetails& job, JobStatus status) {
  return job.entered[static_cast<std::size_t>(status)];
}

}  // namespace

WallTime ended_at(const JobDetails& job) {
  return is_globally_terminal(job.status) ? entered(job, job.status) : WallTime{};
}

JobOverview overview_of(const JobDetails& job) {
  return {.job = job.job,
          .name = job.name,
          .status = job.status,
          .started = entered(job, JobStatus::Created),
          .ended = ended_at(job)};
}

JobResult result_of(const JobDetails& job) {
  return {.job = job.job,
          .status = job.status,
          .failure = job.status == JobStatus::Failed ? job.failure : std::string(),
          .net_runtime = ended_at(job) - entered(job, JobStatus::Created),
          .accumulators = job.accumulators};
}

}  // namespace weir
