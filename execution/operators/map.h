// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "execution/operators/function_operator.h"

namespace weir {

/// One record for one record.
template <class In, class Result, class Function>
class Map : public FunctionOperator<OneInputOperator<In, Result>, Function> {
public:
  using FunctionOperator<OneInputOperator<In, Result>, Function>::FunctionOperator;
  static constexpr bool kNamesItsFailures = true;

  void process(const In& value, EventTime time) override {
    const auto& result =
        this->guarded([&]() -> decltype(auto) { return std::invoke(this->function(), value); });
    this->next().process(result, time);
  }
};

}  // namespace weir
