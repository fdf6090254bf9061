// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "execution/operators/source.h"

namespace weir {

/// Records made from the numbers 0 to count - 1; subtask i of p makes those whose number is i modulo p.
template <class T, class Function>
class GeneratorSource final : public SourceFunction<T> {
public:
  static constexpr bool kCanStop = true;

  GeneratorSource(std::uint64_t count, Function function) : count_(count), function_(std::move(function)) {}

  void run(SourceContext<T>& context) override {
    if (!context.is_running()) return;
    for (std::uint64_t i = context.subtask_index(); i < count_; i += context.parallelism()) {
      if (!context.collect(function_(i))) return;
    }
  }

private:
  const std::uint64_t count_;
  Function function_;
};

/// The elements of a vector, dealt in turn to the subtasks.
template <class T>
class CollectionSource final : public SourceFunction<T> {
public:
  static constexpr bool kCanStop = true;

  explicit CollectionSource(std::vector<T> elements) : elements_(std::move(elements)) {}

  void run(SourceContext<T>& context) override {
    if (!context.is_running()) return;
    for (std::size_t i = context.subtask_index(); i < elements_.size(); i += context.parallelism()) {
      if (!context.collect(elements_[i])) return;
    }
  }

private:
  const std::vector<T> elements_;
};

}  // namespace weir
