// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/thread.h"
#include "base/time.h"

namespace weir {

/// Decides when a node ends, and with which exit code: a signal from outside, or a reason from within.
///
/// Threads: made, waited for and ended by main(), before any other thread, which then inherits that the
///          signals are blocked. request() is for any.
class Shutdown {
public:
  Shutdown();
  ~Shutdown();
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  /// Returns when SIGTERM or SIGINT came (0), or with what was requested.
  [[nodiscard]] int wait();
  void request(int exit_code);

  /// From now on a second signal, or the end of `patience`, ends the process at once with `exit_code`: for
  /// user code that does not let go.
  void hurry(Duration patience, int exit_code);

private:
  std::atomic<int> requested_{kNone};
  Thread impatient_;

  static constexpr int kNone = -1;
};

}  // namespace weir
