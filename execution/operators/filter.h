// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "execution/operators/function_operator.h"

namespace weir {

/// Lets through the records for which the function says true.
template <class T, class Predicate>
class Filter : public FunctionOperator<OneInputOperator<T, T>, Predicate> {
public:
  using FunctionOperator<OneInputOperator<T, T>, Predicate>::FunctionOperator;
  static constexpr bool kNamesItsFailures = true;

  void process(const T& value, EventTime time) override {
    if (this->guarded([&] { return static_cast<bool>(std::invoke(this->function(), value)); }))
      this->next().process(value, time);
  }
};

}  // namespace weir
