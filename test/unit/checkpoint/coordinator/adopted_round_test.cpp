// SPDX-License-Identifier: Apache-2.0
// Tasks that ran under another leader, who may have died at any point of a checkpoint.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/unit/checkpoint/coordinator/coordinated_job.h"

namespace weir {
namespace {

using testing::attempt;
using testing::CoordinatedJob;
using Said = std::vector<std::string>;

CheckpointPlan adopted_plan() {
  CheckpointPlan plan = CoordinatedJob::plan();
  plan.is_adopted = true;
  return plan;
}

TEST_CASE("adopted tasks are told again of the latest checkpoint, and the next one begins at once") {
  CoordinatedJob job({.interval = 10s}, 1, {{.id = 7}, {.id = 8}});
  job.coordinator.on_round_started(adopted_plan(), job.now());
  CHECK(job.letters.take() ==
        Said{"complete 1 #8", "complete 2 #8", "complete 3 #8", "complete 4 #8", "complete 5 #8"});
  CHECK(job.letters.ids_wanted == 1);
  job.coordinator.on_id(33, job.now());  // the dead leader had reserved what is between
  CHECK(job.letters.take() == Said{"trigger 1 #33", "trigger 2 #33"});
  job.acknowledge(1, 9);  // under way when the leader died
  CHECK(job.coordinator.late_answers() == 1);
  job.acknowledge_all(33);
  job.written(33);
  CHECK(job.coordinator.retained().back().id == 33);
}

TEST_CASE("adopted tasks that wait are told again to begin") {
  CoordinatedJob job;
  CheckpointPlan plan = adopted_plan();
  plan.tasks_wait = true;
  job.coordinator.on_round_started(plan, job.now());
  CHECK(job.letters.take() == Said{"begin 1", "begin 2", "begin 3", "begin 4", "begin 5"});
}

TEST_CASE("adopted tasks of a job that never completed a checkpoint are told of none") {
  CoordinatedJob job;
  job.coordinator.on_round_started(adopted_plan(), job.now());
  CHECK(job.letters.take().empty());
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("without an interval what was under way is voided by an id that is later than its own") {
  CoordinatedJob job{CheckpointSettings{}};
  job.coordinator.on_round_started(adopted_plan(), job.now());
  CHECK(job.letters.take().empty());
  SUBCASE("in time") {
    job.coordinator.on_id(33, job.now());
    CHECK(job.letters.take() ==
          Said{"aborted 1 #33", "aborted 2 #33", "aborted 3 #33", "aborted 4 #33", "aborted 5 #33"});
  }
  SUBCASE("not if the round is over before the id comes") {
    job.coordinator.on_round_ended("a task failed");
    job.coordinator.on_id(33, job.now());
    CHECK(job.letters.take().empty());
  }
  SUBCASE("and a savepoint may be taken behind it") {
    job.coordinator.trigger_savepoint({.id = SavepointRequestId{4}, .directory = "/s/a"});
    job.coordinator.on_id(33, job.now());
    job.letters.take();
    job.coordinator.on_id(34, job.now());
    CHECK(job.letters.take() == Said{"trigger 1 #34", "trigger 2 #34"});
  }
}

}  // namespace
}  // namespace weir
