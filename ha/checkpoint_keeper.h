// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "ha/ports.h"
#include "ha/savepoints_under_way.h"

namespace weir {

/// Carries out what the CheckpointCoordinator of one job asks of the disk: numbers, completed checkpoints,
/// and the files of those that are no longer needed.
///
/// Threads: one at a time; its calls may take long.
/// Errors:  what cannot be deleted stays and is logged.
class CheckpointKeeper {
public:
  /// `files` outlives this. `root`: the directory of the job's checkpoints; empty: it has none.
  CheckpointKeeper(FileSystem& files, CheckpointStores stores, std::string root)
      : files_(files), stores_(std::move(stores)), root_(std::move(root)), savepoints_(files, root_) {}

  /// What the job goes on from, oldest first: its own checkpoints, if it has some; else the one at
  /// `restore_path`, unless that is empty. All ids that follow are above theirs. Its own are there for sure:
  /// unless one is spoilt, not to read them is an error that says Retry::Later.
  [[nodiscard]] Result<std::vector<CompletedCheckpoint>> recover(const std::string& restore_path);
  /// Whether all files of a checkpoint are there, as long as they were. Unless one is spoilt, they may be
  /// later.
  [[nodiscard]] Status check(const CompletedCheckpoint& checkpoint);
  /// `savepoint`: the directory in which one of that number is about to be written; empty: none is.
  [[nodiscard]] Result<CheckpointId> next_id(const std::string& savepoint = {});
  [[nodiscard]] Status write(const CompletedCheckpoint& checkpoint, bool may_be_restored);
  void remove(const CompletedCheckpoint& checkpoint, const std::vector<std::string>& files);
  void discard(const std::string& root, const std::string& directory, const std::vector<std::string>& files);
  /// Deletes what was left by tasks that run no longer and by JobManagers before us. recover() did so, too.
  void sweep();
  /// The job is over. Unless somebody wants its checkpoints kept, nothing that was written for one is left.
  void close(bool keeps_checkpoints);

private:
  [[nodiscard]] Result<std::vector<CompletedCheckpoint>> adopt(const std::string& path);
  [[nodiscard]] Status write_savepoint(const CompletedCheckpoint& savepoint);

  /// Of what was just done in the stores.
  void note(const Status& done) { is_deposed_ |= !done && done.error().code == ErrorCode::NotLeader; }

  FileSystem& files_;
  const CheckpointStores stores_;
  const std::string root_;
  SavepointsUnderWay savepoints_;
  std::set<CheckpointId> begun_;  // savepoints that are on record as under way
  std::vector<CompletedCheckpoint> known_;  // on record, perhaps one too many
  bool is_known_ = false;    // what is on record: before, nothing is an orphan
  bool is_deposed_ = false;  // another one leads: what is on record now, nobody knows here
};

/// Deletes a savepoint: what makes it one, then all files that it names, then its directory if nothing else
/// is in it. Errors: there is none at `path`; it is a checkpoint, which its job deletes; what the disk said.
[[nodiscard]] Status dispose_savepoint(FileSystem& files, const std::string& path);

}  // namespace weir
