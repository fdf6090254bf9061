// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test/unit/checkpoint/coordinator/coordinated_job.h"

namespace weir {
namespace {

using testing::attempt;
using testing::CoordinatedJob;
using testing::disk_full;
using Said = std::vector<std::string>;

constexpr SavepointRequestId kRequest{4};

bool says(const Said& said, const std::string& what) {
  return std::count(said.begin(), said.end(), what) > 0;
}

TEST_CASE("a savepoint waits for no turn, and commits nothing that the job may yet fall back behind") {
  CoordinatedJob job({.interval = 10s, .min_pause = 1h});
  job.start();
  job.complete(job.begin());
  job.pass(10s);
  job.letters.take();
  job.coordinator.trigger_savepoint({.id = kRequest, .directory = "/s/a"});
  job.give_ids();
  CHECK(job.letters.take() == Said{"trigger 1 #2", "trigger 2 #2"});
  job.acknowledge_all(2);
  CHECK(job.letters.written[2].directory == "/s/a");
  job.written(2);
  CHECK(job.letters.take() == Said{"write #2, not to be restored", "answer 4: /s/a"});
  CHECK(job.coordinator.retained().back().id == 1);
}

TEST_CASE("a savepoint of a job that does not run, or not with all tasks, is refused") {
  CoordinatedJob job;
  SUBCASE("it does not run") {}
  SUBCASE("a task is on its way") { job.coordinator.on_round_started(CoordinatedJob::plan(), job.now()); }
  job.coordinator.trigger_savepoint({.id = kRequest, .directory = "/s/a"});
  CHECK(job.letters.take() == Said{"answer 4 refused"});
  CHECK(
      job.letters.failure.starts_with("no savepoint of job 00000000000000000000000000000009 can be taken: "));
}

TEST_CASE("a savepoint that fails says so, leaves nothing behind and fails no job") {
  CoordinatedJob job({.interval = 10s, .tolerable_failures = 0});
  job.start();
  job.coordinator.trigger_savepoint({.id = kRequest, .directory = "/s/a"});
  SUBCASE("without an id") {
    job.coordinator.on_id(disk_full().error(), job.now());
  }
  SUBCASE("while it is taken") {
    job.give_ids();
    job.acknowledge(1, 1, CoordinatedJob::snapshot(CoordinatedJob::kSource, "a"));
    SUBCASE("a task declines") { job.coordinator.on_decline(attempt(2), 1, "no", job.now()); }
    SUBCASE("it takes too long") { job.pass(10min); }
    SUBCASE("the job fails") { job.coordinator.on_round_ended("a task failed"); }
    SUBCASE("the disk is full") {
      for (std::uint64_t task = 2; task <= 5; ++task) job.acknowledge(task, 1);
      job.written(1, disk_full());
    }
    CHECK(says(job.letters.said, "discard /s/a a"));
  }
  const Said said = job.letters.take();
  CHECK(says(said, "answer 4 refused"));
  CHECK(!says(said, "fail job"));
}

TEST_CASE("a savepoint that waits for its id is answered when the job fails") {
  CoordinatedJob job;
  job.start();
  job.coordinator.trigger_savepoint({.id = kRequest, .directory = "/s/a"});
  job.coordinator.on_round_ended("a task failed");
  CHECK(job.letters.take() == Said{"answer 4 refused"});
  job.start(11);
  job.give_ids();
  CHECK(job.letters.take().empty());
}

TEST_CASE("no checkpoint comes between a savepoint that ends the job and the end") {
  CoordinatedJob job;
  job.start();
  job.begin();
  job.coordinator.trigger_savepoint({.id = kRequest, .directory = "/s/a", .ends_job = true});
  CHECK(says(job.letters.take(), "aborted 1 #1"));
  job.give_ids();
  job.acknowledge_all(2);
  job.letters.take();
  job.pass(1min);
  CHECK(job.letters.ids_wanted == 0);
  job.written(2);
  CHECK(job.letters.take() == Said{"complete 1 #2", "complete 2 #2", "complete 3 #2", "complete 4 #2",
                                   "complete 5 #2", "answer 4: /s/a"});
  job.pass(1min);
  CHECK(job.letters.ids_wanted == 0);

  SUBCASE("if the job fails on its way out, it starts from there") {
    job.coordinator.on_round_ended("a task failed");
    job.coordinator.request_restore();
    CHECK(job.letters.take() == Said{"sweep", "restore #2"});
    job.start(11);
    job.pass(10s);
    CHECK(job.letters.ids_wanted == 1);
  }
  SUBCASE("another is refused") {
    job.coordinator.trigger_savepoint({.id = SavepointRequestId{5}, .directory = "/s/b"});
    CHECK(job.letters.take() == Said{"answer 5 refused"});
  }
}

TEST_CASE("a savepoint that ended the sources is followed by checkpoints, for what comes behind it") {
  CoordinatedJob job;
  job.start();
  job.coordinator.trigger_savepoint(
      {.id = kRequest, .directory = "/s/a", .ends_job = true, .ends_sources = true});
  job.give_ids();
  job.acknowledge_all(1);
  SUBCASE("at once, if the sources have ended") {
    for (std::uint64_t task = 1; task <= 2; ++task)
      job.coordinator.on_task_finished(attempt(task), {}, job.now());
    CHECK(job.letters.ids_wanted == 0);
    job.written(1);
  }
  SUBCASE("as soon as they have") {
    job.written(1);
    CHECK(job.letters.ids_wanted == 0);
    for (std::uint64_t task = 1; task <= 2; ++task)
      job.coordinator.on_task_finished(attempt(task), {}, job.now());
  }
  CHECK(job.letters.ids_wanted == 1);
  job.give_ids();
  job.letters.take();
  for (std::uint64_t task = 3; task <= 5; ++task) job.acknowledge(task, 2);
  job.written(2);
  CHECK(says(job.letters.take(), "complete 5 #2"));
}

TEST_CASE("a job goes on with its checkpoints if the savepoint that was to end it fails") {
  CoordinatedJob job;
  job.start();
  job.coordinator.trigger_savepoint({.id = kRequest, .directory = "/s/a", .ends_job = true});
  SUBCASE("without an id") { job.coordinator.on_id(disk_full().error(), job.now()); }
  SUBCASE("while it is taken") {
    job.give_ids();
    job.coordinator.on_decline(attempt(2), 1, "no", job.now());
  }
  job.letters.ids_wanted = 0;
  job.pass(10s);
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("sources that were to end with a savepoint that fails start again") {
  CoordinatedJob job;
  job.start();
  job.coordinator.trigger_savepoint(
      {.id = kRequest, .directory = "/s/a", .ends_job = true, .ends_sources = true});
  job.give_ids();
  CHECK(job.letters.orders[1].ends_sources);
  job.coordinator.on_decline(attempt(5), 1, "no", job.now());
  CHECK(says(job.letters.take(), "fail job"));
}

}  // namespace
}  // namespace weir
