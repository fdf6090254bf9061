// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

namespace weir::bench {

/// How scripts/bench reads a benchmark: its name is "MEASURE/ours" or "MEASURE/limit", its label the unit,
/// and its counter "figure" the number. The script pairs the two, run in turn, and prints the ratio of their
/// medians.
inline void set_figure(benchmark::State& state, double figure, const std::string& unit) {
  state.counters["figure"] = figure;
  state.SetLabel(unit);
}

/// Seconds that a call takes.
template <class Call>
[[nodiscard]] double seconds_of(Call&& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Registers one side of a measure: `run` is called once a repetition and sets the figure.
template <class Run>
void add_measure(const std::string& name, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), [run](benchmark::State& state) {
    for (auto _ : state) run(state);
  })->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();
}

}  // namespace weir::bench
