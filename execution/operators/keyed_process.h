// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/state/name_space.h"
#include "checkpoint/state/timers.h"
#include "execution/operators/function_operator.h"
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
///
/// and what else a function may have, such as open(RuntimeContext&) and states(): see function_operator.h.
template <class F, class T, class K, class R>
concept KeyedProcessObject =
    requires(F& function, const T& value, KeyedContext<K>& context, Out<R>& out) {
      function.process(value, context, out);
    };
template <class F, class K, class R>
concept HearsTimers = requires(F& function, TimerContext<K>& context, Out<R>& out) {
  function.on_timer(std::int64_t{}, context, out);
};

/// The current key of an operator, and the timers of all of them: "event timers" and "processing timers".
///
/// Threads: the task's.
template <class K>
class TimedKeys {
public:
  void open(OperatorContext& context) {
    state_ = &context.keyed_state();
    clock_ = context.processing_time();
    state_->template use_key<K>();
    event_timers_.emplace(*state_, "event timers");
    processing_timers_.emplace(*state_, "processing timers");
    wake();
  }

  template <class Given>
  void enter(Given&& key) {
    key_ = std::forward<Given>(key);
    state_->set_current_key(key_);
  }
  void leave() { state_->clear_current_key(); }
  [[nodiscard]] const K& key() const { return key_; }
  [[nodiscard]] KeyTimers<K> timers() { return {*event_timers_, *processing_timers_, *clock_, key_}; }

  /// Calls call(time, domain) for each timer that is due, in the order of their times, with its key as the
  /// current one.
  template <class Call>
  void fire_event_timers(EventTime watermark, Call&& call) {
    fire(*event_timers_, watermark.millis, TimeDomain::EventTime, call);
  }
  template <class Call>
  void fire_processing_timers(Call&& call) {
    fire(*processing_timers_, clock_->now(), TimeDomain::ProcessingTime, call);
    wake();
  }

private:
  template <class Call>
  void fire(Timers<K>& due, std::int64_t until, TimeDomain domain, Call& call) {
    due.fire_until(until, [&](const auto& timer) {
      enter(timer.key);
      call(timer.time, domain);
      leave();
    });
  }
  void wake() {
    if (processing_timers_->count() > 0) clock_->wake_at(processing_timers_->earliest());
  }

  KeyedBackend* state_ = nullptr;
  ProcessingTime* clock_ = nullptr;
  std::optional<Timers<K>> event_timers_;
  std::optional<Timers<K>> processing_timers_;
  K key_{};  // of the record or timer that is processed
};

/// Calls a function's on_timer(), if it has one. Results of timers by the clock have no time.
template <class R, class Function, class K>
void call_on_timer(Function& function, Operator& op, Input<R>& next, TimedKeys<K>& keys, std::int64_t due,
                   TimeDomain domain) {
  if constexpr (HearsTimers<Function, K, R>) {
    const EventTime time = domain == TimeDomain::EventTime ? EventTime{due} : EventTime::none();
    TimerContext<K> context(op, time, keys.key(), keys.timers(), domain);
    Out<R> out(next, time);
    function.on_timer(due, context, out);
  }
}

/// Any number of records for a record or a timer, with state and timers by key.
///
/// State:   what the function asks for, and its timers.
/// Order:   the timers that a watermark makes due fire before it goes on, in the order of their times.
/// Threads: the task's.
template <class T, class R, class KeyFunction, class Function>
class KeyedProcess final : public FunctionOperator<OneInputOperator<T, R>, Function> {
  using Base = FunctionOperator<OneInputOperator<T, R>, Function>;
  using K = KeptKeyOf<std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>>;
  static_assert(Serializable<K>, "a key is kept in checkpoints: specialise weir::Serializer for its type");

public:
  static constexpr bool kNamesItsFailures = true;

  KeyedProcess(KeyFunction key, Function function)
      : Base(std::move(function)), key_function_(std::move(key)) {}

  void open(OperatorContext& context) override {
    keys_.open(context);
    Base::open(context);
  }
  [[nodiscard]] std::vector<StateInfo> states() const {
    return keyed_states_of(this->function(), schema_of<K>());
  }

  void process(const T& value, EventTime time) override {
    this->guarded([&] {
      keys_.enter(std::invoke(key_function_, value));
      KeyedContext<K> context(*this, time, keys_.key(), keys_.timers());
      Out<R> out(this->next(), time);
      if constexpr (KeyedProcessObject<Function, T, K, R>) this->function().process(value, context, out);
      else this->function()(value, context, out);
      keys_.leave();
    });
  }

  void on_processing_time() override {
    this->guarded([&] { keys_.fire_processing_timers(on_timer()); });
  }

protected:
  void on_watermark(EventTime watermark) override {
    this->guarded([&] { keys_.fire_event_timers(watermark, on_timer()); });
    this->forward_watermark(watermark);
  }

private:
  [[nodiscard]] auto on_timer() {
    return [this](std::int64_t due, TimeDomain domain) {
      call_on_timer<R>(this->function(), *this, this->next(), keys_, due, domain);
    };
  }

  // Configuration.
  const KeyFunction key_function_;
  // Bound at open.
  TimedKeys<K> keys_;
};

}  // namespace weir
