// SPDX-License-Identifier: Apache-2.0
#include "messages/archive.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

JobDetails details(JobStatus status) {
  JobDetails job{.job = {.high = 1, .low = 2}, .name = "words", .status = status, .failure = "it broke"};
  job.entered[static_cast<std::size_t>(JobStatus::Created)] = WallTime(100ms);
  job.entered[static_cast<std::size_t>(status)] = WallTime(350ms);
  job.accumulators = {{"lines", 7}};
  return job;
}

TEST_CASE("a job that runs has no end") {
  CHECK(overview_of(details(JobStatus::Running)) == JobOverview{.job = {.high = 1, .low = 2},
                                                                .name = "words",
                                                                .status = JobStatus::Running,
                                                                .started = WallTime(100ms),
                                                                .ended = WallTime{}});
}

TEST_CASE("the result of a job tells its net run time and what it counted") {
  const JobResult result = result_of(details(JobStatus::Finished));
  CHECK(result.net_runtime == 250ms);
  CHECK(result.accumulators == std::map<std::string, std::int64_t>{{"lines", 7}});
}

TEST_CASE("only a failed job tells of a failure: what a restart healed is history") {
  CHECK(result_of(details(JobStatus::Finished)).failure.empty());
  CHECK(result_of(details(JobStatus::Failed)).failure == "it broke");
}

}  // namespace
}  // namespace weir
