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
  CHECK(verdict_of(details) == verdict);
  CHECK(result_of(details) == JobResult{.job = verdict.job,
                                        .status = JobStatus::Failed,
                                        .failure = verdict.failure,
                                        .net_runtime = 4s,
                                        .accumulators = verdict.accumulators});
}

TEST_CASE("a failure that was survived is no part of the end") {
  JobDetails details{.job = {.high = 1, .low = 2}, .status = JobStatus::Finished};
  details.failure = "once";
  CHECK(verdict_of(details).failure.empty());
}

}  // namespace
}  // namespace weir
