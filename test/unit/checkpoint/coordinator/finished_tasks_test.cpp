// SPDX-License-Identifier: Apache-2.0
// Tasks that have ended do not stop the checkpoints of the rest.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/unit/checkpoint/coordinator/coordinated_job.h"

namespace weir {
namespace {

using testing::attempt;
using testing::CoordinatedJob;
using Said = std::vector<std::string>;

void finish(CoordinatedJob& job, std::uint64_t task, OperatorId id = CoordinatedJob::kSource) {
  job.coordinator.on_task_finished(
      attempt(task), CoordinatedJob::snapshot(id, "end/" + std::to_string(task)), job.now());
}

TEST_CASE("a source that has ended contributes the state it ended with; its reader begins in its place") {
  CoordinatedJob job;
  job.start();
  finish(job, 1);
  job.pass(10s);
  job.give_ids();
  CHECK(job.letters.take() == Said{"trigger 2 #1", "trigger 3 #1"});
  for (std::uint64_t task = 2; task <= 5; ++task) job.acknowledge(task, 1);
  CHECK(job.letters.written[1].operators.at(CoordinatedJob::kSource).subtasks.at(0).state.path == "end/1");
  job.letters.take();
  job.written(1);
  CHECK(job.letters.take() == Said{"complete 2 #1", "complete 3 #1", "complete 4 #1", "complete 5 #1"});
}

TEST_CASE("a source that ends before its barrier counts as answered, and its reader is told to begin") {
  CoordinatedJob job;
  job.start();
  job.begin();
  finish(job, 1);
  CHECK(job.letters.take() == Said{"trigger 3 #1"});
  finish(job, 3, CoordinatedJob::kMap);
  CHECK(job.letters.take().empty());  // the sink has a producer left: its barrier will come
  for (const std::uint64_t task : {2, 4, 5}) job.acknowledge(task, 1);
  CHECK(job.letters.take() == Said{"write #1"});
}

TEST_CASE("a source that ends after its barrier has answered already") {
  CoordinatedJob job;
  job.start();
  job.begin();
  job.acknowledge(1, 1, CoordinatedJob::snapshot(CoordinatedJob::kSource, "chk-1/a"));
  finish(job, 1);
  CHECK(job.letters.take().empty());
  for (std::uint64_t task = 2; task <= 5; ++task) job.acknowledge(task, 1);
  CHECK(job.letters.written[1].operators.at(CoordinatedJob::kSource).subtasks.at(0).state.path == "chk-1/a");
}

TEST_CASE("the last answer may be an end") {
  CoordinatedJob job;
  job.start();
  job.begin();
  for (std::uint64_t task = 1; task <= 4; ++task) job.acknowledge(task, 1);
  finish(job, 5, CoordinatedJob::kSink);
  CHECK(job.letters.take() == Said{"write #1"});
}

TEST_CASE("when all sources have ended, a checkpoint begins at once for those who wait for one") {
  CoordinatedJob job;
  job.start();
  for (const std::uint64_t task : {1, 2}) finish(job, task);
  CHECK(job.letters.ids_wanted == 1);
  job.give_ids();
  CHECK(job.letters.take() == Said{"trigger 3 #1", "trigger 4 #1"});
  for (const std::uint64_t task : {3, 4}) finish(job, task, CoordinatedJob::kMap);
  CHECK(job.letters.take() == Said{"trigger 5 #1"});
  job.acknowledge(5, 1);
  job.written(1);
  CHECK(job.letters.take() == Said{"write #1", "complete 5 #1"});
}

TEST_CASE(
    "when all sources have ended, a checkpoint that fails is tried again soon, however long the interval") {
  CoordinatedJob job({.interval = 1h});
  job.start();
  for (const std::uint64_t task : {1, 2}) finish(job, task);
  SUBCASE("it was declined") {
    job.give_ids();
    job.coordinator.on_decline(attempt(3), 1, "disk full", job.now());
  }
  SUBCASE("it could not be written") {
    job.give_ids();
    for (const std::uint64_t task : {3, 4, 5}) job.acknowledge(task, 1);
    job.written(1, testing::disk_full());
  }
  SUBCASE("it had no number") {
    --job.letters.ids_wanted;
    job.coordinator.on_id(testing::disk_full().error(), job.now());
  }
  CHECK(job.letters.ids_wanted == 0);
  job.pass(1s);
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("a job whose tasks have all ended takes no checkpoint") {
  CoordinatedJob job;
  job.start();
  for (std::uint64_t task = 5; task >= 1; --task) finish(job, task);
  job.pass(30s);
  CHECK(job.letters.ids_wanted == 0);
}

TEST_CASE("an end that is told twice, or of a strange task, changes nothing") {
  CoordinatedJob job;
  job.start();
  finish(job, 1);
  finish(job, 1);
  finish(job, 77);
  job.pass(10s);
  job.give_ids();
  CHECK(job.letters.take() == Said{"trigger 2 #1", "trigger 3 #1"});
}

}  // namespace
}  // namespace weir
