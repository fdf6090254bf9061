// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_verdicts.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

TEST_CASE("who asks about a job of which only its end is on record gets the same result") {
  const JobVerdict verdict{.job = {.high = 1, .low = 2},
                           .name = "words",
                           .status = JobStatus::Failed,
                           .failure = "Map (1/2): it broke",
                           .started = WallTime(1s),
                           .ended = WallTime(5s),
                           .accumulators = {{"lines", 7}}};
  const JobDetails details = details_of(verdict);
  CHECK(verdict_of(details, {}) == verdict);
  CHECK(result_of(details) == JobResult{.job = verdict.job,
                                        .status = JobStatus::Failed,
                                        .failure = verdict.failure,
                                        .net_runtime = 4s,
                                        .accumulators = verdict.accumulators});
}

TEST_CASE("a failure that was survived is no part of the end") {
  JobDetails details{.job = {.high = 1, .low = 2}, .status = JobStatus::Finished};
  details.failure = "once";
  CHECK(verdict_of(details, {}).failure.empty());
}

TEST_CASE("the checkpoints of a job that has ended are to be deleted, unless somebody wants them kept") {
  JobDetails details{.job = {.high = 1, .low = 2}, .name = "job"};
  const std::string folder = "/c/00000000000000010000000000000002";
  for (const JobStatus status : {JobStatus::Finished, JobStatus::Canceled, JobStatus::Failed}) {
    details.status = status;
    CHECK(verdict_of(details, {.directory = "/c"}).checkpoints_to_delete == folder);
    const auto kept = verdict_of(details, {.retain_on_cancel = true, .directory = "/c"});
    CHECK(kept.checkpoints_to_delete == (status == JobStatus::Finished ? folder : ""));
    CHECK(verdict_of(details, {}).checkpoints_to_delete.empty());
  }
}

}  // namespace
}  // namespace weir
