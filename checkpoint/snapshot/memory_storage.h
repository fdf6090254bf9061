// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "checkpoint/snapshot/storage.h"

namespace weir {

/// The backend `memory`: all bytes stay in the handle and travel with the acknowledgement. For tests and
/// small state.
///
/// Errors: more than the cap in one handle; said at the end, with how much it was.
class MemoryCheckpointStorage final : public CheckpointStorage {
public:
  static constexpr std::size_t kMostBytes = std::size_t{5} << 20;

  explicit MemoryCheckpointStorage(std::size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}

  [[nodiscard]] Result<std::unique_ptr<StateStream>> create(const std::string& name) override;

private:
  const std::size_t most_bytes_;
};

}  // namespace weir
