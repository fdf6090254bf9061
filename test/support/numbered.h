// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "api/environment.h"

namespace weir::testing {

/// What reached which subtask of a sink, sorted.
template <class T>
using BySubtask = std::map<std::uint32_t, std::vector<T>>;

template <class T>
using SubtaskRecords = Collected<std::pair<std::uint32_t, T>>;

/// A sink that remembers in which of its subtasks a record arrived.
template <class T>
class SubtaskSink final : public SinkOperator<T> {
public:
  explicit SubtaskSink(std::shared_ptr<SubtaskRecords<T>> target) : target_(std::move(target)) {}
  void open(OperatorContext& context) override { subtask_ = context.subtask_index(); }
  void process(const T& value, EventTime) override { target_->add({subtask_, value}); }

private:
  const std::shared_ptr<SubtaskRecords<T>> target_;
  std::uint32_t subtask_ = 0;
};

/// Ends a stream in such a sink.
template <class T>
StreamSink gather(DataStream<T> stream, std::shared_ptr<SubtaskRecords<T>> target) {
  return stream.template sink<SubtaskSink<T>>("Gather",
                                              [target] { return std::make_unique<SubtaskSink<T>>(target); });
}

template <class T>
BySubtask<T> take_by_subtask(SubtaskRecords<T>& records) {
  BySubtask<T> all;
  for (auto& [subtask, value] : records.take()) all[subtask].push_back(std::move(value));
  for (auto& [subtask, values] : all) std::sort(values.begin(), values.end());
  return all;
}

}  // namespace weir::testing
