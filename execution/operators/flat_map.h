// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "execution/operators/function_operator.h"

namespace weir {

/// Any number of records for one record: the function puts them into its second argument, an Out.
template <class In, class Result, class Function>
class FlatMap : public FunctionOperator<OneInputOperator<In, Result>, Function> {
public:
  using FunctionOperator<OneInputOperator<In, Result>, Function>::FunctionOperator;
  static constexpr bool kNamesItsFailures = true;

  void process(const In& value, EventTime time) override {
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function()(value, out); });
  }
};

}  // namespace weir
