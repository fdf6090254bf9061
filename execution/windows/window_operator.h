// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/log.h"
#include "execution/operators/accumulators.h"
#include "execution/operators/function_operator.h"
#include "execution/operators/operator.h"
#include "execution/operators/processing_time.h"
#include "execution/windows/keyed_windows.h"
#include "execution/windows/sliced_windows.h"

namespace weir {

/// Groups the records of each key by windows, and says what the plan's function says of them.
///
/// Windows that may be made of slices are, as long as the state is on the heap; all others have a row a key.
/// Late:    a record all of whose windows are gone goes to the tag `late`. If that has no name, or nobody
///          reads it, it is dropped, and "numLateRecordsDropped" counts it.
/// Threads: the task's.
template <class Plan>
class WindowOperator final : public OneInputOperator<typename Plan::T, typename Plan::R>,
                             private WindowHost<typename Plan::T, typename Plan::R> {
  using T = typename Plan::T;
  using R = typename Plan::R;
  using Rows = KeyedWindows<Plan>;
  using Life = LifeOf<decltype(Plan::function)>;

  /// Of windows that can never be made of slices.
  struct NoSlices {
    struct Place {};
    static bool can_do(const Plan&) { return false; }
    NoSlices(Plan&, KeyedBackend&, WindowHost<T, R>&) {}
    Place prepare(const T&, std::int64_t) { return {}; }
    void take(const T&, std::int64_t, const Place&) {}
    void on_watermark() {}
    [[nodiscard]] bool is_empty() const { return true; }
  };
  template <class P, bool may_be_sliced>
  struct SlicesOf {
    using Type = NoSlices;
  };
  template <class P>
  struct SlicesOf<P, true> {
    using Type = SlicedWindows<P>;
  };
  using Slices = typename SlicesOf<Plan, Plan::kMayBeSliced>::Type;

public:
  static constexpr bool kNamesItsFailures = true;

  explicit WindowOperator(Plan plan, OutputTag<T> late = {}) : plan_(std::move(plan)), late_tag_(late) {}

  void open(OperatorContext& context) override {
    clock_ = context.processing_time();
    if (!late_tag_.name.empty()) late_output_ = this->side_output(late_tag_);
    KeyedBackend& backend = context.keyed_state();
    backend.template use_key<typename Plan::K>();
    Life::open(users_function(plan_.function), context);
    WindowHost<T, R>& host = *this;
    if (Slices::can_do(plan_) && !backend.has_store())
      slices_ = std::make_unique<Slices>(plan_, backend, host);
    else rows_ = std::make_unique<Rows>(plan_, backend, host);
    opened_at_ = clock_->now();
    if constexpr (kIsEventTime) clock_->wake_at(patient_until_ = opened_at_ + kPatienceMs);
  }

  void snapshot(CheckpointId checkpoint) override {
    Life::snapshot(users_function(plan_.function), checkpoint);
  }
  void on_checkpoint_complete(CheckpointId checkpoint) override {
    Life::on_checkpoint_complete(users_function(plan_.function), checkpoint);
  }
  void on_checkpoint_aborted(CheckpointId checkpoint) override {
    Life::on_checkpoint_aborted(users_function(plan_.function), checkpoint);
  }
  void close() override { Life::close(users_function(plan_.function)); }
  /// Those that the function declares.
  [[nodiscard]] std::vector<StateInfo> states() const {
    return keyed_states_of(plan_.function, schema_of<typename Plan::K>());
  }

  /// Where the record's slice has its key. Fetches it meanwhile.
  [[gnu::always_inline]] typename Slices::Place prepare(const T& value, EventTime time) {
    return this->guarded([&]() __attribute__((always_inline)) -> typename Slices::Place {
      if (slices_ && !time.is_none()) return slices_->prepare(value, time.millis);
      if (rows_) rows_->prepare(value);
      return {};
    });
  }

  void process(const T& value, EventTime time) override { process(value, time, prepare(value, time)); }

  [[gnu::always_inline]] void process(const T& value, EventTime time, const typename Slices::Place& place) {
    this->guarded([&]() __attribute__((always_inline)) {
      if constexpr (kIsEventTime) {
        if (time.is_none()) [[unlikely]] refuse();
      }
      if (slices_) slices_->take(value, time.millis, place);
      else rows_->take(value, time.millis);
    });
  }

  void on_processing_time() override {
    if (kIsEventTime && clock_->now() >= patient_until_) look_for_watermarks();
    if (rows_) this->guarded([&] { rows_->on_processing_time(); });
  }

  void finish() override {
    if (rows_) this->guarded([&] { rows_->finish(); });
  }

protected:
  void on_watermark(EventTime watermark) override {
    if (watermark == EventTime::max() && !has_watermark_ && has_windows() &&
        clock_->now() - opened_at_ >= kLongEnoughMs)
      complain("before the end of its input");
    has_watermark_ = true;
    this->guarded([&] {
      if (slices_) slices_->on_watermark();
      else rows_->on_watermark();
    });
    this->forward_watermark(watermark);
  }

private:
  static constexpr bool kIsEventTime = Plan::Assigner::kIsEventTime;
  static constexpr std::int64_t kPatienceMs = 60'000;
  static constexpr std::int64_t kLongEnoughMs = 2'000;  // a shorter input may end before its time is said

  [[nodiscard]] bool has_windows() const { return slices_ ? !slices_->is_empty() : rows_->is_waiting(); }

  void look_for_watermarks() {
    patient_until_ = window_math::kForever;
    if (has_watermark_) return;
    if (has_windows()) return complain("for a minute");
    clock_->wake_at(patient_until_ = clock_->now() + kPatienceMs);
  }
  void complain(const char* when) {
    if constexpr (!kIsEventTime) return;
    log::warn("time", "operator \"" + this->name() + "\" has windows of event time and got no watermark " +
                          when +
                          ": without watermarks windows do not speak. Does each source of the stream have "
                          "times and watermarks?");
  }

  [[noreturn]] static void refuse() {
    throw std::runtime_error(
        "a record came to a window of event time and has no time: assign_timestamps() before the "
        "window, or take a window of processing time");
  }

  [[nodiscard]] std::int64_t watermark() const override { return this->current_watermark().millis; }
  [[nodiscard]] std::int64_t now() const override { return clock_->now(); }
  void wake_at(std::int64_t time) override { clock_->wake_at(time); }
  [[nodiscard]] Input<R>& next_input() override { return this->next(); }
  void on_late(const T& value, std::int64_t time) override {
    if (late_output_ != nullptr) late_output_->process(value, EventTime{time});
    else dropped_.add();
  }

  Plan plan_;
  const OutputTag<T> late_tag_;
  const LongCounter dropped_{"numLateRecordsDropped"};
  Input<T>* late_output_ = nullptr;
  ProcessingTime* clock_ = nullptr;  // the task's
  std::int64_t opened_at_ = 0;
  std::int64_t patient_until_ = window_math::kForever;
  bool has_watermark_ = false;
  std::unique_ptr<Slices> slices_;
  std::unique_ptr<Rows> rows_;
};

}  // namespace weir
