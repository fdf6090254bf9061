// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/crc32c.h"
#include "base/result.h"
#include "checkpoint/snapshot/handles.h"

namespace weir {

/// Bytes on their way into a checkpoint.
///
/// Threads: one at a time. Order: write() and write_summed() any number of times, then close() once.
///          Destroyed without close(): nothing is left of it.
class StateStream {
public:
  virtual ~StateStream() = default;
  [[nodiscard]] Status write(std::span<const std::byte> bytes) { return write_summed(bytes, crc32c(bytes)); }
  /// The same of bytes whose crc32c() is known already.
  [[nodiscard]] virtual Status write_summed(std::span<const std::byte> bytes, std::uint32_t crc) = 0;
  /// All of it is safe (written, synced) when this returns.
  [[nodiscard]] virtual Result<StateHandle> close() = 0;
};

/// Where a task puts its state for one checkpoint. The backend `memory` keeps all bytes in the handle, up to
/// a cap; `fs` puts what is longer than a threshold into files.
///
/// Threads: any.
class CheckpointStorage {
public:
  virtual ~CheckpointStorage() = default;
  /// `name` is unique within the checkpoint and a single file name.
  [[nodiscard]] virtual Result<std::unique_ptr<StateStream>> create(const std::string& name) = 0;
};

/// Reads what a handle names, from anywhere in it. Errors: not there, or not as many bytes as the handle
/// says.
class StateReader {
public:
  virtual ~StateReader() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Fills all of `into`. Errors: what the disk said; the range is not in the file.
  [[nodiscard]] virtual Status read(std::uint64_t offset, std::span<std::byte> into) = 0;
};

}  // namespace weir
