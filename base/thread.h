// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace weir {

/// A named thread that is joined by its owner's end. The one place where threads of ours begin.
///
/// Threads: start and join by the owner.
/// Errors:  an exception that leaves `body` ends the process: bodies have their own walls.
class Thread {
public:
  Thread() = default;
  /// `name` is what ps and gdb show; the kernel keeps its first 15 bytes.
  Thread(std::string name, std::function<void()> body);
  ~Thread() { join(); }
  Thread(Thread&&) = default;
  Thread& operator=(Thread&& other) noexcept;

  /// Waits for the end of the body. A thread that joins itself is detached instead: its owner died on it.
  void join();
  [[nodiscard]] bool joinable() const { return thread_.joinable(); }

private:
  std::thread thread_;
};

}  // namespace weir
