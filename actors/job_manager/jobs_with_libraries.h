// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "ha/ports.h"
#include "network/blob/blob_store.h"

namespace weir {

/// Keeps jobs with the libraries of their programs: copies each from the blob server of this JobManager to a
/// directory that all JobManagers see, as `<directory>/<job>/<key>`, and back where the job is recovered.
///
/// Threads: one at a time; its calls may take long.
class JobsWithLibraries final : public SubmittedJobGraphStore {
public:
  /// `blobs` and `files` outlive this.
  JobsWithLibraries(std::unique_ptr<SubmittedJobGraphStore> jobs, BlobStore& blobs, FileSystem& files,
                    std::string directory)
      : jobs_(std::move(jobs)), blobs_(blobs), files_(files), directory_(std::move(directory)) {}

  [[nodiscard]] Status put(const JobGraph& job) override;
  [[nodiscard]] Status remove(JobId job) override;
  /// A job whose library is not there, or is another, is left out: the others are recovered.
  [[nodiscard]] Result<std::vector<JobGraph>> recover() override;
  [[nodiscard]] Status put_round(const DeployedRound& round) override { return jobs_->put_round(round); }
  [[nodiscard]] Result<DeployedRound> round_of(JobId job) override { return jobs_->round_of(job); }
  std::vector<JobId> sweep() override;

private:
  [[nodiscard]] Status save(const JobGraph& job);
  [[nodiscard]] Status fetch(const JobGraph& job);
  [[nodiscard]] Status remove_libraries(JobId job);
  [[nodiscard]] std::string folder_of(JobId job) const { return directory_ + "/" + job.hex(); }

  const std::unique_ptr<SubmittedJobGraphStore> jobs_;
  BlobStore& blobs_;
  FileSystem& files_;
  const std::string directory_;
};

}  // namespace weir
