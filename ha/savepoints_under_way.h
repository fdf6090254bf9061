// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/completed_checkpoint.h"

namespace weir {

/// The savepoints of a job that are being taken, on record below the root of its checkpoints: a savepoint
/// lies where its user wants it, and one that nobody completes would stay there for ever.
///
///     savepoint-<id>.begun     -> .done, and gone: it is complete
///                              -> .given-up: whoever leads now removes its directory, while a task of before
///                                 may still write there; the record goes once nothing is left
///
/// Of two JobManagers that both believe that they lead, one renames the record, and the other knows.
///
/// Threads: one at a time; its calls may take long.
class SavepointsUnderWay {
public:
  /// `files` outlives this. `root`: of the job's checkpoints.
  SavepointsUnderWay(FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  /// Before anything is written to `directory`, which is to be the savepoint's own.
  [[nodiscard]] Status begin(CheckpointId id, const std::string& directory);
  /// Its metadata is written. Errors: NotLeader: it was given up meanwhile, and is none.
  [[nodiscard]] Status complete(CheckpointId id);

  /// Removes what was written for savepoints below `bound` that nobody is going to complete. `is_last`: nor
  /// does anybody write for them any more. Errors: what cannot be removed stays and is logged.
  void sweep(CheckpointId bound, bool is_last);

private:
  [[nodiscard]] std::string path_of(CheckpointId id, std::string_view state) const;
  void sweep_begun(CheckpointId id, bool is_last);
  void sweep_given_up(CheckpointId id, bool is_last);
  [[nodiscard]] std::string directory_in(const std::string& record);
  void remove(const std::string& path);

  FileSystem& files_;
  const std::string root_;
};

}  // namespace weir
