// SPDX-License-Identifier: Apache-2.0
#include "ha/job_file.h"

#include "ha/sealed_value.h"

namespace weir {

namespace {

constexpr SealedKind kJob{.magic = 0x424f'4a52'4945'5731, .version = 1, .name = "submitted job"};

}  // namespace

Status write_job(FileSystem& files, const std::string& path, const JobGraph& job) {
  return write_value(files, path, kJob, job);
}

Result<JobGraph> read_job(FileSystem& files, const std::string& path) {
  return read_value<JobGraph>(files, path, kJob);
}

}  // namespace weir
