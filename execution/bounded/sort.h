// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "execution/bounded/external_sorter.h"
#include "execution/bounded/sort_order.h"
#include "execution/bounded/until_the_end.h"

namespace weir {

/// All of a subtask's input in order, when it has ended. Records that are equal by the order stay as they
/// came, and all keep their times.
template <Record T, class By>
class SortOperator final : public UntilTheEnd<OneInputOperator<T, T>> {
public:
  explicit SortOperator(By by) : by_(std::move(by)) {}

  void open(OperatorContext& context) override {
    sorter_.emplace(by_, workspace_of(context, SortMemory::kLeastPages));
  }
  void process(const T& value, EventTime time) override { sorter_->add(value, time); }
  void close() override { sorter_.reset(); }

private:
  void on_end() override {
    sorter_->finish();
    while (sorter_->next()) this->next().process(sorter_->value(), sorter_->time());
    sorter_.reset();
  }

  // Configuration.
  const By by_;
  // Bound at open; holds the input.
  std::optional<ExternalSorter<T, By>> sorter_;
};

/// The first so many records of each subtask.
template <Record T>
class FirstN final : public OneInputOperator<T, T> {
public:
  explicit FirstN(std::uint64_t count) : left_(count) {}

  void process(const T& value, EventTime time) override {
    if (left_ == 0) return;
    --left_;
    this->next().process(value, time);
  }

private:
  std::uint64_t left_;
};

}  // namespace weir
