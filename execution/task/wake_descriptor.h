// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace weir {

/// A descriptor that poll() can wait for beside others, so that a thread which waits for a socket can be
/// woken by something else. (eventfd)
///
/// Threads: signal() by any; the rest by the one that waits.
class WakeDescriptor {
public:
  WakeDescriptor();
  ~WakeDescriptor();
  WakeDescriptor(const WakeDescriptor&) = delete;
  WakeDescriptor& operator=(const WakeDescriptor&) = delete;

  void signal();
  /// Waits until `other` can be read or signal() was called. May return early.
  void await_readable(int other);

private:
  int descriptor_;
};

}  // namespace weir
