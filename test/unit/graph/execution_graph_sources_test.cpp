// SPDX-License-Identifier: Apache-2.0
// What a job does for its sources while it runs: hands them their input, asks them to end, hears what they
// count.
#include "test/unit/graph/running_job.h"

namespace weir {
using namespace testing;
using enum ExecutionState;
namespace {

using Split = std::optional<std::string>;

JobGraph stoppable(std::uint32_t readers = 2) {
  JobGraph job = job_of(word_count(readers, 1));
  job.vertices.front().can_stop = true;
  return job;
}

JobGraph with_splits() {
  JobGraph job = stoppable();
  job.vertices.front().input_splits = {
      {.bytes = "a", .hosts = {}}, {.bytes = "b", .hosts = {"host1"}}, {.bytes = "c", .hosts = {"host1"}}};
  return job;
}

Split next(RunningJob& job, std::uint32_t reader) {
  const auto split = job.graph().next_input_split(job.task(kRead, reader).id());
  REQUIRE_MESSAGE(split.has_value(), split.error().what);
  return *split;
}

std::string refusal(RunningJob& job) {
  const Status stopped = job.graph().stop();
  REQUIRE_FALSE(stopped.has_value());
  CHECK(job.written<effects::StopTask>().empty());
  return stopped.error().what;
}

const std::string kJob = "job " + JobId{7, 7}.hex();

}  // namespace

TEST_CASE("stopping asks the sources and nobody else; the job finishes as if its input had ended") {
  RunningJob job(stoppable());
  job.run();
  REQUIRE(job.graph().stop().has_value());
  const auto asked = job.written<effects::StopTask>();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].attempt == job.task(kRead, 0).id());
  CHECK(asked[1].slot == RunningJob::slot(1));
  CHECK(job.status() == JobStatus::Running);
  job.report_all(Finished);
  CHECK(job.story() == "CREATED RUNNING FINISHED");
}

TEST_CASE("a source that has ended is not asked to end") {
  RunningJob job(stoppable());
  job.run();
  job.report(kRead, 0, Finished);
  REQUIRE(job.graph().stop().has_value());
  CHECK(job.written<effects::StopTask>().size() == 1);
}

TEST_CASE("a job that cannot be stopped is not, and says why") {
  SUBCASE("a source that never asks") {
    RunningJob job;
    job.run();
    CHECK(refusal(job) == kJob + " cannot be stopped: \"" + kRead +
                              "\" never asks whether it should end; cancel the job instead");
  }
  SUBCASE("it has not begun") {
    RunningJob job(stoppable());
    CHECK(refusal(job) == kJob + " is CREATED; only a job that runs can be stopped");
  }
  SUBCASE("it waits for slots") {
    RunningJob job(stoppable());
    job.schedule();
    CHECK(refusal(job) == kJob + " waits for slots; cancel it instead");
  }
  SUBCASE("it fails") {
    RunningJob job(stoppable());
    job.run();
    job.graph().fail_global({ErrorCode::TaskFailed, "x"}, job.tick());
    CHECK(refusal(job) == kJob + " is FAILING; only a job that runs can be stopped");
  }
}

TEST_CASE("sources are handed splits, first those that lie on their host, until there are none") {
  RunningJob job(with_splits());
  job.run();
  CHECK(next(job, 1) == Split("b"));
  CHECK(next(job, 0) == Split("a"));
  CHECK(next(job, 0) == Split("c"));
  CHECK(next(job, 0) == std::nullopt);
  CHECK(next(job, 1) == std::nullopt);
}

TEST_CASE("who reads no splits is told that there are none") {
  RunningJob job(with_splits());
  job.run();
  CHECK(*job.graph().next_input_split(job.task(kCount, 0).id()) == std::nullopt);
}

TEST_CASE("a restarted job hands out all of its splits anew, and none to the attempts before") {
  RunningJob job(with_splits(), FixedDelay{.attempts = 1});
  job.run();
  const ExecutionAttemptId old = job.task(kRead, 0).id();
  for (int i = 0; i < 3; ++i) REQUIRE(next(job, 0).has_value());
  job.report(kRead, 0, Failed, "x");
  job.report_all(Canceled);
  job.restart();
  job.assign();
  job.report_all(Running);
  CHECK_FALSE(job.graph().next_input_split(old).has_value());
  for (int i = 0; i < 3; ++i) CHECK(next(job, 0).has_value());
  CHECK(next(job, 0) == std::nullopt);
}

TEST_CASE("an attempt without a slot, or of nobody, gets no split") {
  RunningJob job(with_splits());
  job.schedule();
  CHECK(job.graph().next_input_split(job.task(kRead, 0).id()).error().code == ErrorCode::Refused);
  CHECK(job.graph().next_input_split({9, 9}).error().code == ErrorCode::Refused);
}

TEST_CASE("what a task counts is known while it runs, and its last word stays") {
  RunningJob job(stoppable(1));
  job.run();
  const JobId id = job.graph().job_graph().id;
  const ExecutionAttemptId reader = job.task(kRead, 0).id();
  using Sums = std::map<std::string, std::int64_t>;
  job.graph().on_task_progress(
      {.job = id, .attempt = reader, .counters = {.records_out = 4}, .accumulators = {{"lines", 4}}});
  CHECK(job.graph().accumulators() == Sums{{"lines", 4}});
  CHECK(job.task(kRead, 0).counters().records_out == 4);

  job.graph().on_task_state(
      {.job = id, .attempt = reader, .state = Finished, .accumulators = {{"lines", 9}}}, job.tick());
  job.graph().on_task_progress({.job = id, .attempt = reader, .accumulators = {{"lines", 5}}});  // late
  CHECK(job.graph().accumulators() == Sums{{"lines", 9}});
  CHECK(job.graph().progress().late_reports == 0);
}

}  // namespace weir
