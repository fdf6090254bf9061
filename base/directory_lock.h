// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace weir {

/// A directory that one process at a time may use: locked for as long as this lives, however it ends.
///
/// Threads: made and ended by any.
class DirectoryLock {
public:
  /// Makes the directory if there is none. Errors: another process holds it; what the system said.
  [[nodiscard]] static Result<std::unique_ptr<DirectoryLock>> take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace weir
