// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/job_reference.h"

#include <doctest/doctest.h>

#include <string>

namespace weir {
namespace {

const JobId kAda{0xADA0'0000'0000'0000, 1};
const JobId kAdam{0xADA1'0000'0000'0000, 2};
const JobId kBob{0xB0B0'0000'0000'0000, 3};
const JobList kKnown{
    {{.job = kAda, .name = "Ada"}, {.job = kAdam, .name = "Adam"}, {.job = kBob, .name = "Bob"}}};

std::string refusal(std::string_view written, const JobList& known = kKnown) {
  const auto found = find_job(written, known);
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().what.find('\n') == std::string::npos);
  return found.error().what;
}

TEST_CASE("the beginning of an id is enough if only one job has it") {
  CHECK(*find_job("b", kKnown) == kBob);
  CHECK(*find_job("ADA1", kKnown) == kAdam);
  CHECK(*find_job(kAda.hex(), kKnown) == kAda);
}

TEST_CASE("jobs that begin alike are told") {
  const std::string what = refusal("ada");
  CHECK(what.find("2 jobs") != std::string::npos);
  CHECK(what.find(kAda.hex() + " (Ada), " + kAdam.hex() + " (Adam)") != std::string::npos);
}

TEST_CASE("of many jobs that begin alike some are told") {
  JobList many;
  for (std::uint64_t i = 0; i < 50; ++i) many.jobs.push_back({.job = JobId{1, i}});
  CHECK(refusal("0", many).find("50 jobs") != std::string::npos);
  CHECK(refusal("0", many).size() < 300);
}

TEST_CASE("a job that is not there comes with the one that was probably meant") {
  CHECK(refusal("b0c0").find("did you mean " + kBob.hex() + " (Bob)?") != std::string::npos);
  CHECK(refusal("7777777777").find("weir list -a") != std::string::npos);
  CHECK(refusal("b", {}).find("none yet") != std::string::npos);
  CHECK_FALSE(refusal("").empty());
}

TEST_CASE("what is no id at all is shown harmless and short") {
  CHECK(refusal("\x1b[2J").find('\x1b') == std::string::npos);
  CHECK(refusal(std::string(100'000, 'x')).size() < 200);
  CHECK(refusal(kBob.hex() + "0").find("no job") != std::string::npos);
}

}  // namespace
}  // namespace weir
