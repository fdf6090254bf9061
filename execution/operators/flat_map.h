// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "execution/operators/operator.h"

namespace weir {

/// Any number of records for one record: the function puts them into its second argument, an Out.
template <class In, class Result, class Function>
class FlatMap final : public OneInputOperator<In, Result> {
public:
  static constexpr bool kNamesItsFailures = true;

  explicit FlatMap(Function function) : function_(std::move(function)) {}

  void process(const In& value, EventTime time) override {
    Out<Result> out(this->next(), time);
    this->guarded([&] { function_(value, out); });
  }

private:
  Function function_;
};

}  // namespace weir
