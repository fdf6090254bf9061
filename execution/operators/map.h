// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

#include "execution/operators/operator.h"

namespace weir {

/// One record for one record.
template <class In, class Result, class Function>
class Map final : public OneInputOperator<In, Result> {
public:
  static constexpr bool kNamesItsFailures = true;

  explicit Map(Function function) : function_(std::move(function)) {}

  void process(const In& value, EventTime time) override {
    const auto& result = this->guarded([&]() -> decltype(auto) { return std::invoke(function_, value); });
    this->next().process(result, time);
  }

private:
  Function function_;
};

}  // namespace weir
