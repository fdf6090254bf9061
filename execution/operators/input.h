// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/time.h"

namespace weir {

/// Whether a stream may be waited for.
enum class StreamStatus : std::uint8_t {
  Active,  // records or watermarks may come at any time
  Idle,  // nothing comes for now: whoever reads other streams as well does not wait for this one's watermark
};

/// What a source sends now and then, to see how long records are under way: it passes operators and channels
/// in its place among them, but no function of the user's.
struct LatencyMarker {
  std::int64_t marked_at = 0;  // by the source's wall clock, in us since 1970
  std::uint32_t source = 0;    // its number in the stream graph
  std::uint32_t subtask = 0;   // of the source
  bool operator==(const LatencyMarker&) const = default;
};

/// The receiving face of something, whatever its type of record. What stands between records comes here, in
/// order with them; a face that has no use for it need not say so.
class AnyInput {
public:
  virtual ~AnyInput() = default;
  /// Time is at `watermark`: records of that time or an earlier one that come after it are late.
  /// EventTime::max(): no record follows. A watermark that is not later than the one before says nothing.
  virtual void process_watermark(EventTime) {}
  /// Idle until it says otherwise. At the beginning a stream is active.
  virtual void process_status(StreamStatus) {}
  virtual void process_latency_marker(const LatencyMarker&) {}
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
  /// The same place, for results of another time.
  [[nodiscard]] Out at(EventTime time) const { return Out(next_, time); }

private:
  Input<T>& next_;
  const EventTime time_;
};

}  // namespace weir
