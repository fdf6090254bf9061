// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "checkpoint/snapshot/checkpoint_settings.h"

namespace weir {

/// What a cluster does about state and checkpoints, for jobs that say nothing else.
struct StateDefaults {
  StateBackend backend{.kind = BackendKind::Memory};  // never Cluster
  std::string checkpoint_directory;                   // empty: there is none
  std::string savepoint_directory;                    // empty: whoever asks for one names a place
  std::uint32_t retained_checkpoints = 1;
  bool operator==(const StateDefaults&) const = default;
};

/// Where a directory lies that a person named: as it is, or without "file://" in front; empty stays empty.
/// Errors: it is not absolute, or of another file system.
[[nodiscard]] Result<std::string> local_directory(const std::string& named);

/// What a job runs with: what it says, and where it says nothing what the cluster does. Errors: it wants
/// checkpoints in files but nobody has said where.
[[nodiscard]] Result<CheckpointSettings> chosen_checkpoints(CheckpointSettings job,
                                                            const StateDefaults& cluster);

}  // namespace weir
