// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/time.h"

namespace weir {

/// The receiving face of something, whatever its type of record.
class AnyInput {
public:
  virtual ~AnyInput() = default;
};

/// The receiving face of an operator or of an outgoing edge. A chain is Inputs that call each other: a record
/// costs one virtual call an operator and is not copied.
///
/// Threads: the task's. Errors: what the user's code throws passes through up to the task's wall.
template <class T>
class Input : public AnyInput {
public:
  /// `value` is the caller's and good for the length of the call.
  virtual void process(const T& value, EventTime time) = 0;
};

/// Where a user's function puts its results: `out({word, 1})`.
///
/// Records keep the time of the record that they were made of.
template <class T>
class Out {
public:
  Out(Input<T>& next, EventTime time) : next_(next), time_(time) {}

  void operator()(const T& value) { next_.process(value, time_); }
  void emit(const T& value) { next_.process(value, time_); }

private:
  Input<T>& next_;
  const EventTime time_;
};

}  // namespace weir
