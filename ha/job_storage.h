// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "ha/ports.h"

namespace weir {

/// Where jobs and their checkpoints are kept.
///
/// Threads: each store one at a time.
struct JobStorage {
  std::unique_ptr<FileSystem> files;  // of the checkpoints' state
  std::unique_ptr<CheckpointStoreFactory> checkpoints;
  std::unique_ptr<SubmittedJobGraphStore> jobs;  // null: jobs end with their JobManager
  std::unique_ptr<JobVerdictStore> verdicts;     // null: nobody asks once the JobManager is gone
};

/// In files of this machine, or of all machines that see them.
struct FileStorageOptions {
  std::string directory;       // of submitted jobs; empty: they are not kept
  bool may_fall_back = false;  // see FileCheckpointStore::Options
  bool operator==(const FileStorageOptions&) const = default;
};
[[nodiscard]] std::shared_ptr<JobStorage> open_file_storage(const FileStorageOptions& options);

}  // namespace weir
