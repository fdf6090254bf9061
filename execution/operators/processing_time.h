// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace weir {

/// The wall clock as the operators of a task see it. A port: the task implements it, the operator harness by
/// hands that a test turns.
///
/// Unit:    ms since 1970.
/// Threads: the task's.
class ProcessingTime {
public:
  virtual ~ProcessingTime() = default;
  /// What time it was when the task looked last, which it does each time before it works on a buffer or a
  /// timer: asking costs nothing.
  [[nodiscard]] virtual std::int64_t now() const = 0;
  /// Has the on_processing_time() of all operators called when the clock says `time`, or soon after. What was
  /// wished for earlier stays.
  virtual void wake_at(std::int64_t time) = 0;
};

/// Of operators that nobody gave a clock: it stands, and nobody is woken.
[[nodiscard]] ProcessingTime& no_processing_time();

}  // namespace weir
