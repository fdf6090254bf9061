// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace weir::testing {

/// The descriptors and threads of this process: what a test may not leave behind.
struct ProcessCounts {
  std::size_t descriptors = entries_of("/proc/self/fd");
  std::size_t threads = entries_of("/proc/self/task");

  bool operator==(const ProcessCounts&) const = default;

private:
  static std::size_t entries_of(const char* directory) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
  }
};

}  // namespace weir::testing
