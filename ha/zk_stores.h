// SPDX-License-Identifier: Apache-2.0
// What survives a leader: pointers in ZooKeeper, bytes in files that all JobManagers can read. A file is
// written before its pointer and removed behind it. Pointers that cannot be read are renamed to `*.corrupt`.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/coordinator/ports.h"
#include "ha/ports.h"
#include "ha/zk_term.h"

namespace weir {

/// Submitted jobs: files `<directory>/<job>-<random>`, so that one that is put again is a new one.
class ZkJobGraphStore final : public SubmittedJobGraphStore {
public:
  /// `term` and `files` outlive this.
  ZkJobGraphStore(ZkTerm& term, FileSystem& files, std::string directory)
      : term_(term), files_(files), directory_(std::move(directory)) {}

  [[nodiscard]] Status put(const JobGraph& job) override;
  [[nodiscard]] Status remove(JobId job) override;
  /// A job whose file is not there is skipped: its pointer stays, for when the file is back.
  [[nodiscard]] Result<std::vector<JobGraph>> recover() override;

private:
  /// Empty: there is none, or one that cannot be read.
  [[nodiscard]] Result<std::string> file_of(JobId job);
  [[nodiscard]] Result<JobGraph> read(JobId job, const std::string& pointer);

  ZkTerm& term_;
  FileSystem& files_;
  const std::string directory_;
};

/// The checkpoints and savepoints of one job, each a pointer to the directory of its metadata.
class ZkCheckpointStore final : public CompletedCheckpointStore {
public:
  struct Options {
    JobId job;
    bool may_fall_back = false;  // start from an older one if the latest cannot be read
  };

  /// `term` and `files` outlive this.
  ZkCheckpointStore(ZkTerm& term, FileSystem& files, Options options)
      : term_(term), files_(files), options_(options) {}

  [[nodiscard]] Status add(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Status adopt(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Status remove(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Result<std::vector<CompletedCheckpoint>> recover() override;

private:
  [[nodiscard]] std::string node_of(CheckpointId id) const;
  [[nodiscard]] Result<CompletedCheckpoint> read(const std::string& path, const std::string& pointer);

  ZkTerm& term_;
  FileSystem& files_;
  const Options options_;
};

/// Checkpoint ids, reserved in blocks. Those of a block that a crash leaves unused are never given.
class ZkCheckpointIdCounter final : public CheckpointIdCounter {
public:
  static constexpr CheckpointId kBlock = 32;

  /// `term` outlives this.
  ZkCheckpointIdCounter(ZkTerm& term, JobId job) : term_(term), path_(term.paths().counter(job)) {}

  [[nodiscard]] Result<CheckpointId> next() override;
  [[nodiscard]] Status skip_to(CheckpointId above) override;
  /// The verdict on the job does that.
  [[nodiscard]] Status forget() override { return Status::ok(); }

private:
  [[nodiscard]] Status load();
  [[nodiscard]] Status reserve_from(CheckpointId first);

  ZkTerm& term_;
  const std::string path_;
  CheckpointId next_ = 0;      // 0: not loaded
  CheckpointId reserved_ = 0;  // the first that is not ours to give
};

/// How jobs ended, and with that the end of what was kept for them.
class ZkVerdictStore final : public JobVerdictStore {
public:
  static constexpr std::size_t kRemembered = 100;  // the latest

  /// `term` outlives this.
  explicit ZkVerdictStore(ZkTerm& term) : term_(term) {}

  [[nodiscard]] Status record(const JobVerdict& verdict) override;
  [[nodiscard]] Result<std::vector<JobVerdict>> recover() override;

private:
  ZkTerm& term_;
};

}  // namespace weir
