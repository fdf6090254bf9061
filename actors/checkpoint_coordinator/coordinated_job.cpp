// SPDX-License-Identifier: Apache-2.0
#include "actors/checkpoint_coordinator/coordinated_job.h"

#include <utility>

#include "base/log.h"
#include "checkpoint/coordinator/state_assignment.h"
#include "checkpoint/snapshot/checkpoint_files.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "CheckpointCoordinator";

Error refused(std::string what) {
  return {ErrorCode::Refused, std::move(what), Blame::User, Retry::Later};
}

}  // namespace

// What the job goes on from

void CoordinatedJob::on_restore_wanted(const RequestRestore& mail, Now) {
  wanted_ = mail;
  if (!logic_) return recover();
  take([](auto& logic) { logic.request_restore(); });
}

void CoordinatedJob::recover() {
  if (!std::exchange(is_recovering_, true)) out_.to_keeper(RecoverCheckpoints{options_.restore.path});
}

void CoordinatedJob::on_recovered(const RecoveredCheckpoints& mail, Now now) {
  is_recovering_ = false;
  if (!mail.outcome.accepted) {
    log::error(kLogger, mail.outcome.refusal.what);
    if (wanted_) refuse_restore(mail.outcome.refusal);
    if (!end_) return;
  }
  is_just_read_ = true;
  logic_.emplace(options_.coordinator, mail.checkpoints, static_cast<CheckpointOutbox&>(*this));
  if (end_) return take([&](auto& logic) { logic.on_job_over(*end_); });
  take([](auto& logic) { logic.request_restore(); });
  for (const RoundEvent& event : std::exchange(early_, {})) take([&](auto& logic) { event(logic, now); });
}

void CoordinatedJob::restore(const CompletedCheckpoint* latest) {
  const bool is_read = std::exchange(is_just_read_, false);
  if (latest == nullptr || is_read || state_files_of(*latest).empty()) return deal(latest);
  out_.to_keeper(CheckFiles{*latest});
}

void CoordinatedJob::refuse_restore(const Error& cause) {
  out_.to_job_manager(
      RestoredState{.job = job(), .number = wanted_->number, .outcome = Outcome::refused(cause)});
}

void CoordinatedJob::on_files_checked(const FilesChecked& mail, Now) {
  if (end_ || logic_->retained().empty()) return;
  if (mail.outcome.accepted) return deal(&logic_->retained().back());
  refuse_restore(mail.outcome.refusal);
}

void CoordinatedJob::deal(const CompletedCheckpoint* latest) {
  RestoredState reply{.job = job(), .number = wanted_->number, .outcome = Outcome::ok()};
  tasks_wait_ = false;
  if (latest != nullptr) {
    auto dealt = assign_state(*latest, wanted_->vertices, options_.restore.allow_non_restored_state);
    reply.checkpoint = latest->id;
    reply.outcome = Outcome::of(dealt ? Status::ok() : Status(dealt.error()));
    if (dealt) {
      tasks_wait_ = dealt->tasks_wait;
      reply.tasks = std::move(dealt->tasks);
      reply.max_parallelism = std::move(dealt->max_parallelism);
    }
    log::info(kLogger, "Job " + job().hex() + " goes on from " +
                           (latest->is_savepoint ? "savepoint " : "checkpoint ") +
                           std::to_string(latest->id) + " in " + latest->directory);
  }
  out_.to_job_manager(reply);
}

// A round of attempts

void CoordinatedJob::on_round_started(const StartCheckpointRound& mail, Now now) {
  round_ = mail.number;
  early_.clear();
  CheckpointPlan plan = mail.plan;
  plan.tasks_wait = tasks_wait_;
  of_round([plan](auto& logic, Now at) { logic.on_round_started(plan, at); }, now);
}

void CoordinatedJob::on_task_running(const TaskIsRunning& mail, Now now) {
  of_round([task = mail.attempt](auto& logic, Now at) { logic.on_task_running(task, at); }, now);
}

void CoordinatedJob::on_task_finished(const TaskHasFinished& mail, Now now) {
  of_round([mail](auto& logic, Now at) { logic.on_task_finished(mail.attempt, mail.snapshot, at); }, now);
}

void CoordinatedJob::on_round_ended(const EndCheckpointRound& mail, Now now) {
  of_round([reason = mail.reason](auto& logic, Now) { logic.on_round_ended(reason); }, now);
}

void CoordinatedJob::of_round(RoundEvent event, Now now) {
  if (logic_) take([&](auto& logic) { event(logic, now); });
  else early_.push_back(std::move(event));
}

void CoordinatedJob::on_acknowledge(const AcknowledgeCheckpoint& mail, Now now) {
  take([&](auto& logic) { logic.on_acknowledge(mail.attempt, mail.checkpoint, mail.snapshot, now); });
}

void CoordinatedJob::on_decline(const DeclineCheckpoint& mail, Now now) {
  take([&](auto& logic) { logic.on_decline(mail.attempt, mail.checkpoint, mail.reason, now); });
}

void CoordinatedJob::trigger(ExecutionAttemptId task, const CheckpointOrder& order) {
  out_.to_task(TriggerCheckpoint{.attempt = task,
                                 .checkpoint = order.checkpoint,
                                 .triggered_at = order.triggered_at,
                                 .storage_root = order.root,
                                 .is_savepoint = order.is_savepoint,
                                 .ends_sources = order.ends_sources});
}

// Savepoints

void CoordinatedJob::on_savepoint(SavepointRequestId id, const TriggerSavepoint& mail, Now) {
  auto request = request_of(id, mail);
  if (!request) return out_.answer(id, {.outcome = Outcome::refused(request.error()), .path = {}});
  asked_[id] = mail.then;
  take([&](auto& logic) { logic.trigger_savepoint(*std::move(request)); });
}

Result<SavepointRequest> CoordinatedJob::request_of(SavepointRequestId id,
                                                    const TriggerSavepoint& mail) const {
  if (!logic_ || end_)
    return refused("no savepoint of job " + job().hex() + " can be taken: it does not run");
  const std::string& parent = mail.directory.empty() ? options_.savepoint_directory : mail.directory;
  if (parent.empty())
    return refused("no place for the savepoint: name a directory, or set state.savepoints.dir");
  if (!parent.starts_with('/')) return refused("'" + parent + "' is no absolute path");
  return SavepointRequest{.id = id,
                          .directory = parent + "/savepoint-" + job().hex().substr(0, 6) + "-" +
                                       JobId::random().hex().substr(0, 12),
                          .ends_job = mail.then != AfterSavepoint::GoOn,
                          .ends_sources = mail.then == AfterSavepoint::Stop};
}

void CoordinatedJob::answer(SavepointRequestId request, const Result<std::string>& path) {
  const auto asked = asked_.extract(request);
  if (asked.empty()) return;
  if (path && asked.mapped() == AfterSavepoint::Cancel) out_.to_job_manager(CancelJob{job()});
  out_.answer(request, path ? SavepointReply{.outcome = Outcome::ok(), .path = *path}
                            : SavepointReply{.outcome = Outcome::refused(path.error()), .path = {}});
}

// From the keeper

void CoordinatedJob::on_id(const CheckpointIdReply& mail, Now now) {
  const Result<CheckpointId> id = mail.outcome.accepted ? Result(mail.id) : mail.outcome.refusal;
  take([&](auto& logic) { logic.on_id(id, now); });
}

void CoordinatedJob::on_written(const CheckpointWritten& mail, Now now) {
  take([&](auto& logic) { logic.on_written(mail.id, mail.outcome.status(), now); });
}

// The end, and time

void CoordinatedJob::on_close(JobEnd end, Now) {
  end_ = end;
  if (!logic_) return recover();  // what it could have gone on from is to be deleted, or kept
  take([end](auto& logic) { logic.on_job_over(end); });
}

void CoordinatedJob::quit_if_done() {
  if (!end_ || logic_->pending() > 0) return;
  out_.to_keeper(CloseKeeper{.is_over = *end_ != JobEnd::Suspended,
                             .keeps_checkpoints = logic_->keeps_checkpoints()});
  out_.quit();
}

void CoordinatedJob::arm() {
  const auto due = logic_->next_deadline();
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  out_.wake_at(*due);
}

void CoordinatedJob::on_tick(Now now) {
  if (!armed_ || now.time < *armed_) return;  // another one comes
  armed_.reset();
  take([&](auto& logic) { logic.on_time(now); });
}

}  // namespace weir
