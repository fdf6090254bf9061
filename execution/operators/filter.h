// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

#include "execution/operators/operator.h"

namespace weir {

/// Lets through the records for which the function says true.
template <class T, class Predicate>
class Filter final : public OneInputOperator<T, T> {
public:
  static constexpr bool kNamesItsFailures = true;

  explicit Filter(Predicate keep) : keep_(std::move(keep)) {}

  void process(const T& value, EventTime time) override {
    if (this->guarded([&] { return static_cast<bool>(std::invoke(keep_, value)); }))
      this->next().process(value, time);
  }

private:
  Predicate keep_;
};

}  // namespace weir
