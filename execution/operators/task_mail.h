// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/time.h"

namespace weir {

/// How other threads reach the task of an operator, and how the operator waits for them. A port: the task
/// implements it, a test by hand.
class TaskMail {
public:
  virtual ~TaskMail() = default;
  /// Has the task call `letter` between two steps of its input, or before its end never. By any thread, as
  /// long as the operator is not closed.
  virtual void post(std::function<void()> letter) = 0;
  /// Waits until something was posted, or something else happened to the task. False if `deadline` passed
  /// first. Letters are not taken meanwhile. Throws TaskCancelled. By the task's thread.
  virtual bool await_answer(TimePoint deadline) = 0;
  /// Throws TaskCancelled if the task is to end: for an operator that works for long without its input. By
  /// the task's thread.
  virtual void check_cancelled() {}
};

}  // namespace weir
