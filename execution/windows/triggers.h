// SPDX-License-Identifier: Apache-2.0
// When a window speaks. A trigger is a plain value that is asked at each record of a window and at each of
// its timers. What it must remember of a window is its State, which lies beside the window's content:
//
//   struct State                        per key and window; {} at first; in every checkpoint
//   on_element(value, time, window, state, context)     -> TriggerResult
//   on_event_time(time, window, state, context)         -> TriggerResult; a timer of its own is due
//   on_processing_time(time, window, state, context)    -> TriggerResult
//   merge(state, other)                 for windows that merge: `other` is the state of one that goes
//   on_merge(window, state, context)    likewise: the timers of the windows that went are gone, too
//
// The timers of a window go with it.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "execution/windows/window.h"

namespace weir {

/// Fire: the window speaks of what it has. Purge: it forgets that, but not the trigger's state.
enum class TriggerResult : std::uint8_t { Continue, Fire, Purge, FireAndPurge };

[[nodiscard]] constexpr bool fires(TriggerResult result) {
  return result == TriggerResult::Fire || result == TriggerResult::FireAndPurge;
}
[[nodiscard]] constexpr bool purges(TriggerResult result) {
  return result == TriggerResult::Purge || result == TriggerResult::FireAndPurge;
}

/// What a trigger may ask of the window it speaks for. A port: the window operator implements it, a test by
/// writing down.
///
/// Unit: ms.
class TriggerContext {
public:
  virtual ~TriggerContext() = default;
  [[nodiscard]] virtual std::int64_t watermark() const = 0;
  /// The wall clock.
  [[nodiscard]] virtual std::int64_t now() const = 0;
  virtual void add_event_timer(std::int64_t time) = 0;
  virtual void add_processing_timer(std::int64_t time) = 0;
  virtual void remove_event_timer(std::int64_t time) = 0;
  virtual void remove_processing_timer(std::int64_t time) = 0;
};

/// Of triggers that remember nothing.
struct NoTriggerState {
  bool operator==(const NoTriggerState&) const = default;
};

namespace detail {

/// What most triggers do: nothing.
struct QuietTrigger {
  using State = NoTriggerState;
  template <class T, class W>
  TriggerResult on_element(const T&, std::int64_t, const W&, State&, TriggerContext&) const {
    return TriggerResult::Continue;
  }
  template <class W, class S>
  TriggerResult on_event_time(std::int64_t, const W&, S&, TriggerContext&) const {
    return TriggerResult::Continue;
  }
  template <class W, class S>
  TriggerResult on_processing_time(std::int64_t, const W&, S&, TriggerContext&) const {
    return TriggerResult::Continue;
  }
  static void merge(State&, const State&) {}
  template <class W, class S>
  void on_merge(const W&, S&, TriggerContext&) const {}
};

}  // namespace detail

/// Never by itself.
struct NeverTrigger : detail::QuietTrigger {};

/// When the watermark has passed the window's end; then again at each record that is late and still allowed.
struct EventTimeTrigger : detail::QuietTrigger {
  template <class T, class W>
  TriggerResult on_element(const T&, std::int64_t, const W& window, State&, TriggerContext& context) const {
    if (window.max_timestamp() <= context.watermark()) return TriggerResult::Fire;
    context.add_event_timer(window.max_timestamp());
    return TriggerResult::Continue;
  }
  template <class W>
  TriggerResult on_event_time(std::int64_t time, const W& window, State&, TriggerContext&) const {
    return time == window.max_timestamp() ? TriggerResult::Fire : TriggerResult::Continue;
  }
  template <class W>
  void on_merge(const W& window, State&, TriggerContext& context) const {
    if (window.max_timestamp() > context.watermark()) context.add_event_timer(window.max_timestamp());
  }
};

/// When the clock has passed the window's end.
struct ProcessingTimeTrigger : detail::QuietTrigger {
  template <class T, class W>
  TriggerResult on_element(const T&, std::int64_t, const W& window, State&, TriggerContext& context) const {
    context.add_processing_timer(window.max_timestamp());
    return TriggerResult::Continue;
  }
  template <class W>
  TriggerResult on_processing_time(std::int64_t, const W&, State&, TriggerContext&) const {
    return TriggerResult::Fire;
  }
  template <class W>
  void on_merge(const W& window, State&, TriggerContext& context) const {
    context.add_processing_timer(window.max_timestamp());
  }
};

namespace detail {

/// At whole multiples of an interval. The state is when the next one is.
class Continuous : public QuietTrigger {
public:
  struct State {
    std::int64_t next = window_math::kForever;
    bool operator==(const State&) const = default;
  };

  explicit Continuous(Duration interval) : interval_(window_math::millis(interval)) {
    if (interval_ <= 0) throw std::invalid_argument("a trigger's interval is at least 1 ms");
  }
  static void merge(State& state, const State& other) { state.next = std::min(state.next, other.next); }

protected:
  [[nodiscard]] std::int64_t step_after(std::int64_t time) const {
    return window_math::saturating_add(window_math::last_step(time, interval_, 0), interval_);
  }

private:
  std::int64_t interval_;
};

}  // namespace detail

/// Each time that the watermark passes a multiple of the interval, and at the window's end.
struct ContinuousEventTimeTrigger : detail::Continuous {
  using Continuous::Continuous;

  template <class T, class W>
  TriggerResult on_element(const T&, std::int64_t time, const W& window, State& state,
                           TriggerContext& context) const {
    if (window.max_timestamp() <= context.watermark()) return TriggerResult::Fire;
    context.add_event_timer(window.max_timestamp());
    if (state.next == window_math::kForever) context.add_event_timer(state.next = step_after(time));
    return TriggerResult::Continue;
  }
  template <class W>
  TriggerResult on_event_time(std::int64_t time, const W& window, State& state,
                              TriggerContext& context) const {
    if (time == window.max_timestamp()) {
      if (state.next == time) state.next = window_math::kForever;  // one timer was both
      return TriggerResult::Fire;
    }
    if (time != state.next) return TriggerResult::Continue;
    context.add_event_timer(state.next = step_after(time));
    return TriggerResult::Fire;
  }
  template <class W>
  void on_merge(const W& window, State& state, TriggerContext& context) const {
    if (window.max_timestamp() > context.watermark()) context.add_event_timer(window.max_timestamp());
    if (state.next != window_math::kForever) context.add_event_timer(state.next);
  }
};

/// Each time that the clock passes a multiple of the interval; not at the window's end.
struct ContinuousProcessingTimeTrigger : detail::Continuous {
  using Continuous::Continuous;

  template <class T, class W>
  TriggerResult on_element(const T&, std::int64_t, const W&, State& state, TriggerContext& context) const {
    if (state.next == window_math::kForever)
      context.add_processing_timer(state.next = step_after(context.now()));
    return TriggerResult::Continue;
  }
  template <class W>
  TriggerResult on_processing_time(std::int64_t time, const W&, State& state, TriggerContext& context) const {
    if (time != state.next) return TriggerResult::Continue;
    context.add_processing_timer(state.next = step_after(std::max(time, context.now())));
    return TriggerResult::Fire;
  }
  template <class W>
  void on_merge(const W&, State& state, TriggerContext& context) const {
    if (state.next != window_math::kForever) context.add_processing_timer(state.next);
  }
};

/// When the window has got so many records since it spoke last.
class CountTrigger : public detail::QuietTrigger {
public:
  struct State {
    std::int64_t count = 0;
    bool operator==(const State&) const = default;
  };

  explicit CountTrigger(std::int64_t count) : count_(count) {
    if (count_ <= 0) throw std::invalid_argument("a trigger counts to 1 at least");
  }
  template <class T, class W>
  TriggerResult on_element(const T&, std::int64_t, const W&, State& state, TriggerContext&) const {
    if (++state.count < count_) return TriggerResult::Continue;
    state.count = 0;
    return TriggerResult::Fire;
  }
  static void merge(State& state, const State& other) { state.count += other.count; }

private:
  std::int64_t count_;
};

/// When a record is further than `threshold` from the one at which the window spoke last, or from the first:
/// `delta(old, record)`, a number. Windows that merge cannot have it.
template <class T, class Delta>
class DeltaTrigger : public detail::QuietTrigger {
public:
  struct State {
    std::optional<T> last;
  };

  DeltaTrigger(double threshold, Delta delta) : threshold_(threshold), delta_(std::move(delta)) {}

  template <class W>
  TriggerResult on_element(const T& value, std::int64_t, const W&, State& state, TriggerContext&) const {
    if (!state.last) {
      state.last = value;
      return TriggerResult::Continue;
    }
    if (!(std::invoke(delta_, std::as_const(*state.last), value) > threshold_))
      return TriggerResult::Continue;
    state.last = value;
    return TriggerResult::Fire;
  }
  static void merge(State&, const State&) = delete;

private:
  double threshold_;
  Delta delta_;
};

/// `delta_trigger<Car>(1000, [](const Car& a, const Car& b) { return b.meters - a.meters; })`
template <class T, class Delta>
[[nodiscard]] DeltaTrigger<T, Delta> delta_trigger(double threshold, Delta delta) {
  return {threshold, std::move(delta)};
}

/// Whenever another one fires, and then the window forgets what it had.
template <class Trigger>
class PurgingTrigger {
public:
  using State = typename Trigger::State;

  explicit PurgingTrigger(Trigger trigger) : trigger_(std::move(trigger)) {}

  template <class T, class W>
  TriggerResult on_element(const T& value, std::int64_t time, const W& window, State& state,
                           TriggerContext& context) const {
    return purging(trigger_.on_element(value, time, window, state, context));
  }
  template <class W>
  TriggerResult on_event_time(std::int64_t time, const W& window, State& state,
                              TriggerContext& context) const {
    return purging(trigger_.on_event_time(time, window, state, context));
  }
  template <class W>
  TriggerResult on_processing_time(std::int64_t time, const W& window, State& state,
                                   TriggerContext& context) const {
    return purging(trigger_.on_processing_time(time, window, state, context));
  }
  static void merge(State& state, const State& other)
    requires requires { Trigger::merge(state, other); }
  {
    Trigger::merge(state, other);
  }
  template <class W>
  void on_merge(const W& window, State& state, TriggerContext& context) const {
    trigger_.on_merge(window, state, context);
  }

private:
  [[nodiscard]] static TriggerResult purging(TriggerResult result) {
    return result == TriggerResult::Fire ? TriggerResult::FireAndPurge : result;
  }

  Trigger trigger_;
};

/// Whether windows that merge can have that trigger.
template <class Trigger>
concept MergingTrigger = requires(typename Trigger::State& state) {
  Trigger::merge(state, std::as_const(state));
};

/// Whether a type is a trigger of records of T in windows of W.
template <class Trigger, class T, class W>
concept TriggerOf = requires(const Trigger& trigger, const T& value, std::int64_t time, const W& window,
                             typename Trigger::State& state, TriggerContext& context) {
  { trigger.on_element(value, time, window, state, context) } -> std::same_as<TriggerResult>;
  { trigger.on_event_time(time, window, state, context) } -> std::same_as<TriggerResult>;
  { trigger.on_processing_time(time, window, state, context) } -> std::same_as<TriggerResult>;
};

}  // namespace weir
