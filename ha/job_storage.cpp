// SPDX-License-Identifier: Apache-2.0
#include "ha/job_storage.h"

#include "ha/file_stores.h"

namespace weir {

std::shared_ptr<JobStorage> open_file_storage(const FileStorageOptions& options) {
  auto storage = std::make_shared<JobStorage>();
  storage->files = std::make_unique<LocalFileSystem>();
  const std::string jobs = options.directory.empty() ? std::string() : options.directory + "/jobs";
  storage->checkpoints =
      std::make_unique<FileCheckpointStoreFactory>(*storage->files, options.may_fall_back, jobs);
  if (!jobs.empty()) storage->jobs = std::make_unique<FileJobGraphStore>(*storage->files, jobs);
  return storage;
}

}  // namespace weir
