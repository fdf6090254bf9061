// SPDX-License-Identifier: Apache-2.0
#include "actors/archivist/memory_archivist.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

JobDetails ended(std::uint64_t number, JobStatus status = JobStatus::Finished) {
  return {.job = {.high = 1, .low = number}, .name = "job " + std::to_string(number), .status = status};
}

TEST_CASE("the archivist remembers the last five jobs and counts them all") {
  MemoryArchivist archivist;
  for (std::uint64_t number = 1; number <= 7; ++number) archivist.archive(ended(number));
  CHECK(archivist.find({.high = 1, .low = 2}) == nullptr);
  REQUIRE(archivist.find({.high = 1, .low = 3}) != nullptr);
  CHECK(archivist.find({.high = 1, .low = 3})->name == "job 3");
  CHECK(archivist.overview().jobs.size() == 5);
  CHECK(archivist.overview().jobs.front().name == "job 3");
  CHECK(archivist.overview().finished == 7);
}

TEST_CASE("jobs are counted by how they ended") {
  MemoryArchivist archivist;
  archivist.archive(ended(1, JobStatus::Finished));
  archivist.archive(ended(2, JobStatus::Canceled));
  archivist.archive(ended(3, JobStatus::Failed));
  archivist.archive(ended(4, JobStatus::Failed));
  CHECK(archivist.overview().finished == 1);
  CHECK(archivist.overview().cancelled == 1);
  CHECK(archivist.overview().failed == 2);
}

TEST_CASE("a job that is archived again moves to the front and counts once") {
  MemoryArchivist archivist(2);
  archivist.archive(ended(1));
  archivist.archive(ended(2));
  archivist.archive(ended(1));
  archivist.archive(ended(3));
  CHECK(archivist.find({.high = 1, .low = 1}) != nullptr);
  CHECK(archivist.find({.high = 1, .low = 2}) == nullptr);
  CHECK(archivist.overview().finished == 3);
}

}  // namespace
}  // namespace weir
