// SPDX-License-Identifier: Apache-2.0
#include "actors/checkpoint_coordinator/coordinated_job.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

using Said = std::vector<std::string>;

/// Writes down what the job asks for.
class Letters final : public CoordinatedJobOutbox {
public:
  void to_task(const BeginTask& mail) override { say("begin", mail.attempt.low); }
  void to_task(const TriggerCheckpoint& mail) override { say("trigger", mail.checkpoint); }
  void to_task(const NotifyCheckpointComplete& mail) override { say("complete", mail.checkpoint); }
  void to_task(const NotifyCheckpointAborted& mail) override { say("aborted", mail.checkpoint); }
  void to_keeper(const RecoverCheckpoints&) override { said.emplace_back("recover"); }
  void to_keeper(const CheckFiles& mail) override { say("check", mail.checkpoint.id); }
  void to_keeper(const NextCheckpointId&) override { said.emplace_back("next id"); }
  void to_keeper(const WriteCheckpoint& mail) override { say("write", mail.checkpoint.id); }
  void to_keeper(const RemoveCheckpoint& mail) override { say("remove", mail.checkpoint.id); }
  void to_keeper(const DiscardCheckpoint&) override { said.emplace_back("discard"); }
  void to_keeper(const SweepCheckpoints&) override { said.emplace_back("sweep"); }
  void to_keeper(const CloseKeeper& mail) override {
    said.emplace_back(mail.is_over ? "close, it is over" : "close");
  }
  void to_job_manager(const RestoredState& mail) override {
    say(mail.outcome.accepted ? "restored" : "not restored", mail.number, mail.checkpoint);
  }
  void to_job_manager(const FailJob&) override { said.emplace_back("fail job"); }
  void to_job_manager(const CancelJob&) override { said.emplace_back("cancel job"); }
  void answer(SavepointRequestId, const SavepointReply& reply) override {
    said.push_back(reply.outcome.accepted ? "savepoint" : "no savepoint: " + reply.outcome.refusal.what);
  }
  void wake_at(TimePoint) override {}
  void quit() override { said.emplace_back("quit"); }

  [[nodiscard]] Said take() { return std::exchange(said, {}); }

  Said said;

private:
  template <class... Number>
  void say(std::string what, Number... numbers) {
    ((what += " " + std::to_string(numbers)), ...);
    said.push_back(std::move(what));
  }
};

constexpr JobId kJob{.high = 1, .low = 2};

RecoveredCheckpoints found(std::vector<CheckpointId> ids) {
  RecoveredCheckpoints mail{.outcome = Outcome::ok(), .checkpoints = {}};
  for (const CheckpointId id : ids)
    mail.checkpoints.push_back({.job = kJob, .id = id, .root = "/r", .directory = "/r/chk"});
  return mail;
}

struct Fixture {
  Letters letters;
  CoordinatedJob job{{.coordinator = {.job = kJob, .settings = {}, .root = "/r"}}, letters};
};

TEST_CASE("what a job goes on from is read once, and told to the latest who asked") {
  Fixture f;
  f.job.on_restore_wanted({.number = 1}, {});
  f.job.on_restore_wanted({.number = 2}, {});
  CHECK(f.letters.take() == Said{"recover"});
  f.job.on_recovered(found({3, 5}), {});
  CHECK(f.letters.take() == Said{"restored 2 5"});
  f.job.on_restore_wanted({.number = 3}, {});
  CHECK(f.letters.take() == Said{"restored 3 5"});
}

TEST_CASE("a job that restarts waits for files that are not there, and goes on when they are") {
  Fixture f;
  RecoveredCheckpoints mail = found({5});
  constexpr OperatorId kSum{.high = 1, .low = 1};
  mail.checkpoints[0].operators[kSum].subtasks[0].state = {.path = "chk-5/a", .bytes = 1};
  const std::vector<CheckpointedVertex> vertices{{.name = "sum", .operators = {{.id = kSum}}, .tasks = {{}}}};
  f.job.on_restore_wanted({.number = 1, .vertices = vertices}, {});
  f.job.on_recovered(mail, {});
  CHECK(f.letters.take() == Said{"recover", "restored 1 5"});  // they were just looked at

  f.job.on_restore_wanted({.number = 2, .vertices = vertices}, {});
  CHECK(f.letters.take() == Said{"check 5"});
  f.job.on_files_checked({Outcome::refused({ErrorCode::NotFound, "no disk"})}, {});
  CHECK(f.letters.take() == Said{"not restored 2 0"});
  f.job.on_restore_wanted({.number = 3, .vertices = vertices}, {});
  f.job.on_files_checked({Outcome::ok()}, {});
  CHECK(f.letters.take() == Said{"check 5", "restored 3 5"});

  f.job.on_restore_wanted({.number = 4, .vertices = vertices}, {});
  f.job.on_close(JobEnd::Cancelled, {});
  (void)f.letters.take();
  f.job.on_files_checked({Outcome::ok()}, {});
  CHECK(f.letters.take().empty());
}

TEST_CASE("a job waits while its leader does not know whether the latest checkpoint was stored") {
  constexpr ExecutionAttemptId kTask{.high = 3, .low = 4};
  Fixture f;
  f.job.on_restore_wanted({.number = 1}, {});
  f.job.on_recovered(found({3}), {});
  f.job.on_round_started(
      {.number = 1, .plan = {.vertices = {{.name = "all", .tasks = {{.attempt = kTask}}}}}}, {});
  f.job.on_task_running({.attempt = kTask}, {});
  f.job.on_savepoint(SavepointRequestId{1},
                     {.job = kJob, .directory = "/s", .then = AfterSavepoint::Cancel}, {});
  f.job.on_id({.outcome = Outcome::ok(), .id = 4}, {});
  f.job.on_acknowledge({.attempt = kTask, .checkpoint = 4}, {});
  f.job.on_round_ended({.reason = "a task failed"}, {});
  (void)f.letters.take();
  f.job.on_restore_wanted({.number = 2}, {});
  CHECK(f.letters.take().empty());  // it may yet be stored
  f.job.on_written({.id = 4, .outcome = Outcome::refused({ErrorCode::NotLeader, "term 3 is over"})}, {});
  const Said said = f.letters.take();
  REQUIRE_FALSE(said.empty());
  CHECK(said.back() == "not restored 2 0");
}

TEST_CASE("what cannot be read is said, and read again when somebody asks again") {
  Fixture f;
  f.job.on_restore_wanted({.number = 1}, {});
  f.job.on_recovered({.outcome = Outcome::refused({ErrorCode::Corrupt, "broken"})}, {});
  CHECK(f.letters.take() == Said{"recover", "not restored 1 0"});
  f.job.on_restore_wanted({.number = 2}, {});
  f.job.on_recovered(found({}), {});
  CHECK(f.letters.take() == Said{"recover", "restored 2 0"});
}

TEST_CASE("tasks that run before it is known what the job goes on from take checkpoints as soon as it is") {
  constexpr ExecutionAttemptId kTask{.high = 3, .low = 4};
  Fixture f;
  f.job.on_restore_wanted({.number = 1}, {});
  f.job.on_recovered({.outcome = Outcome::refused({ErrorCode::IoFailure, "no disk"})}, {});
  CheckpointPlan plan{.vertices = {{.name = "sink", .tasks = {{.attempt = kTask, .producers = {}}}}},
                      .is_adopted = true};
  f.job.on_round_started({.number = 1, .plan = plan}, {});
  f.job.on_task_running({.attempt = kTask}, {});
  f.job.on_restore_wanted({.number = 2}, {});
  f.job.on_recovered(found({3}), {});
  (void)f.letters.take();
  f.job.on_savepoint(SavepointRequestId{1}, {.job = kJob, .directory = "/s"}, {});
  CHECK(f.letters.take() == Said{"next id"});
}

TEST_CASE("a job that ends before it is known what it had finds out what is to be deleted") {
  Fixture f;
  f.job.on_restore_wanted({.number = 1}, {});
  f.job.on_close(JobEnd::Cancelled, {});
  CHECK(f.letters.take() == Said{"recover"});
  f.job.on_recovered(found({3}), {});
  CHECK(f.letters.take() == Said{"remove 3", "close, it is over", "quit"});
}

TEST_CASE("a job whose leader is gone keeps everything") {
  Fixture f;
  f.job.on_restore_wanted({.number = 1}, {});
  f.job.on_recovered(found({3}), {});
  (void)f.letters.take();
  f.job.on_close(JobEnd::Suspended, {});
  CHECK(f.letters.take() == Said{"close", "quit"});
}

TEST_CASE("a savepoint of a job that is not known yet is refused at once") {
  Fixture f;
  f.job.on_savepoint(SavepointRequestId{1}, {.job = kJob, .directory = "/s"}, {});
  CHECK(f.letters.take() ==
        Said{"no savepoint: no savepoint of job " + kJob.hex() + " can be taken: it does not run"});
}

TEST_CASE("a savepoint needs a place that all machines understand") {
  Fixture f;
  f.job.on_restore_wanted({.number = 1}, {});
  f.job.on_recovered(found({}), {});
  (void)f.letters.take();
  f.job.on_savepoint(SavepointRequestId{1}, {.job = kJob}, {});
  f.job.on_savepoint(SavepointRequestId{2}, {.job = kJob, .directory = "here"}, {});
  CHECK(f.letters.take() ==
        Said{"no savepoint: no place for the savepoint: name a directory, or set state.savepoints.dir",
             "no savepoint: 'here' is no absolute path"});
}

}  // namespace
}  // namespace weir
