// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "memory/buffer.h"

namespace weir {

/// Buffers that wait on disk, one behind the other. The file loses its name as soon as it is open: its space
/// is free when this ends, however the process ends.
///
/// Threads: append() by one; read() by any, of what was appended.
/// Errors:  one line with the directory and what the system said; Corrupt for bytes that are not those that
///          were written.
class SpillFile {
public:
  /// Where a buffer lies.
  struct Extent {
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
    std::uint32_t checksum = 0;  // CRC-32C of them
  };

  /// In `directory`, which is made if there is none; empty: the system's for temporary files.
  [[nodiscard]] static Result<std::unique_ptr<SpillFile>> make(const std::string& directory);
  /// Takes over a descriptor; `directory` is for messages.
  SpillFile(std::string directory, int descriptor)
      : directory_(std::move(directory)), descriptor_(descriptor) {}
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  [[nodiscard]] Result<Extent> append(std::span<const std::byte> bytes);
  /// In memory of its own, which goes with the last copy of the Buffer: a reader needs no segment of a pool
  /// and so never waits for one.
  [[nodiscard]] Result<Buffer> read(const Extent& extent) const;

private:
  const std::string directory_;
  const int descriptor_;
  std::uint64_t end_ = 0;
};

}  // namespace weir
