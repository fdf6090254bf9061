// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "execution/operators/operator.h"
#include "execution/operators/watermark_valve.h"
#include "memory/serializer.h"

namespace weir {

/// An operator of two inputs of any types. Subclasses say what process_first() and process_second() do with
/// their records; results go to next(). The inputs are read in turn, neither before the other, and
/// checkpoints cut through both at once. The operator's time is that of the input which is behind, unless
/// that is idle.
///
/// It begins its chain: while one input calls, the other could not be read.
template <class First_, class Second_, class Out_>
class TwoInputOperator : public Operator {
public:
  using First = First_;
  using Second = Second_;
  using Result = Out_;

  TwoInputOperator() { time_.add_channels(2); }

  virtual void process_first(const First& value, EventTime time) = 0;
  virtual void process_second(const Second& value, EventTime time) = 0;

  void set_output(Input<Out_>& next) { next_ = &next; }

  // By the receiving faces.
  void advance_input(std::uint32_t input, EventTime watermark) { tell(time_.on_watermark(input, watermark)); }
  void change_input(std::uint32_t input, StreamStatus status) { tell(time_.on_status(input, status)); }

protected:
  [[nodiscard]] Input<Out_>& next() { return *next_; }

  void forward_watermark(EventTime watermark) override {
    next_->process_watermark(watermark);
    Operator::forward_watermark(watermark);
  }
  void forward_status(StreamStatus status) override {
    next_->process_status(status);
    Operator::forward_status(status);
  }
  void forward_latency_marker(const LatencyMarker& marker) override {
    next_->process_latency_marker(marker);
    Operator::forward_latency_marker(marker);
  }

private:
  void tell(const WatermarkValve::Outcome& outcome) {
    if (outcome.became_active) change_status(StreamStatus::Active);
    advance_watermark(outcome.watermark);
    if (outcome.became_idle) change_status(StreamStatus::Idle);
  }

  WatermarkValve time_;
  Input<Out_>* next_ = nullptr;  // wired by the chain before open(), outlives this
};

template <class Op>
concept HasTwoInputs = requires {
  typename Op::First;
  typename Op::Second;
};

/// The receiving face of one input of an operator of class Op. It knows the class: a record costs no virtual
/// call more.
template <HasTwoInputs Op, std::uint32_t kIndex>
class InputOf final : public Input<std::conditional_t<kIndex == 0, typename Op::First, typename Op::Second>> {
public:
  using Value = std::conditional_t<kIndex == 0, typename Op::First, typename Op::Second>;

  explicit InputOf(Op& op) : op_(op) {}

  void process(const Value& value, EventTime time) override {
    if constexpr (kIndex == 0) op_.Op::process_first(value, time);
    else op_.Op::process_second(value, time);
  }
  void process_watermark(EventTime watermark) override { op_.advance_input(kIndex, watermark); }
  void process_status(StreamStatus status) override { op_.change_input(kIndex, status); }
  void process_latency_marker(const LatencyMarker& marker) override { op_.pass_latency_marker(marker); }

private:
  Op& op_;  // outlives this
};

/// In place of the key of a second input that has none.
struct NoSecondKey {};

/// An operator whose function may keep state by key, in one for both inputs: each record's key is the current
/// one while it is processed.
template <HasTwoInputs Op, class FirstKey, class SecondKey>
class KeyedTwoInput final : public Op {
public:
  using First = typename Op::First;
  using Second = typename Op::Second;

private:
  using Key = std::remove_cvref_t<std::invoke_result_t<const FirstKey&, const First&>>;
  static_assert(Serializable<Key>, "a key is kept in checkpoints: specialise weir::Serializer for its type");

public:
  template <class... Args>
  explicit KeyedTwoInput(FirstKey first_key, SecondKey second_key, Args&&... args)
      : Op(std::forward<Args>(args)...),
        first_key_(std::move(first_key)),
        second_key_(std::move(second_key)) {}

  void open(OperatorContext& context) override {
    state_ = &context.keyed_state();
    state_->template use_key<Key>();
    Op::open(context);
  }

  [[nodiscard]] std::vector<StateInfo> states() const
    requires requires(const Op& op) { op.states(); }
  {
    std::vector<StateInfo> states = Op::states();
    for (StateInfo& state : states)
      if (is_keyed(state.kind)) state.key = schema_of<Key>();
    return states;
  }

  void process_first(const First& value, EventTime time) override {
    decltype(auto) key = this->guarded([&]() -> decltype(auto) { return std::invoke(first_key_, value); });
    state_->set_current_key(key);
    Op::process_first(value, time);
    state_->clear_current_key();
  }
  void process_second(const Second& value, EventTime time) override {
    if constexpr (std::same_as<SecondKey, NoSecondKey>) return Op::process_second(value, time);
    else process_keyed_second(value, time);
  }

private:
  void process_keyed_second(const Second& value, EventTime time) {
    decltype(auto) key = this->guarded([&]() -> decltype(auto) { return std::invoke(second_key_, value); });
    state_->set_current_key(key);
    Op::process_second(value, time);
    state_->clear_current_key();
  }

  // Configuration.
  const FirstKey first_key_;
  const SecondKey second_key_;
  // Bound at open.
  KeyedBackend* state_ = nullptr;
};

}  // namespace weir
