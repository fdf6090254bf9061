// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

#include "execution/operators/accumulators.h"
#include "execution/operators/operator.h"
#include "execution/operators/processing_time.h"
#include "execution/windows/keyed_windows.h"
#include "execution/windows/sliced_windows.h"

namespace weir {

/// Groups the records of each key by windows, and says what the plan's function says of them.
///
/// Windows that may be made of slices are, as long as the state is on the heap; all others have a row a key.
/// Late:    a record all of whose windows are gone goes nowhere; "numLateRecordsDropped" counts it.
/// Threads: the task's.
template <class Plan>
class WindowOperator final : public OneInputOperator<typename Plan::T, typename Plan::R>,
                             private WindowHost<typename Plan::T, typename Plan::R> {
  using T = typename Plan::T;
  using R = typename Plan::R;
  using Rows = KeyedWindows<Plan>;

  /// Of windows that can never be made of slices.
  struct NoSlices {
    struct Place {};
    static bool can_do(const Plan&) { return false; }
    NoSlices(Plan&, KeyedBackend&, WindowHost<T, R>&) {}
    Place prepare(const T&, std::int64_t) { return {}; }
    void take(const T&, std::int64_t, const Place&) {}
    void on_watermark() {}
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

  explicit WindowOperator(Plan plan) : plan_(std::move(plan)) {}

  void open(OperatorContext& context) override {
    clock_ = context.processing_time();
    KeyedBackend& backend = context.keyed_state();
    backend.template use_key<typename Plan::K>();
    if constexpr (requires { plan_.function.open(context); }) plan_.function.open(context);
    WindowHost<T, R>& host = *this;
    if (Slices::can_do(plan_) && !backend.has_store())
      slices_ = std::make_unique<Slices>(plan_, backend, host);
    else rows_ = std::make_unique<Rows>(plan_, backend, host);
  }

  /// Where the record's slice has its key. Fetches it meanwhile.
  [[gnu::always_inline]] typename Slices::Place prepare(const T& value, EventTime time) {
    if (!slices_ || time.is_none()) return {};
    return this->guarded([&] { return slices_->prepare(value, time.millis); });
  }

  void process(const T& value, EventTime time) override { process(value, time, prepare(value, time)); }

  [[gnu::always_inline]] void process(const T& value, EventTime time, const typename Slices::Place& place) {
    this->guarded([&] {
      if constexpr (Plan::Assigner::kIsEventTime) {
        if (time.is_none()) [[unlikely]] refuse();
      }
      if (slices_) slices_->take(value, time.millis, place);
      else rows_->take(value, time.millis);
    });
  }

  void on_processing_time() override {
    if (rows_) this->guarded([&] { rows_->on_processing_time(); });
  }

  void finish() override {
    if (rows_) this->guarded([&] { rows_->finish(); });
  }

protected:
  void on_watermark(EventTime watermark) override {
    this->guarded([&] {
      if (slices_) slices_->on_watermark();
      else rows_->on_watermark();
    });
    this->forward_watermark(watermark);
  }

private:
  [[noreturn]] static void refuse() {
    throw std::runtime_error(
        "a record came to a window of event time and has no time: assign_timestamps_and_watermarks() before "
        "the window, or take a window of processing time");
  }

  [[nodiscard]] std::int64_t watermark() const override { return this->current_watermark().millis; }
  [[nodiscard]] std::int64_t now() const override { return clock_->now(); }
  void wake_at(std::int64_t time) override { clock_->wake_at(time); }
  [[nodiscard]] Input<R>& next_input() override { return this->next(); }
  void on_late(const T&, std::int64_t) override { late_.add(); }

  Plan plan_;
  const LongCounter late_{"numLateRecordsDropped"};
  ProcessingTime* clock_ = nullptr;  // the task's
  std::unique_ptr<Slices> slices_;
  std::unique_ptr<Rows> rows_;
};

}  // namespace weir
