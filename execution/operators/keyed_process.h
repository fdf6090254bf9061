// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "checkpoint/state/name_space.h"
#include "checkpoint/state/timers.h"
#include "execution/operators/operator.h"
#include "execution/operators/process.h"
#include "execution/operators/processing_time.h"

namespace weir {

/// By which clock a timer is.
enum class TimeDomain : std::uint8_t { EventTime, ProcessingTime };

/// The timers of the current key, as a function sees them. A timer is one of its clock and its time: added
/// twice it is there once, and fires once.
///
/// Unit: ms.
template <class K>
class KeyTimers {
public:
  KeyTimers(Timers<K>& event, Timers<K>& processing, ProcessingTime& clock, const K& key)
      : event_(event), processing_(processing), clock_(clock), key_(key) {}

  /// Fires when the watermark is there: at the next one, if it has passed already.
  void add_event_time(std::int64_t time) { event_.add(time, key_); }
  void add_event_time(EventTime time) { event_.add(time.millis, key_); }
  void remove_event_time(std::int64_t time) { event_.remove(time, key_); }
  void remove_event_time(EventTime time) { event_.remove(time.millis, key_); }
  /// Fires when the wall clock is there.
  void add_processing_time(std::int64_t time) {
    if (processing_.add(time, key_)) clock_.wake_at(time);
  }
  void remove_processing_time(std::int64_t time) { processing_.remove(time, key_); }
  /// What the wall clock says.
  [[nodiscard]] std::int64_t processing_time() const { return clock_.now(); }

private:
  Timers<K>& event_;
  Timers<K>& processing_;
  ProcessingTime& clock_;
  const K& key_;
};

/// What the function of a keyed stream sees beside its record or its timer. Good for the length of the call.
template <class K>
class KeyedContext : public ProcessContext {
public:
  KeyedContext(Operator& op, EventTime time, const K& key, KeyTimers<K> timers)
      : ProcessContext(op, time), key_(key), timers_(timers) {}

  [[nodiscard]] const K& key() const { return key_; }
  [[nodiscard]] KeyTimers<K>& timers() { return timers_; }

private:
  const K& key_;
  KeyTimers<K> timers_;
};

/// The same while a timer fires.
template <class K>
class TimerContext : public KeyedContext<K> {
public:
  TimerContext(Operator& op, EventTime time, const K& key, KeyTimers<K> timers, TimeDomain domain)
      : KeyedContext<K>(op, time, key, timers), domain_(domain) {}

  [[nodiscard]] TimeDomain time_domain() const { return domain_; }

private:
  const TimeDomain domain_;
};

/// What keyed.process() takes: a function of (const T&, KeyedContext<K>&, Out<R>&), or an object with
///
///     void process(const T&, KeyedContext<K>&, Out<R>&)
///     void on_timer(std::int64_t time, TimerContext<K>&, Out<R>&)    if it has timers
///     void open(OperatorContext&)                                    if it has state
template <class F, class T, class K, class R>
concept KeyedProcessObject =
    requires(F& function, const T& value, KeyedContext<K>& context, Out<R>& out) {
      function.process(value, context, out);
    };
template <class F, class K, class R>
concept HearsTimers = requires(F& function, TimerContext<K>& context, Out<R>& out) {
  function.on_timer(std::int64_t{}, context, out);
};

/// Any number of records for a record or a timer, with state and timers by key.
///
/// State:   what the function asks for, and the timers "event timers" and "processing timers".
/// Order:   the timers that a watermark makes due fire before it goes on, in the order of their times.
/// Threads: the task's.
template <class T, class R, class KeyFunction, class Function>
class KeyedProcess final : public OneInputOperator<T, R> {
  using K = KeptKeyOf<std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>>;
  static_assert(Serializable<K>, "a key is kept in checkpoints: specialise weir::Serializer for its type");

public:
  static constexpr bool kNamesItsFailures = true;

  KeyedProcess(KeyFunction key, Function function)
      : key_function_(std::move(key)), function_(std::move(function)) {}

  void open(OperatorContext& context) override {
    state_ = &context.keyed_state();
    clock_ = context.processing_time();
    state_->template use_key<K>();
    event_timers_.emplace(*state_, "event timers");
    processing_timers_.emplace(*state_, "processing timers");
    if constexpr (requires { function_.open(context); }) function_.open(context);
    wake();
  }

  void process(const T& value, EventTime time) override {
    this->guarded([&] {
      set_key(std::invoke(key_function_, value));
      KeyedContext<K> context(*this, time, key_, timers());
      Out<R> out(this->next(), time);
      if constexpr (KeyedProcessObject<Function, T, K, R>) function_.process(value, context, out);
      else function_(value, context, out);
      state_->clear_current_key();
    });
  }

  void on_processing_time() override {
    fire(*processing_timers_, clock_->now(), TimeDomain::ProcessingTime);
    wake();
  }

protected:
  void on_watermark(EventTime watermark) override {
    fire(*event_timers_, watermark.millis, TimeDomain::EventTime);
    this->forward_watermark(watermark);
  }

private:
  template <class Given>
  void set_key(Given&& key) {
    key_ = std::forward<Given>(key);
    state_->set_current_key(key_);
  }
  [[nodiscard]] KeyTimers<K> timers() { return {*event_timers_, *processing_timers_, *clock_, key_}; }

  void fire(Timers<K>& due, std::int64_t until, TimeDomain domain) {
    this->guarded([&] {
      due.fire_until(until, [&](const auto& timer) {
        set_key(timer.key);
        const EventTime time = domain == TimeDomain::EventTime ? EventTime{timer.time} : EventTime::none();
        TimerContext<K> context(*this, time, key_, timers(), domain);
        Out<R> out(this->next(), time);
        if constexpr (HearsTimers<Function, K, R>) function_.on_timer(timer.time, context, out);
        state_->clear_current_key();
      });
    });
  }
  void wake() {
    if (processing_timers_->count() > 0) clock_->wake_at(processing_timers_->earliest());
  }

  // Configuration.
  const KeyFunction key_function_;
  Function function_;
  // Bound at open.
  KeyedBackend* state_ = nullptr;
  ProcessingTime* clock_ = nullptr;
  std::optional<Timers<K>> event_timers_;
  std::optional<Timers<K>> processing_timers_;
  K key_{};  // of the record or timer that is processed
};

}  // namespace weir
