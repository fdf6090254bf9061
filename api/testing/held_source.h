// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/environment.h"

namespace weir::testing {

/// Where a stream waits until the test has done what is to happen in the middle of it.
///
/// Threads: any.
class Hold {
public:
  /// In front of that element; 0 is the first.
  explicit Hold(std::uint64_t before) : before_(before) {}

  void release() { is_released_ = true; }
  [[nodiscard]] bool lets_through(std::uint64_t element) const { return element < before_ || is_released_; }

private:
  const std::uint64_t before_;
  std::atomic<bool> is_released_ = false;
};

/// The elements of a vector in their order, up to the hold; checkpoints and cancelling come in while it waits
/// there. Goes on where a checkpoint saw it. For one subtask.
///
/// State: "place", the number of the next element.
template <class T>
class HeldSource final : public SourceFunction<T> {
  static inline const auto kPlace = split_list<std::uint64_t>("place");

public:
  static constexpr bool kCanStop = true;

  HeldSource(std::vector<T> elements, std::shared_ptr<const Hold> hold)
      : elements_(std::move(elements)), hold_(std::move(hold)) {}

  void open(OperatorContext& context) override {
    place_ = &context.state(kPlace);
    if (!place_->get().empty()) next_ = place_->get().front();
  }
  void snapshot(CheckpointId) override { place_->assign({next_}); }
  void run(SourceContext<T>& context) override {
    while (next_ < elements_.size() && context.is_running()) {
      if (hold_->lets_through(next_)) context.collect(elements_[next_++]);
      else context.await_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
    }
  }

private:
  const std::vector<T> elements_;
  const std::shared_ptr<const Hold> hold_;
  OperatorListState<std::uint64_t>* place_ = nullptr;
  std::uint64_t next_ = 0;
};

/// A stream of these elements that waits at the hold.
template <Record T>
[[nodiscard]] OperatorStream<T> held(Environment& env, std::vector<T> elements,
                                     std::shared_ptr<const Hold> hold) {
  auto stream = env.add_source<T>("Held", [elements = std::move(elements), hold = std::move(hold)] {
    return std::make_unique<HeldSource<T>>(elements, hold);
  });
  stream.parallelism(1).uid("held");
  return stream;
}

}  // namespace weir::testing
