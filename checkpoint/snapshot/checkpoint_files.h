// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/completed_checkpoint.h"

namespace weir {

/// What a checkpoint names outside of its metadata, in no order; a file that several parts name comes several
/// times. Valid as long as the checkpoint is.
[[nodiscard]] std::vector<const StateHandle*> state_files_of(const CompletedCheckpoint& checkpoint);

/// How much of a file is looked at.
enum class FileCheck : std::uint8_t {
  Size,      // it is there, and as long as it was
  Checksum,  // all of its bytes are those that were written
};

/// Whether all files of a checkpoint are as they were written. Errors: the first that is not, by name.
[[nodiscard]] Status check_files(FileSystem& files, const CompletedCheckpoint& checkpoint, FileCheck how);

}  // namespace weir
