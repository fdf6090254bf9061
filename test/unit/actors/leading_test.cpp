// SPDX-License-Identifier: Apache-2.0
// What a JobManager keeps in mind while it leads, and when it no longer does.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "actors/job_manager/first_words.h"
#include "actors/job_manager/last_words.h"
#include "actors/job_manager/tenure.h"

namespace weir {
namespace {

constexpr LeaderSessionId kFirst{.high = 1, .low = 1};
constexpr LeaderSessionId kSecond{.high = 1, .low = 2};
constexpr JobId kJob{.high = 1, .low = 1};

TEST_CASE("a term that was revoked is not begun again by what is late; the next one is") {
  Tenure tenure;
  CHECK(tenure.on_grant(kFirst));
  CHECK(tenure.holds(kFirst));
  CHECK(tenure.on_grant(kFirst));  // its jobs are read again
  tenure.on_revoke();
  CHECK_FALSE(tenure.holds(kFirst));
  CHECK_FALSE(tenure.on_grant(kFirst));
  CHECK(tenure.on_grant(kSecond));
  CHECK(tenure.holds(kSecond));
  tenure.on_revoke();
  CHECK_FALSE(tenure.on_grant(kFirst));
}

TEST_CASE("the end of a job is said when it is on record, and not by who may not record it") {
  std::string said;
  LastWords words;
  words.say(kJob, [&] { said += "a"; });
  CHECK(said == "a");
  CHECK_FALSE(words.holds(kJob));
  words.hold(kJob, kFirst);
  CHECK(words.holds(kJob));
  words.say(kJob, [&] { said += "b"; });
  words.say(kJob, [&] { said += "c"; });
  CHECK(said == "a");
  SUBCASE("on record") {
    words.on_recorded(kJob, kFirst, Outcome::ok());
    CHECK(said == "abc");
  }
  SUBCASE("the disk refused: it is over all the same") {
    words.on_recorded(kJob, kFirst, Outcome::refused({ErrorCode::IoFailure, "full"}));
    CHECK(said == "abc");
  }
  SUBCASE("another leads") {
    words.on_recorded(kJob, kFirst, Outcome::refused({ErrorCode::NotLeader, "over"}));
    CHECK(said == "a");
  }
  words.say(kJob, [&] { said += "!"; });
  CHECK(said.back() == '!');
}

TEST_CASE("a job whose end is being recorded is shown as it was before") {
  using enum JobStatus;
  LastWords words;
  const JobId job{.high = 1, .low = 1};
  JobDetails details{.job = job, .name = "sums", .status = Finished};
  details.entered[static_cast<std::size_t>(Running)] = WallTime(3s);
  details.entered[static_cast<std::size_t>(Finished)] = WallTime(5s);
  CHECK(words.seen(job) == nullptr);
  words.hold(job, {.high = 1, .low = 1}, details);
  REQUIRE(words.seen(job) != nullptr);
  CHECK(words.seen(job)->status == Running);
  CHECK(ended_at(*words.seen(job)) == WallTime());
  CHECK(words.overviews() == std::vector{overview_of(*words.seen(job))});
  words.on_recorded(job, {.high = 1, .low = 1}, Outcome::ok());
  CHECK(words.seen(job) == nullptr);
  CHECK(words.overviews().empty());

  details.status = Failed;
  CHECK(not_yet_ended(details).status == Failing);
  details.status = Canceled;
  CHECK(not_yet_ended(details).status == Cancelling);
  details.status = Restarting;
  CHECK(not_yet_ended(details) == details);
}

TEST_CASE("what comes of a record of an earlier term says nothing of a job that ends in this one") {
  std::string said;
  LastWords words;
  words.hold(kJob, kFirst);
  words.say(kJob, [&] { said += "first"; });
  words.on_revoke();
  CHECK_FALSE(words.holds(kJob));
  words.on_recorded(kJob, kFirst, Outcome::ok());  // nothing ends
  words.hold(kJob, kSecond);  // it was recovered, and ended again
  words.say(kJob, [&] { said += "second"; });
  SUBCASE("the earlier one was refused") {
    words.on_recorded(kJob, kFirst, Outcome::refused({ErrorCode::NotLeader, "over"}));
  }
  SUBCASE("the earlier one was written") { words.on_recorded(kJob, kFirst, Outcome::ok()); }
  CHECK(said.empty());
  REQUIRE(words.holds(kJob));
  words.on_recorded(kJob, kSecond, Outcome::ok());
  CHECK(said == "second");
}

TEST_CASE("who asks for a job that is just being kept waits for how that ends") {
  FirstWords words;
  CHECK_FALSE(words.holds(kJob));
  words.hold(kJob, kFirst);
  CHECK(words.holds(kJob));
  std::vector<Outcome> said;
  words.say(kJob, [&](const Outcome& kept) { said.push_back(kept); });
  words.say(kJob, [&](const Outcome& kept) { said.push_back(kept); });
  CHECK(said.empty());
  const Outcome full = Outcome::refused({ErrorCode::IoFailure, "full"});
  words.on_kept(kJob, kFirst, full);
  CHECK(said == std::vector{full, full});
  CHECK_FALSE(words.holds(kJob));
}

TEST_CASE(
    "who asks for a job that is being kept is refused with the end of the term, not by what comes of it "
    "later") {
  const Outcome over = Outcome::refused({ErrorCode::NotLeader, "over"});
  std::vector<Outcome> said;
  const auto write_down = [&](const Outcome& kept) { said.push_back(kept); };
  FirstWords words;
  words.hold(kJob, kFirst);
  words.say(kJob, write_down);
  words.on_revoke(over);
  CHECK(said == std::vector{over});
  CHECK_FALSE(words.holds(kJob));  // who leads next is asked anew: it may have recovered the job
  CHECK_FALSE(words.awaits(kJob, kFirst));

  words.hold(kJob, kSecond);  // or has never heard of it
  words.say(kJob, write_down);
  CHECK_FALSE(words.awaits(kJob, kFirst));
  CHECK(words.awaits(kJob, kSecond));
  words.on_kept(kJob, kFirst, over);
  CHECK(said.size() == 1);
  words.on_kept(kJob, kSecond, Outcome::ok());
  CHECK(said == std::vector{over, Outcome::ok()});
}

TEST_CASE("what a job goes on from is deleted only if its end is on record") {
  CHECK(as_recorded(JobEnd::Finished, Outcome::ok()) == JobEnd::Finished);
  CHECK(as_recorded(JobEnd::Cancelled, Outcome::refused({ErrorCode::NotLeader, "over"})) ==
        JobEnd::Suspended);
  CHECK(as_recorded(JobEnd::Finished, Outcome::refused({ErrorCode::IoFailure, "full"})) == JobEnd::Suspended);
}

}  // namespace
}  // namespace weir
