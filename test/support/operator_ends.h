// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "execution/operators/input.h"
#include "execution/operators/operator_context.h"
#include "execution/operators/source.h"

namespace weir::testing {

/// What comes after an operator: writes down what it gets.
template <class T>
class Gathered final : public Input<T> {
public:
  void process(const T& value, EventTime time) override {
    values.push_back(value);
    times.push_back(time);
  }

  std::vector<T> values;
  std::vector<EventTime> times;
};

/// The task of a source that is never disturbed and never waits.
class QuietLoop final : private std::atomic<std::uint32_t>, public SourceLoop {
public:
  QuietLoop() : SourceLoop(static_cast<std::atomic<std::uint32_t>&>(*this)) {}
  using SourceLoop::stop;

private:
  void take_letters() override {}
  void await_until(TimePoint) override {}
  void await_readable(int) override {}
};

/// All that one subtask of a source collects.
template <class T>
std::vector<T> run_source(SourceFunction<T>& source, std::uint32_t subtask_index, std::uint32_t parallelism) {
  Gathered<T> all;
  QuietLoop loop;
  OperatorContext place({"source", subtask_index, parallelism, 128});
  source.open(place);
  SourceContext<T> context(all, loop, place);
  source.run(context);
  return std::move(all.values);
}

}  // namespace weir::testing
