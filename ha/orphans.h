// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "checkpoint/snapshot/completed_checkpoint.h"

namespace weir {

/// 17 of "chk-17", with that prefix. 0: it is none.
[[nodiscard]] CheckpointId id_behind(std::string_view prefix, std::string_view name);

/// Deletes below a job's root what nobody is going to name: directories of checkpoints that were not
/// completed or are no longer kept, and shared files, in both cases of checkpoints below `bound`. These were
/// left by tasks and JobManagers that died, or came late.
///
/// Nothing that one of `known` names is touched, nor the directory of a checkpoint that was put aside; and as
/// long as there is one of these, no shared file either: what it names is not known.
///
/// `known`: all from which the job may start. `bound`: no task that may still complete a checkpoint writes
/// for one below it, and no later leader has completed one below it.
/// Errors:  what cannot be deleted stays and is logged.
void remove_orphans(FileSystem& files, const std::string& root, const std::vector<CompletedCheckpoint>& known,
                    CheckpointId bound);

}  // namespace weir
