// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/progress.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr WallTime kStart{1'000'000ms};
constexpr std::size_t kWide = 200;

SubtaskDetails subtask(ExecutionState state, std::uint64_t in, std::uint64_t out) {
  return {.state = state, .counters = {.records_in = in, .records_out = out}};
}

JobDetails job(std::uint64_t out) {
  JobDetails details{.status = JobStatus::Running};
  details.entered[static_cast<std::size_t>(JobStatus::Created)] = kStart;
  details.vertices.push_back({.name = "Source", .subtasks = {subtask(ExecutionState::Finished, 0, out)}});
  details.vertices.push_back({.name = "Sink",
                              .subtasks = {subtask(ExecutionState::Running, 1'000, 0),
                                           subtask(ExecutionState::Running, 200, 0)}});
  return details;
}

TEST_CASE("totals add up over all tasks") {
  const JobTotals totals = totals_of(job(1'210));
  CHECK(totals.records_in == 1'200);
  CHECK(totals.records_out == 1'210);
  CHECK(tasks_text(totals) == "2 RUNNING, 1 FINISHED");
  CHECK(tasks_text({}) == "no tasks");
}

TEST_CASE("a line tells status, time, tasks and records, and from the second look on the rate") {
  Progress progress;
  const TimePoint t0{};
  CHECK(progress.line(job(1'210), kStart + 12'300ms, t0, kWide) ==
        "RUNNING 12.3 s | 2 RUNNING, 1 FINISHED | in 1.20 k, out 1.21 k records");
  CHECK(progress.line(job(51'210), kStart + 12'800ms, t0 + 500ms, kWide) ==
        "RUNNING 12.8 s | 2 RUNNING, 1 FINISHED | in 1.20 k, out 51.2 k records | 100 k/s");
}

TEST_CASE("a restart is told, and its counters that begin anew give no rate") {
  Progress progress;
  const TimePoint t0{};
  (void)progress.line(job(5'000), kStart, t0, kWide);
  JobDetails again = job(10);
  again.restarts = 2;
  CHECK(progress.line(again, kStart, t0 + 1s, kWide) ==
        "RUNNING 0 ms, restarted 2x | 2 RUNNING, 1 FINISHED | in 1.20 k, out 10 records");
  CHECK(progress.line(job(110), kStart, t0 + 2s, kWide).ends_with("| 100/s"));
}

TEST_CASE("the rate stays as it is between heartbeats, and is 0 once they bring nothing new") {
  Progress progress;
  const TimePoint t0{};
  std::vector<std::string> rates;
  for (int half_seconds = 0; half_seconds < 24; ++half_seconds) {
    const auto heartbeats = static_cast<std::uint64_t>(std::min(half_seconds / 2, 8));
    const auto line = progress.line(job(1'000 * heartbeats), kStart, t0 + half_seconds * 500ms, kWide);
    rates.push_back(line.substr(line.rfind("| ") + 2));
  }
  CHECK(std::all_of(rates.begin() + 2, rates.end() - 1, [](auto& rate) { return rate == "1.00 k/s"; }));
  CHECK(rates.back() == "0/s");
}

TEST_CASE("the rate is that of the last seconds") {
  Progress progress;
  const TimePoint t0{};
  for (int second = 0; second < 10; ++second)
    (void)progress.line(job(static_cast<std::uint64_t>(second)), kStart, t0 + second * 1s, kWide);
  std::string line;
  for (int second = 10; second < 20; ++second)
    line = progress.line(job(static_cast<std::uint64_t>(second) * 1'000), kStart, t0 + second * 1s, kWide);
  CHECK(line.ends_with("| 1.00 k/s"));
}

TEST_CASE("two looks at the same instant give no rate") {
  Progress progress;
  (void)progress.line(job(1), kStart, TimePoint{}, kWide);
  CHECK(progress.line(job(2), kStart, TimePoint{}, kWide).ends_with("records"));
}

TEST_CASE("a line is never wider than the terminal") {
  Progress progress;
  CHECK(progress.line(job(1), kStart, TimePoint{}, 20) == "RUNNING 0 ms | 2 ...");
}

}  // namespace
}  // namespace weir
