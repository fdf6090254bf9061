// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/state/state.h"
#include "execution/operators/accumulators.h"
#include "execution/operators/keyed_process.h"

namespace weir {

/// A record of one of two streams.
template <class A, class B>
struct Either {
  std::optional<A> left;
  std::optional<B> right;
};

/// How far the right one of a pair may be behind the left one.
///
/// Unit: ms, both ends included.
struct TimeInterval {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

namespace detail {

/// A join's function returns its one result, or takes an Out last.
template <class A, class B, class F, class Given>
struct JoinResultOf {
  using type = Given;
};
template <class A, class B, class F>
  requires std::invocable<F&, const A&, const B&>
struct JoinResultOf<A, B, F, void> {
  using type = std::remove_cvref_t<std::invoke_result_t<F&, const A&, const B&>>;
};
template <class R> struct LastOutRecord { using type = void; };
template <class V, class A, class B, class R>
struct LastOutRecord<V (*)(A, B, Out<R>&)> { using type = R; };
template <class V, class C, class A, class B, class R>
struct LastOutRecord<V (C::*)(A, B, Out<R>&)> { using type = R; };
template <class V, class C, class A, class B, class R>
struct LastOutRecord<V (C::*)(A, B, Out<R>&) const> { using type = R; };
template <class A, class B, class F>
  requires(!std::invocable<F&, const A&, const B&> && requires { &F::operator(); })
struct JoinResultOf<A, B, F, void> : LastOutRecord<decltype(&F::operator())> {};
template <class A, class B, class F, class Given>
using JoinResult = typename JoinResultOf<A, B, F, Given>::type;

template <class F, class A, class B, class R>
void call_join(F& function, const A& left, const B& right, Out<R>& out) {
  if constexpr (std::invocable<F&, const A&, const B&>) {
    out(std::invoke(function, left, right));
  } else {
    static_assert(std::invocable<F&, const A&, const B&, Out<R>&>,
                  "the function of a join takes (const A&, const B&) and returns the result, or "
                  "(const A&, const B&, Out<R>&)");
    function(left, right, out);
  }
}

}  // namespace detail

/// Joins two streams of one key by the distance of their times. A record is kept as long as one of the other
/// side may still come for it.
///
/// State: "left" and "right", the records that may still be joined, by time.
/// Late:  a record that is not later than the watermark is dropped, and counted by "numLateRecordsDropped".
template <class A, class B, class R, class F>
class IntervalJoinFunction {
  template <class T>
  struct Kept {
    std::int64_t time = 0;
    T value{};
  };
  template <class T>
  using Buffer = ValueState<std::vector<Kept<T>>>;

public:
  IntervalJoinFunction(TimeInterval interval, F function)
      : interval_(interval), function_(std::move(function)) {}

  void open(OperatorContext& context) {
    left_ = context.keyed_state().state(value_state<std::vector<Kept<A>>>("left"));
    right_ = context.keyed_state().state(value_state<std::vector<Kept<B>>>("right"));
    LifeOf<F>::open(function_, context);
  }
  void close() { LifeOf<F>::close(function_); }
  void snapshot(CheckpointId checkpoint) { LifeOf<F>::snapshot(function_, checkpoint); }
  void on_checkpoint_complete(CheckpointId checkpoint) {
    LifeOf<F>::on_checkpoint_complete(function_, checkpoint);
  }
  void on_checkpoint_aborted(CheckpointId checkpoint) {
    LifeOf<F>::on_checkpoint_aborted(function_, checkpoint);
  }

  template <class K>
  void process(const Either<A, B>& either, KeyedContext<K>& context, Out<R>& out) {
    const std::int64_t time = context.timestamp().millis;
    if (context.timestamp().is_none())
      throw std::runtime_error("a record came to an interval join and has no time: give it one before");
    if (time <= context.current_watermark().millis) return late_.add();
    if (either.left) {
      keep(left_, time, *either.left);
      for_each_between(right_, time + interval_.least, time + interval_.most, [&](const Kept<B>& other) {
        say(*either.left, other.value, std::max(time, other.time), out);
      });
      context.timers().add_event_time(gone_left(time));
    } else {
      keep(right_, time, *either.right);
      for_each_between(left_, time - interval_.most, time - interval_.least, [&](const Kept<A>& other) {
        say(other.value, *either.right, std::max(time, other.time), out);
      });
      context.timers().add_event_time(gone_right(time));
    }
  }

  template <class K>
  void on_timer(std::int64_t now, TimerContext<K>&, Out<R>&) {
    forget(left_, [&](std::int64_t time) { return gone_left(time) <= now; });
    forget(right_, [&](std::int64_t time) { return gone_right(time) <= now; });
  }

private:
  /// From when on nothing comes for a record of that time.
  [[nodiscard]] std::int64_t gone_left(std::int64_t time) const {
    return time + std::max<std::int64_t>(interval_.most, 0);
  }
  [[nodiscard]] std::int64_t gone_right(std::int64_t time) const {
    return time - std::min<std::int64_t>(interval_.least, 0);
  }

  template <class T>
  static void keep(Buffer<T>& buffer, std::int64_t time, const T& value) {
    buffer.update([&](std::vector<Kept<T>>& kept) {
      kept.insert(std::ranges::upper_bound(kept, time, {}, &Kept<T>::time), {time, value});
    });
  }
  template <class T, class Visit>
  static void for_each_between(const Buffer<T>& buffer, std::int64_t first, std::int64_t last,
                               Visit&& visit) {
    const auto* const kept = buffer.get();
    if (kept == nullptr) return;
    for (auto at = std::ranges::lower_bound(*kept, first, {}, &Kept<T>::time);
         at != kept->end() && at->time <= last; ++at)
      visit(*at);
  }
  template <class T, class IsGone>
  static void forget(Buffer<T>& buffer, IsGone&& is_gone) {
    const auto* const kept = buffer.get();
    if (kept == nullptr || kept->empty() || !is_gone(kept->front().time)) return;
    if (is_gone(kept->back().time)) return buffer.clear();
    buffer.update([&](std::vector<Kept<T>>& held) {
      std::erase_if(held, [&](const Kept<T>& each) { return is_gone(each.time); });
    });
  }

  void say(const A& left, const B& right, std::int64_t time, Out<R>& out) {
    Out<R> at = out.at(EventTime{time});
    detail::call_join(function_, left, right, at);
  }

  TimeInterval interval_;
  F function_;
  LongCounter late_{"numLateRecordsDropped"};
  Buffer<A> left_;
  Buffer<B> right_;
};

}  // namespace weir
