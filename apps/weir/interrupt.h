// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/thread.h"

namespace weir {

/// Turns the first Ctrl-C (or SIGTERM) into a call; the second ends the process at once.
///
/// Threads: made before any other thread, which then inherits that the signals are blocked; `on_interrupt` is
///          called by a thread of its own.
class Interrupt {
public:
  explicit Interrupt(std::function<void()> on_interrupt);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

private:
  const std::function<void()> on_interrupt_;
  Thread thread_;
};

}  // namespace weir
