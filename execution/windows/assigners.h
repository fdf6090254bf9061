// SPDX-License-Identifier: Apache-2.0
// Which windows a record belongs to. An assigner is a plain value:
//
//   using Window                      TimeWindow, GlobalWindow, or a type of yours with max_timestamp()
//   static constexpr bool kIsEventTime  whether `time` is the record's, else it is the clock's
//   static constexpr bool kIsMerging    whether windows that meet become one
//   assign(value, time, visit)        calls visit(window) for each
//   default_trigger()                 when a window speaks, unless the program says otherwise
//
// Unit: durations are rounded down to ms.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "execution/windows/triggers.h"
#include "execution/windows/window.h"

namespace weir {

namespace detail {


inline void require_window(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("a window is impossible: ") + what);
}

/// Windows of one length that begin at every step.
template <bool kEventTime>
class AlignedWindows {
public:
  using Window = TimeWindow;
  static constexpr bool kIsEventTime = kEventTime;
  static constexpr bool kIsMerging = false;
  using DefaultTrigger = std::conditional_t<kEventTime, EventTimeTrigger, ProcessingTimeTrigger>;

  AlignedWindows(Duration size, Duration slide, Duration offset)
      : size_(window_math::millis(size)), slide_(window_math::millis(slide)),
        offset_(window_math::millis(offset)) {
    require_window(size_ > 0 && slide_ > 0, "its size and its slide are at least 1 ms");
    require_window(offset_ > -slide_ && offset_ < slide_, "its offset is less than its slide");
  }

  [[nodiscard]] std::int64_t size_ms() const { return size_; }
  [[nodiscard]] std::int64_t slide_ms() const { return slide_; }
  [[nodiscard]] std::int64_t offset_ms() const { return offset_; }
  [[nodiscard]] DefaultTrigger default_trigger() const { return {}; }

  /// The latest window first.
  template <class T, class Visit>
  void assign(const T&, std::int64_t time, Visit&& visit) const {
    for (std::int64_t start = window_math::last_step(time, slide_, offset_);
         start > window_math::saturating_add(time, -size_); start -= slide_) {
      visit(TimeWindow{start, window_math::saturating_add(start, size_)});
      if (start < window_math::kBeforeAll + slide_) break;
    }
  }

private:
  std::int64_t size_;
  std::int64_t slide_;
  std::int64_t offset_;
};

/// What a session's gap is: the same for all records, or what a function says.
template <class T>
concept GapFunction = !std::convertible_to<T, Duration>;

/// Each record opens a window of the length of its gap; windows that meet are one.
template <bool kEventTime, class Gap>
class SessionWindows {
public:
  using Window = TimeWindow;
  static constexpr bool kIsEventTime = kEventTime;
  static constexpr bool kIsMerging = true;
  using DefaultTrigger = std::conditional_t<kEventTime, EventTimeTrigger, ProcessingTimeTrigger>;

  explicit SessionWindows(Gap gap) : gap_(std::move(gap)) {
    if constexpr (std::same_as<Gap, Duration>)
      require_window(window_math::millis(gap_) > 0, "the gap of a session is at least 1 ms");
  }
  [[nodiscard]] DefaultTrigger default_trigger() const { return {}; }

  template <class T, class Visit>
  void assign(const T& value, std::int64_t time, Visit&& visit) const {
    const std::int64_t gap = gap_of(value);
    visit(TimeWindow{time, window_math::saturating_add(time, gap)});
  }

private:
  template <class T>
  [[nodiscard]] std::int64_t gap_of(const T& value) const {
    if constexpr (std::same_as<Gap, Duration>) {
      return window_math::millis(gap_);
    } else {
      const std::int64_t gap = window_math::millis(std::invoke(gap_, value));
      require_window(gap > 0, "the gap of a session is at least 1 ms, also for this record");
      return gap;
    }
  }

  Gap gap_;
};

}  // namespace detail

template <class A>
concept WindowAssigner = requires {
  typename A::Window;
  { A::kIsEventTime } -> std::convertible_to<bool>;
  { A::kIsMerging } -> std::convertible_to<bool>;
} && requires(const A& assigner, const typename A::Window& window) {
  { window.max_timestamp() } -> std::same_as<std::int64_t>;
  assigner.default_trigger();
};

/// One after the other: each moment is in just one. `offset` moves where they begin: a day of another time
/// zone is TumblingEventTime(24h, -8h).
struct TumblingEventTime : detail::AlignedWindows<true> {
  explicit TumblingEventTime(Duration size, Duration offset = {}) : AlignedWindows(size, size, offset) {}
};
struct TumblingProcessingTime : detail::AlignedWindows<false> {
  explicit TumblingProcessingTime(Duration size, Duration offset = {}) : AlignedWindows(size, size, offset) {}
};

/// One at each slide: each moment is in size / slide of them.
struct SlidingEventTime : detail::AlignedWindows<true> {
  SlidingEventTime(Duration size, Duration slide, Duration offset = {})
      : AlignedWindows(size, slide, offset) {}
};
struct SlidingProcessingTime : detail::AlignedWindows<false> {
  SlidingProcessingTime(Duration size, Duration slide, Duration offset = {})
      : AlignedWindows(size, slide, offset) {}
};

/// A session ends when nothing has come for the time of the gap: EventTimeSessions(30min), or by a function:
/// EventTimeSessions([](const Click& c) -> Duration { return c.is_mobile ? 5min : 30min; }).
template <class Gap = Duration>
struct EventTimeSessions : detail::SessionWindows<true, Gap> {
  using detail::SessionWindows<true, Gap>::SessionWindows;
};
template <class Gap>
  requires std::convertible_to<Gap, Duration>
EventTimeSessions(Gap) -> EventTimeSessions<Duration>;
template <detail::GapFunction Gap>
EventTimeSessions(Gap) -> EventTimeSessions<Gap>;

template <class Gap = Duration>
struct ProcessingTimeSessions : detail::SessionWindows<false, Gap> {
  using detail::SessionWindows<false, Gap>::SessionWindows;
};
template <class Gap>
  requires std::convertible_to<Gap, Duration>
ProcessingTimeSessions(Gap) -> ProcessingTimeSessions<Duration>;
template <detail::GapFunction Gap>
ProcessingTimeSessions(Gap) -> ProcessingTimeSessions<Gap>;

/// All records of a key in one window, which never ends. It speaks when a trigger says so.
struct GlobalWindows {
  using Window = GlobalWindow;
  static constexpr bool kIsEventTime = false;
  static constexpr bool kIsMerging = false;
  [[nodiscard]] NeverTrigger default_trigger() const { return {}; }

  template <class T, class Visit>
  void assign(const T&, std::int64_t, Visit&& visit) const {
    visit(GlobalWindow{});
  }
};

}  // namespace weir
