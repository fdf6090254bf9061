// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
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

/// The memory of this process that the kernel has backed.
[[nodiscard]] inline std::size_t resident_bytes() {
  std::size_t mapped_pages = 0;
  std::size_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> mapped_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace weir::testing
