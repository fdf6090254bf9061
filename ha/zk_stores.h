// SPDX-License-Identifier: Apache-2.0
// What survives a leader: pointers in ZooKeeper, bytes in files that all JobManagers can read. A file is
// written before its pointer and removed behind it. Pointers that cannot be read are renamed to `*.corrupt`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/sync.h"
#include "checkpoint/coordinator/ports.h"
#include "ha/ports.h"
#include "ha/zk_term.h"

namespace weir {

/// How jobs ended: what is to go on record, and what was found there.
class ZkVerdictStore final : public JobVerdictStore {
public:
  static constexpr std::size_t kRemembered = 100;  // the latest

  /// `term` outlives this.
  explicit ZkVerdictStore(ZkTerm& term) : term_(term) {}

  [[nodiscard]] Status record(const JobVerdict& verdict) override WEIR_EXCLUDES(lock_);
  [[nodiscard]] Result<std::vector<JobVerdict>> recover() override WEIR_EXCLUDES(lock_);

  // For the store of jobs; these wait.
  /// Reads what is on record, and forgets there what is old.
  [[nodiscard]] Status load() WEIR_EXCLUDES(lock_);
  [[nodiscard]] bool has_ended(JobId job) const WEIR_EXCLUDES(lock_);
  /// What removing the job comes with: nothing, if nobody has said how it ended.
  [[nodiscard]] std::vector<ZkTerm::Change> changes_for(JobId job) const WEIR_EXCLUDES(lock_);

private:
  [[nodiscard]] Result<std::vector<JobVerdict>> read_all();

  ZkTerm& term_;
  mutable Mutex lock_;
  std::map<JobId, std::string> announced_ WEIR_GUARDED_BY(lock_);  // sealed
  std::vector<JobVerdict> found_ WEIR_GUARDED_BY(lock_);           // in the order in which they ended
};

/// Submitted jobs: files `<directory>/<job>-<random>`, so that one that is put again is a new one.
class ZkJobGraphStore final : public SubmittedJobGraphStore {
public:
  /// `term`, `verdicts` and `files` outlive this.
  ZkJobGraphStore(ZkTerm& term, ZkVerdictStore& verdicts, FileSystem& files, std::string directory)
      : term_(term), verdicts_(verdicts), files_(files), directory_(std::move(directory)) {}

  /// Refuses a job whose end is on record: it was submitted before.
  [[nodiscard]] Status put(const JobGraph& job) override;
  [[nodiscard]] Status remove(JobId job) override;
  /// A job whose file is not there is skipped: its pointer stays, for when the file is back. One whose end is
  /// on record is removed: somebody was about to. Errors: also that the disk fails, which is no job's fault;
  /// and that there are files of jobs in a cluster of which ZooKeeper knows nothing: it was emptied.
  [[nodiscard]] Result<std::vector<JobGraph>> recover() override;
  [[nodiscard]] Status put_round(const DeployedRound& round) override;
  /// One that cannot be read is put aside: then there was none.
  [[nodiscard]] Result<DeployedRound> round_of(JobId job) override;
  std::vector<JobId> sweep() override;

private:
  /// From the first file of a job on there is a node above all pointers to them.
  [[nodiscard]] Status make_known();
  [[nodiscard]] Status check_known();
  /// Empty: there is none, or one that cannot be read.
  [[nodiscard]] Result<std::string> file_of(JobId job);
  [[nodiscard]] Result<JobGraph> read(JobId job, const std::string& pointer);

  ZkTerm& term_;
  ZkVerdictStore& verdicts_;
  FileSystem& files_;
  const std::string directory_;
};

/// The checkpoints and savepoints of one job, each a pointer to the directory of its metadata.
class ZkCheckpointStore final : public CompletedCheckpointStore {
public:
  struct Options {
    JobId job;
    std::string root;            // of the job's own checkpoints; those elsewhere are others' to delete
    bool may_fall_back = false;  // start from an older one if the latest cannot be read
  };

  /// `term` and `files` outlive this.
  ZkCheckpointStore(ZkTerm& term, FileSystem& files, Options options)
      : term_(term), files_(files), options_(std::move(options)) {}

  [[nodiscard]] Status add(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Status adopt(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Status remove(const CompletedCheckpoint& checkpoint) override;
  [[nodiscard]] Result<std::vector<CompletedCheckpoint>> recover() override;

private:
  [[nodiscard]] std::string node_of(CheckpointId id) const;
  [[nodiscard]] Result<CompletedCheckpoint> read(const std::string& path, const std::string& pointer);
  void keep_aside(CheckpointId id);

  ZkTerm& term_;
  FileSystem& files_;
  const Options options_;
};

/// Checkpoint ids, reserved in blocks. Those of a block that a crash leaves unused are never given.
class ZkCheckpointIdCounter final : public CheckpointIdCounter {
public:
  static constexpr CheckpointId kBlock = 32;

  /// `term` outlives this.
  ZkCheckpointIdCounter(ZkTerm& term, JobId job) : term_(term), job_(job) {}

  [[nodiscard]] Result<CheckpointId> next() override;
  [[nodiscard]] Result<CheckpointId> upcoming() override;
  [[nodiscard]] Status skip_to(CheckpointId above) override;
  [[nodiscard]] Status forget() override;

private:
  [[nodiscard]] Status load();
  [[nodiscard]] Status reserve_from(CheckpointId first);
  [[nodiscard]] std::string path() const { return term_.paths().counter(job_); }

  ZkTerm& term_;
  const JobId job_;
  CheckpointId next_ = 0;      // 0: not loaded
  CheckpointId reserved_ = 0;  // the first that is not ours to give
};

}  // namespace weir
