// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "network/blob/blob_key.h"

namespace weir {

/// Which blobs are needed: those of jobs that are not over, and those that were put for jobs which are still
/// to come. Whoever puts a blob promises to submit a job; a promise is kept by the first job that names the
/// blob, or is forgotten after a while.
///
/// Threads: none. One caller at a time.
/// Time:    reads no clock; `now` comes with the call and never goes back.
class JobLibraries {
public:
  static constexpr std::size_t kMaxPromises = 1000;  // of one blob; more than that are counted as so many

  explicit JobLibraries(Duration promise_timeout) : promise_timeout_(promise_timeout) {}

  void on_put(const BlobKey& key, TimePoint now);
  /// Doing it again for the same job does nothing.
  void on_job(JobId job, const BlobKey& key);
  void on_job_over(JobId job);

  /// The blobs that were needed and are not any more. Each is named once.
  [[nodiscard]] std::vector<BlobKey> take_unneeded(TimePoint now);

private:
  struct Library {
    std::uint32_t jobs = 0;
    std::deque<TimePoint> promises;  // when each is forgotten, in order
  };

  const Duration promise_timeout_;
  std::map<BlobKey, Library> libraries_;
  std::map<JobId, BlobKey> jobs_;
};

}  // namespace weir
