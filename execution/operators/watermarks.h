// SPDX-License-Identifier: Apache-2.0
// How the time of a stream is made of the times of its records.
//
// A watermark generator is any copyable class, of which each subtask has its own, with
//
//     void      on_record(const T& value, EventTime time)   for each record, or
//     EventTime on_record(const T& value, EventTime time)   the watermark behind it; none(): nothing new
//     EventTime watermark() const                           asked at each interval; none(): nothing new
//     void      open(const OperatorContext& context)        before the first record
//
// of which the last two may be missing. What goes back is not sent on.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/log.h"
#include "execution/operators/operator.h"

namespace weir {

template <class G, class T>
concept WatermarkGenerator = std::copy_constructible<G> &&
    requires(G generator, const T& value, EventTime time) {
  generator.on_record(value, time);
};
/// One that speaks behind records.
template <class G, class T>
concept PunctuatedGenerator = WatermarkGenerator<G, T> &&
    requires(G generator, const T& value, EventTime time) {
  { generator.on_record(value, time) } -> std::same_as<EventTime>;
};
/// One that is asked by the clock.
template <class G>
concept PeriodicGenerator = requires(const G& generator) {
  { generator.watermark() } -> std::same_as<EventTime>;
};

/// A generator, and how long a stream may be silent before others stop waiting for it.
template <class Generator>
struct WatermarkStrategy {
  Generator generator;
  std::chrono::milliseconds idle_after{0};  // 0: it is waited for, however long

  /// A subtask without records for so long counts as idle until the next one comes.
  [[nodiscard]] WatermarkStrategy with_idleness(std::chrono::milliseconds after) const {
    WatermarkStrategy strategy = *this;
    strategy.idle_after = after;
    return strategy;
  }
};

/// Records may be late by up to `bound` beside the latest one.
class BoundedOutOfOrderness {
public:
  explicit BoundedOutOfOrderness(std::chrono::milliseconds bound) : bound_(bound.count()) {}

  template <class T>
  void on_record(const T&, EventTime time) {
    latest_ = std::max(latest_, time);
  }
  [[nodiscard]] EventTime watermark() const {
    // One more may come of the very time that is `bound` ago.
    constexpr std::int64_t kFirst = EventTime::none().millis + 1;
    if (latest_.is_none() || latest_.millis <= kFirst + bound_) return EventTime::none();
    return {latest_.millis - bound_ - 1};
  }

private:
  std::int64_t bound_;
  EventTime latest_;
};

/// No record's time is before that of the one before it. If one is, the log tells so, once.
class AscendingTimestamps {
public:
  void open(const OperatorContext& context) { operator_name_ = context.operator_name(); }
  template <class T>
  void on_record(const T&, EventTime time) {
    if (time < latest_) [[unlikely]] return complain(time);
    latest_ = time;
  }
  [[nodiscard]] EventTime watermark() const {
    return latest_.is_none() ? latest_ : EventTime{latest_.millis - 1};
  }

private:
  void complain(EventTime time) {
    if (std::exchange(has_complained_, true)) return;
    log::warn("time", "operator \"" + operator_name_ + "\": a record of time " + std::to_string(time.millis) +
                          " came behind one of " + std::to_string(latest_.millis) +
                          ", though their times were said to ascend; such records may be late");
  }

  std::string operator_name_;
  EventTime latest_;
  bool has_complained_ = false;
};

/// Asks a function for the watermark behind each record.
template <class Function>
struct Punctuated {
  Function function;
  template <class T>
  EventTime on_record(const T& value, EventTime time) {
    return std::invoke(function, value, time);
  }
};

/// Nobody knows.
struct NoWatermarks {
  template <class T>
  void on_record(const T&, EventTime) {}
};

[[nodiscard]] inline auto bounded_out_of_orderness(std::chrono::milliseconds bound) {
  return WatermarkStrategy<BoundedOutOfOrderness>{BoundedOutOfOrderness(bound)};
}
[[nodiscard]] inline auto ascending_timestamps() { return WatermarkStrategy<AscendingTimestamps>{}; }
/// `function(record, its time)` returns the watermark behind it; EventTime::none(): none.
template <class Function>
[[nodiscard]] auto punctuated(Function function) {
  return WatermarkStrategy<Punctuated<Function>>{{std::move(function)}};
}
/// A generator of your own, see above.
template <class Generator>
[[nodiscard]] auto watermark_generator(Generator generator) {
  return WatermarkStrategy<Generator>{std::move(generator)};
}
[[nodiscard]] inline auto no_watermarks() { return WatermarkStrategy<NoWatermarks>{}; }

// What a function may return as the time of a record.
[[nodiscard]] constexpr EventTime to_event_time(EventTime time) { return time; }
[[nodiscard]] constexpr EventTime to_event_time(std::integral auto millis) {
  return {static_cast<std::int64_t>(millis)};
}
template <class Length>
[[nodiscard]] constexpr EventTime to_event_time(std::chrono::sys_time<Length> time) {
  return {std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count()};
}

template <class F, class T>
concept TimeOf = requires(F& function, const T& value) { to_event_time(std::invoke(function, value)); };

/// Gives each record its time and makes the stream's time of them. Of the time that the stream had before
/// only its end is handed on.
///
/// Time: the clock is looked at each interval only, not for records.
template <class T, TimeOf<T> Timestamp, WatermarkGenerator<T> Generator>
class AssignTimestamps final : public OneInputOperator<T, T> {
public:
  static constexpr bool kNamesItsFailures = true;

  /// With an `interval` of 0 nothing is done by the clock.
  AssignTimestamps(Timestamp timestamp, WatermarkStrategy<Generator> strategy,
                   std::chrono::milliseconds interval)
      : timestamp_(std::move(timestamp)),
        generator_(std::move(strategy.generator)),
        interval_(interval.count()),
        idle_after_(interval_ == 0 ? 0 : strategy.idle_after.count()) {}

  void open(OperatorContext& context) override {
    if constexpr (requires { generator_.open(context); }) generator_.open(context);
    clock_ = context.processing_time();
    last_seen_ = clock_->now();
    if (interval_ > 0 && (PeriodicGenerator<Generator> || idle_after_ > 0)) await_next_tick();
  }

  void process(const T& value, EventTime) override {
    const EventTime time = this->guarded([&] { return to_event_time(std::invoke(timestamp_, value)); });
    has_seen_ = true;
    if (is_silent_) [[unlikely]] set_status(is_silent_, false);
    if constexpr (PunctuatedGenerator<Generator, T>) {
      const EventTime behind = this->guarded([&] { return generator_.on_record(value, time); });
      this->next().process(value, time);
      emit(behind);
    } else {
      this->guarded([&] { generator_.on_record(value, time); });
      this->next().process(value, time);
    }
  }

  void on_processing_time() override {
    if (next_tick_ == 0) return;
    if (clock_->now() < next_tick_) return clock_->wake_at(next_tick_);  // somebody else was to be woken
    emit_periodic();
    if (idle_after_ > 0) look_for_silence();
    await_next_tick();
  }

  void finish() override { emit_periodic(); }

protected:
  void on_watermark(EventTime watermark) override {
    if (watermark != EventTime::max()) return;
    is_silent_ = false;
    set_status(is_upstream_idle_, false);
    emit(watermark);
  }
  void on_status(StreamStatus status) override {
    set_status(is_upstream_idle_, status == StreamStatus::Idle);
  }

private:
  void emit_periodic() {
    if constexpr (PeriodicGenerator<Generator>) emit(this->guarded([&] { return generator_.watermark(); }));
  }
  void emit(EventTime watermark) {
    if (watermark <= emitted_) return;
    emitted_ = watermark;
    this->forward_watermark(watermark);
  }

  void look_for_silence() {
    if (std::exchange(has_seen_, false)) last_seen_ = clock_->now();
    else if (clock_->now() - last_seen_ >= idle_after_) set_status(is_silent_, true);
  }
  /// Changes one of the reasons to be idle.
  void set_status(bool& reason, bool is_idle) {
    reason = is_idle;
    const auto status = is_silent_ || is_upstream_idle_ ? StreamStatus::Idle : StreamStatus::Active;
    if (status != std::exchange(status_, status)) this->forward_status(status);
  }

  void await_next_tick() {
    next_tick_ = clock_->now() + interval_;
    clock_->wake_at(next_tick_);
  }

  // Configuration.
  Timestamp timestamp_;
  Generator generator_;
  const std::int64_t interval_;    // ms
  const std::int64_t idle_after_;  // ms
  // Bound at open.
  ProcessingTime* clock_ = nullptr;
  // Time begins anew after a restore: it is made of records.
  EventTime emitted_ = EventTime::none();
  std::int64_t next_tick_ = 0;  // 0: none is awaited
  std::int64_t last_seen_ = 0;
  bool has_seen_ = false;  // a record, since the last tick
  bool is_silent_ = false;
  bool is_upstream_idle_ = false;
  StreamStatus status_ = StreamStatus::Active;
};

/// Gives each record the time at which it came in: that of the task's last look at the clock. The stream's
/// time follows at each interval.
template <class T>
class AssignIngestionTime final : public OneInputOperator<T, T> {
public:
  static constexpr bool kNamesItsFailures = true;

  explicit AssignIngestionTime(std::chrono::milliseconds interval)
      : interval_(std::max<std::int64_t>(interval.count(), 1)) {}

  void open(OperatorContext& context) override {
    clock_ = context.processing_time();
    time_ = {clock_->now()};
    await_next_tick();
  }
  void process(const T& value, EventTime) override { this->next().process(value, time_); }
  void on_processing_time() override {
    if (clock_->now() < next_tick_) return clock_->wake_at(next_tick_);
    time_ =
        std::max(time_, EventTime{clock_->now()});  // a clock that was set back does not make records late
    this->forward_watermark({time_.millis - 1});
    await_next_tick();
  }

protected:
  void on_watermark(EventTime watermark) override {
    if (watermark == EventTime::max()) this->forward_watermark(watermark);
  }

private:
  void await_next_tick() {
    next_tick_ = clock_->now() + interval_;
    clock_->wake_at(next_tick_);
  }

  // Configuration.
  const std::int64_t interval_;  // ms
  // Bound at open.
  ProcessingTime* clock_ = nullptr;
  EventTime time_;
  std::int64_t next_tick_ = 0;
};

}  // namespace weir
