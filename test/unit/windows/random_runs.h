// SPDX-License-Identifier: Apache-2.0
// What property tests of operators with windows and timers have in common: random runs of a harness beside a
// model.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "execution/operators/operator_harness.h"
#include "test/support/map_store.h"

namespace weir::testing {

using Lines = std::vector<std::string>;

/// What the windows are of.
struct Item {
  int key = 0;
  std::int64_t value = 0;
};

/// 0 to most - 1.
inline std::int64_t random_below(std::mt19937_64& random, std::int64_t most) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
}

/// Calls run(random) for so many seeds, one after the other, or for the one in WEIR_SEED. True if for all.
template <class Run>
bool for_each_seed(int count, Run&& run) {
  const char* const given = std::getenv("WEIR_SEED");
  const std::uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  for (int i = 0; i < (given != nullptr ? 1 : count); ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    CAPTURE(seed);  // WEIR_SEED=... runs this one alone
    std::mt19937_64 random(seed);
    run(random);
  }
  return given == nullptr;
}

/// One to four subtasks, on the heap or in a store.
template <class T>
typename OperatorHarness<T, std::string>::Options random_options(std::mt19937_64& random) {
  typename OperatorHarness<T, std::string>::Options options{
      .parallelism = 1 + static_cast<std::uint32_t>(random() % 4),
      .max_parallelism = 4 + static_cast<std::uint32_t>(random() % 5)};
  if (random() % 4 == 0) options.store = [] { return std::make_unique<MapStore>(); };
  return options;
}

/// What it has said since it was asked last must be these lines, in any order.
template <class T>
void compare(OperatorHarness<T, std::string>& task, Lines expected) {
  const auto joined = [](Lines lines) {
    std::ranges::sort(lines);
    std::string all;
    for (const std::string& line : lines) all += line + "; ";
    return all;
  };
  REQUIRE(joined(task.take_values()) == joined(std::move(expected)));
}

/// A crash: the harness goes back to a snapshot, with another number of subtasks, and the model to what it
/// was then.
template <class T, class Model>
void go_back(OperatorHarness<T, std::string>& task, const std::vector<OperatorSnapshot>& snapshot,
             Model& model, const Model& model_then, std::mt19937_64& random) {
  task.restore(snapshot, 1 + static_cast<std::uint32_t>(random() % 4));
  model = model_then;
  if (model.current_watermark() == EventTime::none().millis) return;
  // It is no part of a snapshot: upstream says it again.
  task.watermark(model.current_watermark());
  compare(task, model.look_through());
}

}  // namespace weir::testing
