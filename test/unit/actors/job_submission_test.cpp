// SPDX-License-Identifier: Apache-2.0
#include "actors/client/job_submission.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace weir {
namespace {

const TimePoint kStart{};
constexpr JobId kJob{.high = 3, .low = 3};

struct Letters final : JobSubmissionOutbox, JobListener {
  void submit(const SubmitJob&) override { ++submits; }
  void attach(const AttachToJob&) override { ++attaches; }
  void finish(Result<JobResult> end) override {
    REQUIRE_FALSE(result.has_value());  // exactly one answer
    result.emplace(std::move(end));
  }
  void wake_after(Duration) override {}
  void on_accepted(JobId) override { heard += "accepted "; }
  void on_job_status(const JobStatusChanged& mail) override {
    heard += std::string(name_of(mail.status)) + " ";
  }
  void on_task_state(const ExecutionStateChanged& mail) override { heard += mail.task + " "; }

  int submits = 0;
  int attaches = 0;
  std::string heard;
  std::optional<Result<JobResult>> result;
};

struct Fixture {
  Letters out;
  JobSubmission submission{JobGraph{.id = kJob},
                           {.listening = ListeningBehaviour::ResultAndStateChanges, .leader_timeout = 60s},
                           &out,
                           out};
  void accept() {
    submission.on_leader_found();
    submission.on_submit_reply(Outcome::ok());
  }
};

TEST_CASE_FIXTURE(Fixture, "a job is submitted once there is a leader, followed, and ends with its result") {
  CHECK(out.submits == 0);
  accept();
  submission.on_job_status({.job = kJob, .status = JobStatus::Running});
  submission.on_task_state({.job = kJob, .task = "Map (1/1)"});
  submission.on_result({.job = kJob, .status = JobStatus::Finished});
  CHECK(out.submits == 1);
  CHECK(out.heard == "accepted RUNNING Map (1/1) ");
  REQUIRE(out.result.has_value());
  CHECK((*out.result)->status == JobStatus::Finished);
  CHECK(submission.is_over());
}

TEST_CASE_FIXTURE(Fixture, "a refusal is the answer") {
  submission.on_leader_found();
  submission.on_submit_reply(Outcome::refused({ErrorCode::InvalidGraph, "it has no vertices"}));
  REQUIRE(out.result.has_value());
  CHECK(out.result->error().what == "it has no vertices");
  CHECK(out.heard.empty());
}

TEST_CASE_FIXTURE(Fixture, "what was accepted is attached to at the next leader, not submitted again") {
  accept();
  submission.on_leader_lost("it died", kStart);
  submission.on_leader_found();
  CHECK(out.submits == 1);
  CHECK(out.attaches == 1);
  submission.on_attach_reply(Outcome::ok());
  submission.on_result({.job = kJob, .status = JobStatus::Finished});
  CHECK(out.result.has_value());
}

TEST_CASE_FIXTURE(Fixture, "what was not accepted is submitted again at a leader that has not heard of it") {
  submission.on_leader_found();
  submission.on_leader_lost("it died", kStart);
  submission.on_no_answer({ErrorCode::Closed, "gone"});  // to what was sent to the dead one
  CHECK_FALSE(out.result.has_value());
  submission.on_leader_found();
  CHECK(out.submits == 1);
  CHECK(out.attaches == 1);
  submission.on_attach_reply(Outcome::refused({ErrorCode::UnknownJob, "never heard of it"}));
  CHECK(out.submits == 2);
  submission.on_submit_reply(Outcome::ok());
  CHECK(out.heard == "accepted ");
}

TEST_CASE_FIXTURE(Fixture, "a job that was accepted although no answer came is not submitted twice") {
  submission.on_leader_found();
  submission.on_leader_lost("the connection broke", kStart);
  submission.on_leader_found();
  submission.on_attach_reply(Outcome::ok());
  CHECK(out.heard == "accepted ");
  submission.on_result({.job = kJob, .status = JobStatus::Finished});
  REQUIRE(out.result.has_value());
  CHECK((*out.result)->status == JobStatus::Finished);
  CHECK(out.submits == 1);
}

TEST_CASE("a job that somebody may have submitted before is attached to, and submitted if nobody knows it") {
  Letters out;
  JobSubmission submission{JobGraph{.id = kJob},
                           {.listening = ListeningBehaviour::Detached, .first = Submission::MayBeThere},
                           &out,
                           out};
  submission.on_leader_found();
  CHECK(out.attaches == 1);
  CHECK(out.submits == 0);
  SUBCASE("it is there") { submission.on_attach_reply(Outcome::ok()); }
  SUBCASE("it is not") {
    submission.on_attach_reply(Outcome::refused({ErrorCode::UnknownJob, "there is no such job"}));
    CHECK(out.submits == 1);
    submission.on_submit_reply(Outcome::ok());
  }
  CHECK(out.heard == "accepted ");
  REQUIRE(out.result.has_value());
  CHECK((*out.result)->job == kJob);
}

TEST_CASE_FIXTURE(Fixture, "one that leads no longer gives no answer: the next one does") {
  const Outcome deposed = Outcome::refused({ErrorCode::NotLeader, "it does not lead"});
  submission.on_leader_found();
  submission.on_submit_reply(deposed);
  CHECK_FALSE(out.result.has_value());
  submission.on_leader_lost("another leads", kStart);
  submission.on_leader_found();
  submission.on_attach_reply(deposed);
  CHECK(out.submits == 1);
  submission.on_leader_lost("another leads", kStart);
  submission.on_leader_found();
  submission.on_attach_reply(Outcome::ok());
  CHECK(out.heard == "accepted ");
}

TEST_CASE_FIXTURE(Fixture,
                  "without a leader for too long it gives up, and says what happened to the last one") {
  accept();
  submission.on_leader_lost("the connection broke", kStart);
  submission.on_tick(kStart + 59s);
  CHECK_FALSE(out.result.has_value());
  submission.on_tick(kStart + 60s);
  REQUIRE(out.result.has_value());
  CHECK(out.result->error().what == "no JobManager was found after this: the connection broke");
}

TEST_CASE_FIXTURE(Fixture, "a deadline that passes after another leader was found means nothing") {
  accept();
  submission.on_leader_lost("the connection broke", kStart);
  submission.on_leader_found();
  submission.on_tick(kStart + 60s);
  CHECK_FALSE(out.result.has_value());
}

TEST_CASE_FIXTURE(Fixture, "a leader that does not answer is an error") {
  submission.on_leader_found();
  submission.on_no_answer({ErrorCode::Timeout, "SubmitJob: no answer within 10 s"});
  REQUIRE(out.result.has_value());
  CHECK(out.result->error().code == ErrorCode::Timeout);
  submission.on_submit_reply(Outcome::ok());  // comes too late
  CHECK(out.heard.empty());
}

TEST_CASE("a detached job is over for its client when it is accepted") {
  Letters out;
  JobSubmission submission(JobGraph{.id = kJob}, {.listening = ListeningBehaviour::Detached}, nullptr, out);
  submission.on_leader_found();
  submission.on_submit_reply(Outcome::ok());
  REQUIRE(out.result.has_value());
  CHECK((*out.result)->job == kJob);
}

}  // namespace
}  // namespace weir
