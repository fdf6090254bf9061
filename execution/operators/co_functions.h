// SPDX-License-Identifier: Apache-2.0
// Operators around a function object that has a member for each of two inputs: first() and second().
#pragma once

#include <functional>
#include <utility>

#include "execution/operators/process.h"
#include "execution/operators/two_input.h"

namespace weir {

/// Two functions as one such object.
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
};

/// One record for one record of either input: `first(value)`, `second(value)`.
template <class First, class Second, class Result, class Function>
class CoMap : public TwoInputOperator<First, Second, Result> {
public:
  explicit CoMap(Function function) : function_(std::move(function)) {}

  void process_first(const First& value, EventTime time) override {
    const Result& result = this->guarded([&]() -> decltype(auto) { return function_.first(value); });
    this->next().process(result, time);
  }
  void process_second(const Second& value, EventTime time) override {
    const Result& result = this->guarded([&]() -> decltype(auto) { return function_.second(value); });
    this->next().process(result, time);
  }

private:
  Function function_;
};

/// Any number of records for one of either input: `first(value, out)`, `second(value, out)`.
template <class First, class Second, class Result, class Function>
class CoFlatMap : public TwoInputOperator<First, Second, Result> {
public:
  explicit CoFlatMap(Function function) : function_(std::move(function)) {}

  void process_first(const First& value, EventTime time) override {
    Out<Result> out(this->next(), time);
    this->guarded([&] { function_.first(value, out); });
  }
  void process_second(const Second& value, EventTime time) override {
    Out<Result> out(this->next(), time);
    this->guarded([&] { function_.second(value, out); });
  }

private:
  Function function_;
};

/// The same with a ProcessContext between: `first(value, context, out)`, `second(value, context, out)`.
template <class First, class Second, class Result, class Function>
class CoProcess : public TwoInputOperator<First, Second, Result> {
public:
  explicit CoProcess(Function function) : function_(std::move(function)) {}

  void process_first(const First& value, EventTime time) override {
    ProcessContext context(*this, time);
    Out<Result> out(this->next(), time);
    this->guarded([&] { function_.first(value, context, out); });
  }
  void process_second(const Second& value, EventTime time) override {
    ProcessContext context(*this, time);
    Out<Result> out(this->next(), time);
    this->guarded([&] { function_.second(value, context, out); });
  }

private:
  Function function_;
};

}  // namespace weir
