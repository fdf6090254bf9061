// SPDX-License-Identifier: Apache-2.0
// What survives a JobManager that is alone: files, each of which is whole or not there.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/coordinator/ports.h"
#include "graph/job_graph.h"
#include "ha/ports.h"

namespace weir {

/// The checkpoints of one job below its root: `chk-<id>/_metadata` each, and `savepoint-<id>` for a savepoint
/// that lies elsewhere. What cannot be read is renamed to `*.corrupt` when an older one is used.
class FileCheckpointStore final : public CompletedCheckpointStore {
public:
  struct Options {
    std::string root;
    bool may_fall_back = false;  // start from an older one if the latest cannot be read
    /// A file on the disk of the jobs that says that the root was made. If it is there and what was made then
    /// is not, the disk of the checkpoints is away, though a task may have made the folder again. Empty: the
    /// job does not outlive its JobManager.
    std::string root_was_made;
  };

  /// `files` outlives this.
  FileCheckpointStore(FileSystem& files, Options options) : files_(files), options_(std::move(options)) {}

  [[nodiscard]] Status add(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Status adopt(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Status remove(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Result<std::vector<CompletedCheckpoint>> recover() override;

private:
  /// A file that makes a checkpoint one.
  struct Mark {
    CheckpointId id = 0;
    std::string path;
    bool is_pointer = false;  // to a savepoint
  };

  /// The root is there, or was never: then it is made.
  [[nodiscard]] Status expect_root();
  [[nodiscard]] std::string pointer_to(CheckpointId savepoint) const;
  [[nodiscard]] Result<std::vector<Mark>> marks();
  [[nodiscard]] Result<CompletedCheckpoint> read(const Mark& mark);

  FileSystem& files_;
  const Options options_;
};

/// Files for every job that has a directory, memory for the others.
class FileCheckpointStoreFactory final : public CheckpointStoreFactory {
public:
  /// `files` outlives this and what it opens. `jobs_directory`: where these jobs are kept; empty: they are
  /// not.
  FileCheckpointStoreFactory(FileSystem& files, bool may_fall_back, std::string jobs_directory = {})
      : files_(files), may_fall_back_(may_fall_back), jobs_directory_(std::move(jobs_directory)) {}
  [[nodiscard]] CheckpointStores open(JobId job, const std::string& root) override;

private:
  FileSystem& files_;
  const bool may_fall_back_;
  const std::string jobs_directory_;
};

/// The file `next-id` below a job's root. It is written once for many ids; those of a block that a crash
/// leaves unused are never given.
class FileCheckpointIdCounter final : public CheckpointIdCounter {
public:
  static constexpr CheckpointId kBlock = 32;
  static constexpr std::string_view kName = "next-id";

  /// `files` outlives this.
  FileCheckpointIdCounter(FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  [[nodiscard]] Result<CheckpointId> next() override;
  [[nodiscard]] Result<CheckpointId> upcoming() override;
  [[nodiscard]] Status skip_to(CheckpointId above) override;
  [[nodiscard]] Status forget() override;

private:
  [[nodiscard]] Status load();
  [[nodiscard]] Status reserve_from(CheckpointId first);
  [[nodiscard]] std::string path() const { return root_ + "/" + std::string(kName); }

  FileSystem& files_;
  const std::string root_;
  CheckpointId next_ = 0;      // 0: not loaded
  CheckpointId reserved_ = 0;  // the first that is not ours to give
};

/// Submitted jobs as files `<directory>/<job id>`, some with a `<job id>.begun` beside. One that cannot be
/// read is renamed to `*.corrupt`, and the others are recovered.
class FileJobGraphStore final : public SubmittedJobGraphStore {
public:
  /// `files` outlives this.
  FileJobGraphStore(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  [[nodiscard]] Status put(const JobGraph& job) override;
  [[nodiscard]] Status remove(JobId job) override;
  [[nodiscard]] Result<std::vector<JobGraph>> recover() override;

private:
  FileSystem& files_;
  const std::string directory_;
};

}  // namespace weir
