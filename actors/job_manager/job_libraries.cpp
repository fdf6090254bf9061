// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_libraries.h"

namespace weir {

void JobLibraries::on_put(const BlobKey& key, TimePoint now) {
  auto& promises = libraries_[key].promises;
  promises.push_back(now + promise_timeout_);
  if (promises.size() > kMaxPromises) promises.pop_front();
}

void JobLibraries::on_job(JobId job, const BlobKey& key) {
  if (!jobs_.emplace(job, key).second) return;
  Library& library = libraries_[key];
  ++library.jobs;
  if (!library.promises.empty()) library.promises.pop_front();
}

void JobLibraries::on_job_over(JobId job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  --libraries_.at(found->second).jobs;
  jobs_.erase(found);
}

std::vector<BlobKey> JobLibraries::take_unneeded(TimePoint now) {
  std::vector<BlobKey> unneeded;
  for (auto it = libraries_.begin(); it != libraries_.end();) {
    auto& [key, library] = *it;
    while (!library.promises.empty() && library.promises.front() <= now) library.promises.pop_front();
    if (library.jobs > 0 || !library.promises.empty()) {
      ++it;
      continue;
    }
    unneeded.push_back(key);
    it = libraries_.erase(it);
  }
  return unneeded;
}

}  // namespace weir
