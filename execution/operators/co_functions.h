// SPDX-License-Identifier: Apache-2.0
// Operators around a function object that has a member for each of two inputs: first() and second().
#pragma once

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "execution/operators/keyed_process.h"
#include "execution/operators/process.h"
#include "execution/operators/two_input.h"

namespace weir {

/// Two functions as one such object. Each may have a life of its own.
template <class OfFirst, class OfSecond>
struct TwoFunctions {
  OfFirst of_first;
  OfSecond of_second;

  template <class... Args>
  decltype(auto) first(Args&&... args) {
    return std::invoke(of_first, std::forward<Args>(args)...);
  }
  template <class... Args>
  decltype(auto) second(Args&&... args) {
    return std::invoke(of_second, std::forward<Args>(args)...);
  }

  void open(OperatorContext& context) {
    FunctionLife<OfFirst>::open(of_first, context);
    FunctionLife<OfSecond>::open(of_second, context);
  }
  void close() {
    FunctionLife<OfFirst>::close(of_first);
    FunctionLife<OfSecond>::close(of_second);
  }
  void snapshot(CheckpointId checkpoint) {
    FunctionLife<OfFirst>::snapshot(of_first, checkpoint);
    FunctionLife<OfSecond>::snapshot(of_second, checkpoint);
  }
  void on_checkpoint_complete(CheckpointId checkpoint) {
    FunctionLife<OfFirst>::on_checkpoint_complete(of_first, checkpoint);
    FunctionLife<OfSecond>::on_checkpoint_complete(of_second, checkpoint);
  }
  void on_checkpoint_aborted(CheckpointId checkpoint) {
    FunctionLife<OfFirst>::on_checkpoint_aborted(of_first, checkpoint);
    FunctionLife<OfSecond>::on_checkpoint_aborted(of_second, checkpoint);
  }
  auto states() const {
    return std::tuple_cat(declared(of_first), declared(of_second));
  }

private:
  template <class F>
  [[nodiscard]] static auto declared(const F& function) {
    if constexpr (DeclaresStates<F>) return function.states();
    else return std::tuple<>();
  }
};

/// One record for one record of either input: `first(value)`, `second(value)`.
template <class First, class Second, class Result, class Function>
class CoMap : public FunctionOperator<TwoInputOperator<First, Second, Result>, Function> {
public:
  using FunctionOperator<TwoInputOperator<First, Second, Result>, Function>::FunctionOperator;

  void process_first(const First& value, EventTime time) override {
    const Result& result = this->guarded([&]() -> decltype(auto) { return this->function().first(value); });
    this->next().process(result, time);
  }
  void process_second(const Second& value, EventTime time) override {
    const Result& result = this->guarded([&]() -> decltype(auto) { return this->function().second(value); });
    this->next().process(result, time);
  }
};

/// Any number of records for one of either input: `first(value, out)`, `second(value, out)`.
template <class First, class Second, class Result, class Function>
class CoFlatMap : public FunctionOperator<TwoInputOperator<First, Second, Result>, Function> {
public:
  using FunctionOperator<TwoInputOperator<First, Second, Result>, Function>::FunctionOperator;

  void process_first(const First& value, EventTime time) override {
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function().first(value, out); });
  }
  void process_second(const Second& value, EventTime time) override {
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function().second(value, out); });
  }
};

/// The same with a ProcessContext between: `first(value, context, out)`, `second(value, context, out)`.
template <class First, class Second, class Result, class Function>
class CoProcess : public FunctionOperator<TwoInputOperator<First, Second, Result>, Function> {
public:
  using FunctionOperator<TwoInputOperator<First, Second, Result>, Function>::FunctionOperator;

  void process_first(const First& value, EventTime time) override {
    ProcessContext context(*this, time);
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function().first(value, context, out); });
  }
  void process_second(const Second& value, EventTime time) override {
    ProcessContext context(*this, time);
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function().second(value, context, out); });
  }
};

/// The same for two streams that are keyed alike: `first(value, context, out)` and `second(value, context,
/// out)` with a KeyedContext<K>&, which knows the key and its timers, and `on_timer(time, context, out)` with
/// a TimerContext<K>&, if it has timers. Both share the state of the key.
///
/// State:   what the function asks for, and the timers as of KeyedProcess.
/// Order:   as of KeyedProcess; the watermark is that of the input that is behind.
template <class First, class Second, class Result, class FirstKey, class SecondKey, class Function>
class KeyedCoProcess final : public FunctionOperator<TwoInputOperator<First, Second, Result>, Function> {
  using Base = FunctionOperator<TwoInputOperator<First, Second, Result>, Function>;
  using K = KeptKeyOf<std::remove_cvref_t<std::invoke_result_t<const FirstKey&, const First&>>>;
  static_assert(Serializable<K>, "a key is kept in checkpoints: specialise weir::Serializer for its type");

public:
  KeyedCoProcess(FirstKey first_key, SecondKey second_key, Function function)
      : Base(std::move(function)), first_key_(std::move(first_key)), second_key_(std::move(second_key)) {}

  void open(OperatorContext& context) override {
    keys_.open(context);
    Base::open(context);
  }
  [[nodiscard]] std::vector<StateInfo> states() const {
    return keyed_states_of(this->function(), schema_of<K>());
  }

  void process_first(const First& value, EventTime time) override {
    with_key(first_key_, value, time, [&](KeyedContext<K>& context, Out<Result>& out) {
      this->function().first(value, context, out);
    });
  }
  void process_second(const Second& value, EventTime time) override {
    with_key(second_key_, value, time, [&](KeyedContext<K>& context, Out<Result>& out) {
      this->function().second(value, context, out);
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
  template <class Key, class Value, class Call>
  void with_key(const Key& key, const Value& value, EventTime time, Call&& call) {
    this->guarded([&] {
      keys_.enter(std::invoke(key, value));
      KeyedContext<K> context(*this, time, keys_.key(), keys_.timers());
      Out<Result> out(this->next(), time);
      call(context, out);
      keys_.leave();
    });
  }
  [[nodiscard]] auto on_timer() {
    return [this](std::int64_t due, TimeDomain domain) {
      call_on_timer<Result>(this->function(), *this, this->next(), keys_, due, domain);
    };
  }

  // Configuration.
  const FirstKey first_key_;
  const SecondKey second_key_;
  // Bound at open.
  TimedKeys<K> keys_;
};

}  // namespace weir
