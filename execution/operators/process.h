// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "execution/operators/function_operator.h"
#include "execution/operators/operator.h"

namespace weir {

/// What a process function sees beside its record. Good for the length of the call.
class ProcessContext {
public:
  ProcessContext(Operator& op, EventTime time) : op_(op), time_(time) {}

  /// The record's time; EventTime::none() if it has none.
  [[nodiscard]] EventTime timestamp() const { return time_; }
  /// How far time is: records that are not later than this are late. Of several inputs, the earliest of
  /// theirs.
  [[nodiscard]] EventTime current_watermark() const { return op_.current_watermark(); }

  /// Puts a record into the output of that tag, with the time of the record that is processed. Dropped if
  /// nobody reads the output.
  template <class T>
  void emit(const OutputTag<T>& tag, const T& value) const {
    if (Input<T>* const output = op_.side_output(tag)) output->process(value, time_);
  }

private:
  Operator& op_;  // outlives this
  const EventTime time_;
};

/// Any number of records for one, to any of several outputs: the function puts them into its third argument,
/// an Out, or under a tag into its second one, a ProcessContext.
template <class In, class Result, class Function>
class Process : public FunctionOperator<OneInputOperator<In, Result>, Function> {
public:
  static constexpr bool kNamesItsFailures = true;

  using FunctionOperator<OneInputOperator<In, Result>, Function>::FunctionOperator;

  void process(const In& value, EventTime time) override {
    ProcessContext context(*this, time);
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function()(value, context, out); });
  }
};

}  // namespace weir
