// SPDX-License-Identifier: Apache-2.0
#include "actors/archivist/memory_archivist.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace weir {

void MemoryArchivist::archive(JobDetails details) {
  WEIR_CHECK(is_globally_terminal(details.status), "only what has ended is archived");
  const bool known = std::erase_if(jobs_, [&](const JobDetails& job) { return job.job == details.job; }) > 0;
  if (!known) count(details.status);
  jobs_.push_back(std::move(details));
  if (jobs_.size() > capacity_) jobs_.pop_front();
}

const JobDetails* MemoryArchivist::find(JobId job) const {
  const auto it =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const JobDetails& known) { return known.job == job; });
  return it == jobs_.end() ? nullptr : &*it;
}

ArchiveOverview MemoryArchivist::overview() const {
  ArchiveOverview overview{.jobs = {}, .finished = finished_, .cancelled = cancelled_, .failed = failed_};
  for (const JobDetails& job : jobs_) overview.jobs.push_back(overview_of(job));
  return overview;
}

void MemoryArchivist::count(JobStatus status) {
  if (status == JobStatus::Finished) ++finished_;
  if (status == JobStatus::Canceled) ++cancelled_;
  if (status == JobStatus::Failed) ++failed_;
}

}  // namespace weir
