// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "checkpoint/snapshot/storage.h"

namespace weir {

/// State in files `<root>/<directory>/<name>`: the backend `fs`, and savepoints. What is short stays in the
/// handle: a file of its own would cost more than its bytes.
///
/// A file has its name only once it is whole and safe on the disk. Until then it is called
/// `<name>.unfinished`, and removed if it never gets there.
///
/// Threads: any.
/// Errors:  name the file and what the disk said.
class FileCheckpointStorage final : public CheckpointStorage {
public:
  static constexpr std::size_t kInlineBytes = 1024;

  struct Options {
    std::string root;       // handles' paths lie below it
    std::string directory;  // below the root, for instance chk-17; empty: the root itself
    std::size_t inline_bytes = kInlineBytes;  // up to so many stay in the handle
  };

  FileCheckpointStorage(FileSystem& files, Options options) : files_(files), options_(std::move(options)) {}

  [[nodiscard]] Result<std::unique_ptr<StateStream>> create(const std::string& name) override;

private:
  FileSystem& files_;  // outlives this and its streams
  const Options options_;
};

/// Whether a path stays below where it starts: names with '/' between them, none of them empty or "..".
[[nodiscard]] bool stays_below(std::string_view path);

/// The directory of a checkpoint below the root.
[[nodiscard]] std::string directory_of(CheckpointId checkpoint);

/// What a handle names. Errors: not there, another size than the handle says, or a path that leads out of
/// the root: handles come from outside.
[[nodiscard]] Result<std::unique_ptr<StateReader>> open_state(FileSystem& files, const std::string& root,
                                                              const StateHandle& handle);

/// Whether all bytes of what a handle names are those that were written.
[[nodiscard]] Status verify_state(FileSystem& files, const std::string& root, const StateHandle& handle);

}  // namespace weir
