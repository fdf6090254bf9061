// SPDX-License-Identifier: Apache-2.0
#include "test/sim/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "test/sim/planted.h"

namespace weir::sim {
namespace {

TEST_CASE("the same seed takes the same way, told or not; another takes another") {
  for (std::uint64_t schedule = 0; schedule < 20; ++schedule) {
    const Verdict once = run_schedule(seed_of(7, schedule));
    const Verdict again = run_schedule(seed_of(7, schedule), true);
    CHECK(once.trace == again.trace);
    CHECK(once.tally.events == again.tally.events);
    CHECK(once.violation == again.violation);
    CHECK(once.trace != run_schedule(seed_of(8, schedule)).trace);
  }
}

TEST_CASE("schedules see faults, leaders that change, and checkpoints") {
  Tally all;
  for (std::uint64_t schedule = 0; schedule < 50; ++schedule) {
    const Verdict verdict = run_schedule(seed_of(9, schedule));
    CHECK_MESSAGE(verdict.violation.empty(), verdict.violation);
    all.faults += verdict.tally.faults;
    all.leaders += verdict.tally.leaders;
    all.checkpoints += verdict.tally.checkpoints;
    all.restores += verdict.tally.restores;
    all.refused += verdict.tally.refused;
  }
  CHECK(all.faults > 100);
  CHECK(all.leaders > 75);
  CHECK(all.checkpoints > 150);
  CHECK(all.restores > 75);
  CHECK(all.refused > 50);
}

TEST_CASE("a promise that is broken is told with the way there") {
  planted() = 0;
  for (const Plant& plant : plants())
    if (plant.name == "a leader's writes are not fenced") planted() = plant.number;
  REQUIRE(planted() != 0);
  std::uint64_t schedule = 0;
  while (run_schedule(seed_of(7, schedule)).violation.empty()) REQUIRE(++schedule < 10'000);
  const Verdict told = run_schedule(seed_of(7, schedule), true);
  CHECK(told.violation.starts_with("d: "));
  CHECK(std::any_of(told.story.begin(), told.story.end(), [&](const std::string& line) {
    return line.find("VIOLATION: " + told.violation) != std::string::npos;
  }));
  planted() = 0;
}

TEST_CASE("all bugs that are to be planted fit the logic as it is") {
  CHECK(plants().size() >= 30);
  for (const Plant& plant : plants()) CHECK_MESSAGE(plant.is_there, plant.name);
}

}  // namespace
}  // namespace weir::sim
