// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"

namespace weir::testing {

/// The descriptors and threads of this process: what a test may not leave behind. Threads on their way out
/// do not count: join() returns before the kernel has taken them off its list.
struct ProcessCounts {
  std::size_t descriptors = entries_of("/proc/self/fd");
  std::size_t threads = living_threads();

  bool operator==(const ProcessCounts&) const = default;

private:
  static std::size_t living_threads() {
    std::size_t living = 0;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task"))
      living += is_exiting(thread.path() / "stat") ? 0 : 1;
    return living;
  }

  /// By the flags in "id (name) state parent group session terminal foreground flags ...".
  static bool is_exiting(const std::filesystem::path& stat) {
    constexpr unsigned long kExiting = 0x4;  // PF_EXITING, set before whoever joins is woken
    std::string line;
    if (!std::getline(std::ifstream(stat), line)) return true;  // gone by now
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 6; ++i) fields >> skipped;
    unsigned long flags = 0;
    fields >> flags;
    return (flags & kExiting) != 0;
  }

  static std::size_t entries_of(const char* directory) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
  }
};

/// Whether a thread of this name is left.
[[nodiscard]] inline bool is_running(std::string_view thread_name) {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    if (std::getline(std::ifstream(thread.path() / "comm"), name) && name == thread_name) return true;
  }
  return false;
}

/// What there is when the last thread of this name is gone: for threads that nobody can join, such as those
/// of CAF's detached actors, which go on for a moment when their actor system has ended.
///
/// Errors: aborts if one has not gone within 20 seconds.
[[nodiscard]] inline ProcessCounts counts_after(std::string_view thread_name) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (is_running(thread_name)) {
    WEIR_CHECK(std::chrono::steady_clock::now() < deadline, "threads end that nobody needs");
    std::this_thread::yield();
  }
  return {};
}

/// The memory of this process that the kernel has backed.
[[nodiscard]] inline std::size_t resident_bytes() {
  std::size_t mapped_pages = 0;
  std::size_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> mapped_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace weir::testing
