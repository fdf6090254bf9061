// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/completed_checkpoint.h"

namespace weir {

/// A checkpoint all of whose files are there, as long as they were. `may_fall_back`: another one can take its
/// place, so that it pays to read all of it first. Without, its checksums are left to the tasks that need it.
[[nodiscard]] Result<CompletedCheckpoint> read_whole_checkpoint(FileSystem& files,
                                                                const std::string& directory,
                                                                bool may_fall_back);

/// A checkpoint that is on record and cannot be read.
struct UnreadableCheckpoint {
  std::size_t index = 0;  // among all of its job, oldest first
  Error why;
};

/// Whether a job may start without them. The error of a disk passes, and a file that is not there may lie on
/// one that is not mounted: nothing is to be touched then. What is spoilt stays so.
///
/// Errors: one that may pass; or the latest is among them and may not be replaced by an older one, or none is
/// left.
[[nodiscard]] Status may_start_without(const std::vector<UnreadableCheckpoint>& broken, std::size_t count,
                                       bool may_fall_back);

}  // namespace weir
