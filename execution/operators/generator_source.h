// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "execution/operators/function_operator.h"
#include "execution/operators/source.h"

namespace weir {

/// Some of the numbers that a source deals out: `next`, and from there on every `stride`-th.
struct NumberLane {
  std::uint64_t next = 0;
  std::uint64_t stride = 1;
};

/// The numbers that one subtask deals out, and how far it is. Subtask i of p begins with those that are i
/// modulo p; restored at another parallelism it may have several such lanes, or none. It deals out the
/// smallest number first: times that are made of the numbers do not go back.
///
/// State: "lanes", one element a lane, split.
class NumberLanes {
  static inline const auto kState = split_list<NumberLane>("lanes");

public:
  [[nodiscard]] static StateInfo state() { return kState.info(); }

  void open(OperatorContext& context) {
    state_ = &context.state(kState);
    lanes_ = state_->get();
    if (!context.is_restored()) lanes_ = {{context.subtask_index(), context.parallelism()}};
  }
  void snapshot() { state_->assign(lanes_); }

  /// Calls use(number) for each number below `count`, the smallest first, until that says false. The place is
  /// behind the number when it is called.
  template <class Use>
  void for_each(std::uint64_t count, Use&& use) {
    for (;;) {
      const auto [lane, end] = first_lane(count);
      if (lane == nullptr) return;
      do {
        const std::uint64_t number = lane->next;
        lane->next += lane->stride;
        if (!use(number)) return;
      } while (lane->next < end);
    }
  }

private:
  struct Turn {
    NumberLane* lane = nullptr;  // none: all have been dealt out
    std::uint64_t end = 0;       // up to here no other lane has a number
  };

  /// The lane with the smallest number below `count`. If there is but one lane it has all of them.
  Turn first_lane(std::uint64_t count) {
    const auto lane = std::ranges::min_element(lanes_, {}, &NumberLane::next);
    if (lane == lanes_.end() || lane->next >= count) return {};
    Turn turn{&*lane, count};
    for (const NumberLane& other : lanes_)
      if (&other != turn.lane) turn.end = std::min(turn.end, other.next);
    return turn;
  }

  OperatorListState<NumberLane>* state_ = nullptr;
  std::vector<NumberLane> lanes_;
};

/// Records made from the numbers 0 to count - 1; subtask i of p makes those whose number is i modulo p.
template <class T, class Function>
class GeneratorSource final : public SourceFunction<T> {
public:
  static constexpr bool kCanStop = true;

  GeneratorSource(std::uint64_t count, Function function) : count_(count), function_(std::move(function)) {}

  [[nodiscard]] std::vector<StateInfo> states() const {
    std::vector<StateInfo> states = declared_states(function_);
    states.push_back(NumberLanes::state());
    return states;
  }

  void open(OperatorContext& context) override {
    lanes_.open(context);
    FunctionLife<Function>::open(function_, context);
  }
  void snapshot(CheckpointId checkpoint) override {
    FunctionLife<Function>::snapshot(function_, checkpoint);
    lanes_.snapshot();
  }
  void on_checkpoint_complete(CheckpointId checkpoint) override {
    FunctionLife<Function>::on_checkpoint_complete(function_, checkpoint);
  }
  void close() override { FunctionLife<Function>::close(function_); }
  void run(SourceContext<T>& context) override {
    if (!context.is_running()) return;
    lanes_.for_each(count_, [&](std::uint64_t number) { return context.collect(function_(number)); });
  }

private:
  const std::uint64_t count_;
  Function function_;
  NumberLanes lanes_;
};

/// The elements of a vector, dealt in turn to the subtasks.
template <class T>
class CollectionSource final : public SourceFunction<T> {
public:
  static constexpr bool kCanStop = true;

  explicit CollectionSource(std::vector<T> elements) : elements_(std::move(elements)) {}

  [[nodiscard]] std::vector<StateInfo> states() const { return {NumberLanes::state()}; }

  void open(OperatorContext& context) override { lanes_.open(context); }
  void snapshot(CheckpointId) override { lanes_.snapshot(); }
  void run(SourceContext<T>& context) override {
    if (!context.is_running()) return;
    lanes_.for_each(elements_.size(), [&](std::uint64_t i) { return context.collect(elements_[i]); });
  }

private:
  const std::vector<T> elements_;
  NumberLanes lanes_;
};

}  // namespace weir
