// SPDX-License-Identifier: Apache-2.0
// The file `_metadata`: what a checkpoint or savepoint consists of. A sealed file (base/sealed_file.h) whose
// payload is a CompletedCheckpoint (memory/value_bytes.h): how many directories up its root is, job, id,
// times, kind, and all operators with their names, numbers and handles. Paths in it are relative to the root,
// so that the whole can be moved. What types a state has stands with each part, and once more in the
// state files' own footers.
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/completed_checkpoint.h"

namespace weir {

inline constexpr std::string_view kMetadataName = "_metadata";

/// The bytes of the file.
[[nodiscard]] std::string encode_metadata(const CompletedCheckpoint& checkpoint);

/// Takes `content` as that of `<directory>/_metadata`. Nothing in it is believed: numbers fit each other and
/// no path leads out of the root. Errors: Corrupt, naming the file and what is wrong.
[[nodiscard]] Result<CompletedCheckpoint> decode_metadata(std::string_view content,
                                                          const std::string& directory);

/// Once this has returned without an error, the checkpoint is one. Makes its directory.
[[nodiscard]] Status write_metadata(FileSystem& files, const CompletedCheckpoint& checkpoint);

/// The checkpoint or savepoint in a directory; the path may also be that of the metadata itself.
[[nodiscard]] Result<CompletedCheckpoint> read_checkpoint(FileSystem& files, const std::string& path);

}  // namespace weir
