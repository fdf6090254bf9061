// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/coordinator/checkpoint_coordinator.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/unit/checkpoint/coordinator/coordinated_job.h"

namespace weir {
namespace {

using testing::attempt;
using testing::CoordinatedJob;
using testing::deposed;
using testing::disk_full;
using Said = std::vector<std::string>;

const Said kAllComplete1{"complete 1 #1", "complete 2 #1", "complete 3 #1", "complete 4 #1", "complete 5 #1"};

TEST_CASE("a checkpoint goes to the sources, is written when all have answered, and then told to all") {
  CoordinatedJob job;
  job.start();
  job.pass(10s);
  CHECK(job.letters.ids_wanted == 1);
  job.give_ids();
  CHECK(job.letters.take() == Said{"trigger 1 #1", "trigger 2 #1"});
  CHECK(job.letters.orders[1] ==
        CheckpointOrder{.checkpoint = 1, .triggered_at = job.now().wall, .root = "/c"});

  for (std::uint64_t task = 1; task <= 4; ++task) job.acknowledge(task, 1);
  CHECK(job.letters.take().empty());
  job.acknowledge(5, 1, CoordinatedJob::snapshot(CoordinatedJob::kSink, "chk-1/sink"));
  CHECK(job.letters.take() == Said{"write #1"});
  const CompletedCheckpoint& written = job.letters.written[1];
  CHECK(written.directory == "/c/chk-1");
  CHECK(written.operators.at(CoordinatedJob::kSource).parallelism == 2);
  CHECK(written.operators.at(CoordinatedJob::kSource).subtasks.empty());
  CHECK(written.operators.at(CoordinatedJob::kSink).subtasks.at(0).state.path == "chk-1/sink");

  job.written(1);
  CHECK(job.letters.take() == kAllComplete1);
  CHECK(job.coordinator.retained().size() == 1);
}

TEST_CASE("the first checkpoint comes an interval after the start, and then one an interval") {
  CoordinatedJob job;
  job.start();
  job.pass(9s);
  CHECK(job.letters.ids_wanted == 0);
  job.complete(job.begin(1s));
  job.pass(9s);
  CHECK(job.letters.ids_wanted == 0);
  job.pass(1s);
  CHECK(job.letters.ids_wanted == 1);
  CHECK(job.coordinator.next_deadline() == job.now().time + 10s);
}

TEST_CASE("without an interval there are only savepoints") {
  CoordinatedJob job(CheckpointSettings{});
  job.start();
  CHECK(job.coordinator.next_deadline() == std::nullopt);
  job.coordinator.trigger_savepoint({.id = SavepointRequestId{4}, .directory = "/s/a"});
  job.give_ids();
  CHECK(job.letters.orders[1].is_savepoint);
  CHECK(job.letters.orders[1].root == "/s/a");
}

TEST_CASE("no checkpoint begins before all tasks run; then one that was due begins at once") {
  CoordinatedJob job;
  job.coordinator.on_round_started(CoordinatedJob::plan(), job.now());
  for (std::uint64_t task = 1; task <= 4; ++task) job.coordinator.on_task_running(attempt(task), job.now());
  job.pass(25s);
  CHECK(job.letters.ids_wanted == 0);
  job.coordinator.on_task_running(attempt(5), job.now());
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("tasks that wait are told to begin when all are open, once, and before a checkpoint begins") {
  CoordinatedJob job;
  CheckpointPlan plan = CoordinatedJob::plan();
  plan.tasks_wait = true;
  job.coordinator.on_round_started(plan, job.now());
  job.pass(10s);
  for (std::uint64_t task = 1; task <= 4; ++task) job.coordinator.on_task_running(attempt(task), job.now());
  CHECK(job.letters.take().empty());
  job.coordinator.on_task_running(attempt(5), job.now());
  job.coordinator.on_task_running(attempt(5), job.now());
  CHECK(job.letters.take() == Said{"begin 1", "begin 2", "begin 3", "begin 4", "begin 5"});
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("only so many checkpoints are under way; one that was due begins when one ends") {
  CoordinatedJob job({.interval = 10s, .max_concurrent = 2});
  job.start();
  const CheckpointId first = job.begin();
  job.begin();
  job.pass(10s);
  CHECK(job.letters.ids_wanted == 0);

  SUBCASE("well") { job.complete(first); }
  SUBCASE("badly") { job.coordinator.on_decline(attempt(3), first, "it would not", job.now()); }
  SUBCASE("too late") { job.pass(10min - 10s); }
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("a request for an id counts as a checkpoint under way") {
  CoordinatedJob job;
  job.start();
  job.pass(10s);
  job.pass(10s);
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("one that waits for an id that never comes is not waited for by all that follow") {
  CoordinatedJob job;
  job.start();
  job.pass(10s);
  REQUIRE(job.letters.ids_wanted == 1);
  SUBCASE("it is refused, after the next one was due") {
    job.pass(10s);
    job.coordinator.on_id(disk_full().error(), job.now());
  }
  SUBCASE("it comes to a later round, in which one was due meanwhile") {
    job.coordinator.on_round_ended("it restarts");
    job.start(11);
    job.pass(10s);
    job.coordinator.on_id(CheckpointId{1}, job.now());
  }
  CHECK(job.letters.ids_wanted == 2);
}

TEST_CASE("between the end of one and the start of the next is a pause") {
  CoordinatedJob job({.interval = 10s, .min_pause = 7s});
  job.start();
  const CheckpointId first = job.begin();
  job.pass(9s);
  job.complete(first);
  job.pass(1s);  // an interval after the start of the first
  CHECK(job.letters.ids_wanted == 0);
  CHECK(job.coordinator.next_deadline() == job.now().time + 6s);
  job.pass(6s);
  CHECK(job.letters.ids_wanted == 1);
}

TEST_CASE("a checkpoint that takes too long is given up, and what was handed in is deleted") {
  CoordinatedJob job({.interval = 10s, .timeout = 1min, .tolerable_failures = 0});
  job.start();
  const CheckpointId first = job.begin();
  for (const std::uint64_t task : {1, 2, 3, 5})
    job.acknowledge(task, first, CoordinatedJob::snapshot(CoordinatedJob::kMap, "chk-1/a"));
  job.pass(1min);
  CHECK(job.letters.take() == Said{"discard /c chk-1/a", "aborted 1 #1", "aborted 2 #1", "aborted 3 #1",
                                   "aborted 4 #1", "aborted 5 #1", "fail job"});
  CHECK(
      job.letters.failure ==
      "more than 0 checkpoints failed in a row, lastly: checkpoint 1 of job 00000000000000000000000000000009 "
      "took longer than 60000 ms; no answer came from \"map\" (2/2)");

  job.acknowledge(4, first, CoordinatedJob::snapshot(CoordinatedJob::kMap, "chk-1/late"));
  CHECK(job.letters.take() == Said{"discard /c chk-1/late"});
  CHECK(job.coordinator.late_answers() == 1);
}

TEST_CASE("what is being written is not given up, however long it takes") {
  CoordinatedJob job({.interval = 10s, .timeout = 1min});
  job.start();
  const CheckpointId first = job.begin();
  job.acknowledge_all(first);
  job.letters.take();
  job.pass(1h);
  CHECK(job.letters.take().empty());
  job.written(first);
  CHECK(job.letters.take() == kAllComplete1);
}

TEST_CASE("a declined checkpoint is aborted, a late or unknown decline does nothing") {
  CoordinatedJob job;
  job.start();
  const CheckpointId first = job.begin();
  job.coordinator.on_decline(attempt(99), first, "who is that", job.now());
  job.acknowledge(1, first);
  job.coordinator.on_decline(attempt(1), first, "it has answered", job.now());
  CHECK(job.coordinator.pending() == 1);
  job.coordinator.on_decline(attempt(2), first, "the disk is full", job.now());
  CHECK(job.coordinator.pending() == 0);
  job.coordinator.on_decline(attempt(3), first, "again", job.now());
  CHECK(job.coordinator.late_answers() == 3);
}

TEST_CASE("an answer is taken once and as it first was, and deleted if nobody awaits it") {
  CoordinatedJob job;
  job.start();
  const CheckpointId first = job.begin();
  job.acknowledge(1, first, CoordinatedJob::snapshot(CoordinatedJob::kSource, "chk-1/a"));
  job.acknowledge(1, first, CoordinatedJob::snapshot(CoordinatedJob::kSource, "chk-1/b"));
  CHECK(job.letters.take().empty());
  job.acknowledge(99, first, CoordinatedJob::snapshot(CoordinatedJob::kSource, "chk-1/c"));
  CHECK(job.letters.take() == Said{"discard /c chk-1/c"});
  for (std::uint64_t task = 2; task <= 5; ++task) job.acknowledge(task, first);
  CHECK(job.letters.written[first].operators.at(CoordinatedJob::kSource).subtasks.at(0).state.path ==
        "chk-1/a");
}

TEST_CASE("an acknowledgement that comes again does not delete the files of a checkpoint that is kept") {
  CoordinatedJob job;
  job.start();
  const CheckpointId first = job.begin();
  job.acknowledge(1, first, CoordinatedJob::snapshot(CoordinatedJob::kSource, "chk-1/a"));
  job.complete(first);
  job.letters.take();
  job.acknowledge(1, first, CoordinatedJob::snapshot(CoordinatedJob::kSource, "chk-1/a"));
  CHECK(job.letters.take().empty());
}

TEST_CASE("a completed checkpoint makes the earlier ones that are under way superfluous, but no savepoint") {
  CoordinatedJob job({.interval = 10s, .max_concurrent = 3});
  job.start();
  job.begin();
  job.coordinator.trigger_savepoint({.id = SavepointRequestId{4}, .directory = "/s/a"});
  job.give_ids();
  const CheckpointId third = job.begin();
  CHECK(third == 3);
  job.acknowledge_all(third);
  job.letters.take();
  job.written(third);
  const Said said = job.letters.take();
  CHECK(std::count(said.begin(), said.end(), "aborted 1 #1") == 1);
  CHECK(std::count(said.begin(), said.end(), "aborted 1 #2") == 0);
  CHECK(job.coordinator.pending() == 1);
}

TEST_CASE(
    "a checkpoint that a later one has overtaken waits for how that ends, and never completes behind it") {
  CoordinatedJob job({.interval = 10s, .max_concurrent = 2});
  job.start();
  const CheckpointId first = job.begin();
  const CheckpointId second = job.begin();
  job.acknowledge_all(second);
  CHECK(job.letters.take() == Said{"write #2"});
  job.acknowledge_all(first);
  CHECK(job.letters.take().empty());
  SUBCASE("it is written: the earlier one is superfluous") {
    job.written(second);
    CHECK(job.coordinator.pending() == 0);
    CHECK(job.coordinator.retained().back().id == second);
  }
  SUBCASE("the disk refuses: the earlier one is written now") {
    job.written(second, disk_full());
    const Said said = job.letters.take();
    CHECK(said.back() == "write #1");
    job.written(first);
    CHECK(job.coordinator.retained().back().id == first);
  }
}

TEST_CASE("so many completed checkpoints are kept") {
  CoordinatedJob job({.interval = 10s}, 2);
  job.start();
  for (int i = 0; i < 3; ++i) {
    const CheckpointId id = job.begin();
    job.acknowledge(1, id,
                    CoordinatedJob::snapshot(CoordinatedJob::kSource, "chk-" + std::to_string(id) + "/a"));
    job.complete(id);
  }
  const Said said = job.letters.take();
  CHECK(said.front() == "write #3");
  CHECK(said[1] == "remove #1 chk-1/a");
  CHECK(job.coordinator.retained().size() == 2);
}

TEST_CASE("a shared file is deleted with the last checkpoint that names it") {
  CoordinatedJob job;
  job.start();
  const auto take = [&](std::vector<std::string> shared) {
    const CheckpointId id = job.begin();
    job.acknowledge(3, id, CoordinatedJob::snapshot(CoordinatedJob::kMap, "", std::move(shared)));
    job.complete(id);
    Said removed;
    for (const std::string& what : job.letters.take())
      if (what.starts_with("remove")) removed.push_back(what);
    return removed;
  };
  CHECK(take({"shared/1", "shared/2"}).empty());
  CHECK(take({"shared/2", "shared/3"}) == Said{"remove #1 shared/1"});
  CHECK(take({"shared/4"}) == Said{"remove #2 shared/2 shared/3"});

  const CheckpointId declined = job.begin();
  job.acknowledge(3, declined, CoordinatedJob::snapshot(CoordinatedJob::kMap, "", {"shared/4", "shared/5"}));
  job.coordinator.on_decline(attempt(4), declined, "no", job.now());
  CHECK(job.letters.take().front() == "discard /c shared/5");
}

TEST_CASE("more failures in a row than are tolerated fail the job; a success in between forgives") {
  CoordinatedJob job({.interval = 10s, .tolerable_failures = 1});
  job.start();
  const auto fail_one = [&] { job.coordinator.on_decline(attempt(1), job.begin(), "no", job.now()); };
  const auto has_failed = [&] {
    const Said said = job.letters.take();
    return std::count(said.begin(), said.end(), "fail job") == 1;
  };
  fail_one();
  CHECK(!has_failed());
  job.complete(job.begin());
  fail_one();
  CHECK(!has_failed());
  SUBCASE("a task declines") { fail_one(); }
  SUBCASE("the disk refuses") {
    const CheckpointId id = job.begin();
    job.acknowledge_all(id);
    job.written(id, disk_full());
  }
  SUBCASE("the counter refuses") {
    job.pass(10s);
    job.coordinator.on_id(disk_full().error(), job.now());
  }
  CHECK(has_failed());
}

TEST_CASE("by default a job survives any number of failed checkpoints") {
  CoordinatedJob job;
  job.start();
  for (int i = 0; i < 100; ++i) {
    const CheckpointId id = job.begin();
    job.acknowledge_all(id);
    job.written(id, disk_full());
  }
  const Said said = job.letters.take();
  CHECK(std::count(said.begin(), said.end(), "fail job") == 0);
  job.complete(job.begin());
  CHECK(job.coordinator.retained().size() == 1);
}

TEST_CASE(
    "what could not be written is deleted, unless a leader that was deposed cannot know whether it was") {
  CoordinatedJob job;
  job.start();
  const CheckpointId id = job.begin();
  for (std::uint64_t task = 1; task < 5; ++task) job.acknowledge(task, id);
  job.acknowledge(5, id, CoordinatedJob::snapshot(CoordinatedJob::kSink, "chk-1/sink"));
  bool is_deleted = true;
  SUBCASE("the disk is full") { job.written(id, disk_full()); }
  SUBCASE("another leads") {
    job.written(id, Error{ErrorCode::NotLeader, "the term is over"});
    is_deleted = false;
  }
  const Said said = job.letters.take();
  const bool has_discarded = std::any_of(said.begin(), said.end(), [](const std::string& word) {
    return word.starts_with("discard");
  });
  CHECK(has_discarded == is_deleted);
}

TEST_CASE("a round that ends takes what is under way with it, and ids that come later are not used") {
  CoordinatedJob job;
  job.start();
  job.begin();
  job.coordinator.on_round_ended("a task failed");
  CHECK(job.coordinator.pending() == 0);
  CHECK(job.coordinator.next_deadline() == std::nullopt);

  job.start(11);
  job.pass(10s);
  job.coordinator.on_round_ended("a task failed");
  job.start(21);
  job.give_ids();  // of the round before
  CHECK(job.coordinator.pending() == 0);
  const CheckpointId id = job.begin();
  job.acknowledge_all(id, 11);  // late ones of an earlier round
  CHECK(job.coordinator.pending() == 1);
  job.acknowledge_all(id, 21);
  CHECK(job.letters.written.contains(id));
}

TEST_CASE("a restart waits for the outcome of what is being written") {
  CoordinatedJob job;
  job.start();
  job.complete(job.begin());
  const CheckpointId second = job.begin();
  job.acknowledge_all(second);
  job.coordinator.on_round_ended("a task failed");
  job.letters.take();
  job.coordinator.request_restore();
  CHECK(job.letters.take().empty());

  SUBCASE("it is safe: the job starts from it, and nobody is told who does not run") {
    job.written(second);
    CHECK(job.letters.take() == Said{"remove #1", "sweep", "restore #2"});
  }
  SUBCASE("it is not") {
    job.written(second, disk_full());
    CHECK(job.letters.take() == Said{"sweep", "restore #1"});
  }
  SUBCASE("nobody here knows, and who leads next does: the job waits for that") {
    job.written(second, deposed());
    const std::string doubt = "no restore: checkpoint 2 of job 00000000000000000000000000000009 could not be "
                              "written: term 3 is over";
    CHECK(job.letters.take() == Said{doubt});
    job.coordinator.request_restore();
    CHECK(job.letters.take() == Said{doubt});
  }
}

TEST_CASE("a job without checkpoints starts from nothing, one that is continued from where it was") {
  CoordinatedJob fresh;
  fresh.coordinator.request_restore();
  CHECK(fresh.letters.take() == Said{"restore nothing"});

  CompletedCheckpoint savepoint;
  savepoint.id = 17;
  savepoint.is_savepoint = true;
  CoordinatedJob continued({.interval = 10s}, 1, {savepoint});
  continued.coordinator.request_restore();
  CHECK(continued.letters.take() == Said{"restore #17"});
}

TEST_CASE("what a job was started from is never deleted") {
  CompletedCheckpoint other;
  other.id = 0;
  other.root = "/c/another-job";
  SUBCASE("a savepoint") {
    other.is_savepoint = true;
    other.root = "/c";
  }
  SUBCASE("a checkpoint of another job") {}
  other.operators[CoordinatedJob::kMap].subtasks[0].state = {.path = "chk-0/a", .bytes = 1};
  CoordinatedJob job({.interval = 10s}, 1, {other});
  job.start();
  job.complete(job.begin());
  CHECK(job.coordinator.retained().front().id == 1);
  Said said = job.letters.take();
  said.resize(2);
  CHECK(said == Said{"write #1", "remove #0"});  // it is only forgotten: no file goes
}

TEST_CASE("the end of a job deletes its checkpoints, unless they are to be kept") {
  struct Row {
    bool retain;
    JobEnd end;
    bool is_deleted;
  };
  for (const Row& row : {Row{false, JobEnd::Finished, true}, Row{false, JobEnd::Cancelled, true},
                         Row{false, JobEnd::Failed, true}, Row{false, JobEnd::Suspended, false},
                         Row{true, JobEnd::Finished, true}, Row{true, JobEnd::Cancelled, false},
                         Row{true, JobEnd::Failed, false}, Row{true, JobEnd::Suspended, false}}) {
    CAPTURE(row.retain);
    CAPTURE(static_cast<int>(row.end));
    CoordinatedJob job({.interval = 10s, .retain_on_cancel = row.retain});
    job.start();
    job.complete(job.begin());
    const CheckpointId last = job.begin();
    job.acknowledge_all(last);
    job.letters.take();
    job.coordinator.on_job_over(row.end);
    CHECK(job.letters.take() == (row.is_deleted ? Said{"remove #1"} : Said{}));
    CHECK(job.coordinator.keeps_checkpoints() == !row.is_deleted);
    job.written(last);  // it was under way
    CHECK(job.letters.take() == (row.is_deleted ? Said{"remove #2"} : Said{}));
  }
}

}  // namespace
}  // namespace weir
