// SPDX-License-Identifier: Apache-2.0
// When a checkpoint begins, and how it ends. What is kept and what is deleted is in retention.cpp.
#include "checkpoint/coordinator/checkpoint_coordinator.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "checkpoint/snapshot/file_storage.h"

namespace weir {
namespace {

Error failed(std::string what) {
  return {ErrorCode::CheckpointFailed, std::move(what), Blame::Environment, Retry::Later};
}

/// Between a checkpoint that failed, and for which sinks wait before they end, and the next.
constexpr Duration kPauseAtEnd = 1s;

std::string name_of(const PendingCheckpoint& pending) {
  return (pending.is_savepoint() ? "savepoint " : "checkpoint ") + std::to_string(pending.id());
}

std::string text_of(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) + " ms";
}

}  // namespace

CheckpointCoordinator::CheckpointCoordinator(Options options, std::vector<CompletedCheckpoint> recovered,
                                             CheckpointOutbox& out)
    : options_(std::move(options)), out_(out), retained_(recovered.begin(), recovered.end()) {
  WEIR_CHECK(options_.retained > 0, "a job keeps its latest checkpoint at least");
}

void CheckpointCoordinator::on_round_started(CheckpointPlan plan, Now now) {
  WEIR_CHECK(!round_, "a round ends before the next one starts");
  round_.emplace(std::move(plan));
  ++round_number_;
  resume_periodic(now.time);
  if (round_->plan().is_adopted) take_over(now);
}

void CheckpointCoordinator::take_over(Now now) {
  for (const ExecutionAttemptId task : round_->live_tasks()) {
    round_->on_running(task);
    if (!retained_.empty()) out_.notify_complete(task, retained_.back().id);
  }
  have_tasks_begin();
  // Tasks may stand still that wait for barriers which never come: those of a later one set them free.
  if (options_.settings.is_periodic()) return trigger_periodic(now);
  wanted_ids_.push_back({.round = round_number_, .savepoint = std::nullopt, .only_voids = true});
  out_.request_id({});
}

void CheckpointCoordinator::void_older(CheckpointId id) {
  for (const ExecutionAttemptId task : round_->live_tasks()) out_.notify_aborted(task, id);
}

void CheckpointCoordinator::resume_periodic(TimePoint now) {
  is_queued_ = false;
  next_trigger_.reset();
  if (round_ && options_.settings.is_periodic() && !is_ending_)
    next_trigger_ = now + options_.settings.interval;
}

void CheckpointCoordinator::on_task_running(ExecutionAttemptId task, Now now) {
  if (!round_ || !round_->on_running(task)) return;
  have_tasks_begin();
  run_queued(now);
}

void CheckpointCoordinator::have_tasks_begin() {
  if (!round_->plan().tasks_wait || !round_->is_ready()) return;
  for (const ExecutionAttemptId task : round_->live_tasks()) out_.begin(task);
}

void CheckpointCoordinator::on_task_finished(ExecutionAttemptId task, const TaskSnapshot& snapshot, Now now) {
  if (!round_) return;
  const auto cut_off = round_->on_finished(task, snapshot);
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto pending = next++;
    if (pending->second.acknowledge(task, snapshot) != PendingCheckpoint::Answer::Taken) continue;
    for (const ExecutionAttemptId consumer : cut_off)
      if (pending->second.awaits(consumer)) out_.trigger(consumer, pending->second.order());
    complete_if_all_answered(pending, now);
  }
  // Sinks wait for one more checkpoint before they end: do not let them wait for an interval.
  const bool may_trigger = next_trigger_ || is_queued_;
  if (may_trigger && !cut_off.empty() && round_->sources_have_ended()) trigger_periodic(now);
  else run_queued(now);
}

void CheckpointCoordinator::on_round_ended(const std::string& reason) {
  if (!round_) return;
  round_.reset();
  next_trigger_.reset();
  is_queued_ = false;
  abort_all(failed("the job left the running state: " + reason), true);
  for (WantedId& wanted : wanted_ids_) {
    if (!wanted.savepoint) continue;
    out_.answer(wanted.savepoint->id, failed("the job left the running state: " + reason));
    wanted.savepoint.reset();  // its id will come, and nobody wants it
  }
  if (std::none_of(pending_.begin(), pending_.end(),
                   [](const auto& p) { return p.second.request() && p.second.request()->ends_job; }))
    is_ending_ = false;
}

void CheckpointCoordinator::request_restore() {
  is_restore_wanted_ = true;
  restore_if_settled();
}

void CheckpointCoordinator::restore_if_settled() {
  if (!is_restore_wanted_ || !pending_.empty()) return;  // outside of a round all pending are being written
  is_restore_wanted_ = false;
  if (doubt_) return out_.refuse_restore(*doubt_);
  if (round_number_ > 0) out_.sweep();
  out_.restore(retained_.empty() ? nullptr : &retained_.back());
}

std::string CheckpointCoordinator::obstacle() const {
  if (!round_) return "the job does not run";
  if (!round_->is_ready()) return "not all of its tasks run";
  return {};
}

void CheckpointCoordinator::trigger_periodic(Now now) {
  const CheckpointSettings& settings = options_.settings;
  next_trigger_ = now.time + settings.interval;
  if (pending_.size() + wanted_ids_.size() >= settings.max_concurrent || !obstacle().empty()) {
    is_queued_ = true;
    next_trigger_.reset();
    return;
  }
  if (last_completed_ && now.time < *last_completed_ + settings.min_pause) {
    next_trigger_ = *last_completed_ + settings.min_pause;
    return;
  }
  wanted_ids_.push_back({.round = round_number_, .savepoint = std::nullopt, .only_voids = false});
  out_.request_id({});
}

void CheckpointCoordinator::run_queued(Now now) {
  if (!is_queued_ || !round_ || is_ending_) return;
  is_queued_ = false;
  trigger_periodic(now);
}

void CheckpointCoordinator::trigger_savepoint(SavepointRequest request) {
  std::string why_not = obstacle();
  if (why_not.empty() && is_ending_) why_not = "another savepoint is about to end the job";
  if (!why_not.empty()) {
    const std::string what = "no savepoint of job " + options_.job.hex() + " can be taken: " + why_not;
    return out_.answer(request.id, Error{ErrorCode::CheckpointFailed, what, Blame::User, Retry::Later});
  }
  if (request.ends_job) {
    is_ending_ = true;
    is_queued_ = false;
    next_trigger_.reset();
    abort_all(failed("a savepoint is about to end the job"), false);
  }
  const std::string directory = request.directory;
  wanted_ids_.push_back({.round = round_number_, .savepoint = std::move(request), .only_voids = false});
  out_.request_id(directory);
}

void CheckpointCoordinator::on_id(const Result<CheckpointId>& id, Now now) {
  WEIR_CHECK(!wanted_ids_.empty(), "an id comes when it was asked for");
  const WantedId wanted = std::move(wanted_ids_.front());
  wanted_ids_.pop_front();
  // Of an earlier round: its savepoint was answered when that ended. But one of this round may wait for room.
  if (!round_ || wanted.round != round_number_) return run_queued(now);
  if (wanted.only_voids) {
    if (id) void_older(*id);
    return run_queued(now);
  }
  if (!wanted.savepoint && is_ending_) return;
  const std::string why_not = obstacle();
  if (id && why_not.empty()) return begin(*id, wanted.savepoint, now);
  const Error cause = id ? failed("no checkpoint can be taken: " + why_not) : id.error();
  if (!wanted.savepoint) {
    count_failure(cause);
    run_queued(now);
    return hasten_last(now);
  }
  out_.answer(wanted.savepoint->id, cause);
  undo_ending(*wanted.savepoint, cause);
  resume_periodic(now.time);
}

void CheckpointCoordinator::begin(CheckpointId id, std::optional<SavepointRequest> request, Now now) {
  CompletedCheckpoint frame;
  frame.job = options_.job;
  frame.id = id;
  frame.triggered_at = now.wall;
  frame.is_savepoint = request.has_value();
  frame.root = request ? request->directory : options_.root;
  frame.directory = request || frame.root.empty() ? frame.root : frame.root + "/" + directory_of(id);
  const auto pending = pending_
                           .try_emplace(id, std::move(frame), round_->plan(),
                                        now.time + options_.settings.timeout, std::move(request))
                           .first;
  for (const auto& [task, snapshot] : round_->finished()) pending->second.acknowledge(task, snapshot);
  const CheckpointOrder order = pending->second.order();
  for (const ExecutionAttemptId task : round_->trigger_tasks()) out_.trigger(task, order);
}

void CheckpointCoordinator::on_acknowledge(ExecutionAttemptId task, CheckpointId checkpoint,
                                           const TaskSnapshot& snapshot, Now now) {
  const auto pending = pending_.find(checkpoint);
  const auto answer = pending == pending_.end() ? PendingCheckpoint::Answer::Unknown
                                                : pending->second.acknowledge(task, snapshot);
  if (answer == PendingCheckpoint::Answer::Taken) return complete_if_all_answered(pending, now);
  ++late_answers_;
  if (answer == PendingCheckpoint::Answer::Unknown) discard_late(checkpoint, snapshot);
}

void CheckpointCoordinator::complete_if_all_answered(Pending pending, Now now) {
  if (!pending->second.is_complete() || pending->second.is_being_written()) return;
  if (is_overtaken(pending)) return;
  pending->second.complete(now.wall);
  out_.write(pending->second.content(), pending->second.may_be_restored());
}

bool CheckpointCoordinator::is_overtaken(Pending pending) const {
  using Later = std::map<CheckpointId, PendingCheckpoint>::const_iterator;
  return !pending->second.is_savepoint() &&
         std::any_of(Later(std::next(pending)), pending_.end(), [](const auto& later) {
           return later.second.is_being_written() && later.second.may_be_restored();
         });
}

void CheckpointCoordinator::on_decline(ExecutionAttemptId task, CheckpointId checkpoint,
                                       const std::string& reason, Now now) {
  const auto pending = pending_.find(checkpoint);
  if (pending == pending_.end() || !pending->second.awaits(task)) {
    ++late_answers_;
    return;
  }
  fail(pending,
       failed(name_of(pending->second) + " of job " + options_.job.hex() + " was declined: " + reason), now);
}

void CheckpointCoordinator::on_written(CheckpointId checkpoint, const Status& written, Now now) {
  const auto pending = pending_.find(checkpoint);
  WEIR_CHECK(pending != pending_.end() && pending->second.is_being_written(), "nobody wrote this checkpoint");
  if (written) {
    PendingCheckpoint completed = std::move(pending->second);
    pending_.erase(pending);
    on_completed(std::move(completed), now);
  } else {
    Error cause = failed(name_of(pending->second) + " of job " + options_.job.hex() +
                         " could not be written: " + written.error().what);
    if (written.error().code == ErrorCode::NotLeader) {
      cause.code = ErrorCode::NotLeader;
      if (pending->second.may_be_restored()) doubt_ = cause;
    }
    fail(pending, cause, now);
    for (auto next = pending_.begin(); next != pending_.end(); ++next) complete_if_all_answered(next, now);
  }
  run_queued(now);
  restore_if_settled();
}

void CheckpointCoordinator::on_completed(PendingCheckpoint checkpoint, Now now) {
  const CompletedCheckpoint& content = checkpoint.content();
  if (checkpoint.may_be_restored()) {
    last_completed_ = now.time;
    failures_in_a_row_ = 0;
    subsume_before(content.id);
    retain(content);
    if (round_)
      for (const ExecutionAttemptId task : round_->live_tasks()) out_.notify_complete(task, content.id);
  }
  if (checkpoint.request()) out_.answer(checkpoint.request()->id, content.directory);
  if (checkpoint.request() && checkpoint.request()->ends_sources) run_out(now);
}

/// What operators say when their input ends comes behind the savepoint: sinks wait for a checkpoint with it.
void CheckpointCoordinator::run_out(Now now) {
  is_ending_ = false;
  resume_periodic(now.time);
  if (next_trigger_ && round_->sources_have_ended()) trigger_periodic(now);
}

void CheckpointCoordinator::subsume_before(CheckpointId id) {
  for (auto next = pending_.begin(); next != pending_.end() && next->first < id;) {
    const auto pending = next++;
    if (pending->second.is_savepoint() || pending->second.is_being_written()) continue;
    abort(pending, failed("a later checkpoint was completed"));
  }
}

void CheckpointCoordinator::fail(Pending pending, Error cause, Now now) {
  const bool is_savepoint = pending->second.is_savepoint();
  abort(pending, cause);
  if (!is_savepoint) count_failure(cause);
  if (is_savepoint && !is_ending_ && !next_trigger_ && !is_queued_) resume_periodic(now.time);
  run_queued(now);
  hasten_last(now);
}

void CheckpointCoordinator::hasten_last(Now now) {
  if (!next_trigger_ || !round_ || !round_->sources_have_ended()) return;
  const Duration pause = std::max(kPauseAtEnd, options_.settings.min_pause);
  next_trigger_ = std::min(*next_trigger_, now.time + pause);
}

void CheckpointCoordinator::count_failure(const Error& cause) {
  const std::uint32_t tolerated = options_.settings.tolerable_failures;
  if (++failures_in_a_row_ <= tolerated || tolerated == CheckpointSettings::kAnyNumber || !round_) return;
  failures_in_a_row_ = 0;
  out_.fail_job(failed("more than " + std::to_string(tolerated) + " checkpoints failed in a row, lastly: " +
                       cause.what));
}

void CheckpointCoordinator::abort(Pending position, const Error& cause) {
  const PendingCheckpoint pending = std::move(position->second);
  pending_.erase(position);
  // Who leads no longer cannot know whether it was written in the end: the next one may start from it.
  if (cause.code != ErrorCode::NotLeader) discard(pending.content());
  if (round_)
    for (const ExecutionAttemptId task : round_->live_tasks()) out_.notify_aborted(task, pending.id());
  if (!pending.request()) return;
  out_.answer(pending.request()->id, cause);
  undo_ending(*pending.request(), cause);
}

void CheckpointCoordinator::undo_ending(const SavepointRequest& request, const Error& cause) {
  if (!request.ends_job) return;
  is_ending_ = false;
  // Its sources have ended, or are about to; what they have not read would be lost.
  if (request.ends_sources && round_) out_.fail_job(cause);
}

void CheckpointCoordinator::abort_all(const Error& cause, bool savepoints_too) {
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto pending = next++;
    if (pending->second.is_being_written()) continue;
    if (savepoints_too || !pending->second.is_savepoint()) abort(pending, cause);
  }
}

void CheckpointCoordinator::on_time(Now now) {
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto pending = next++;
    if (pending->second.is_being_written() || now.time < pending->second.deadline()) continue;
    fail(pending, failed(name_of(pending->second) + " of job " + options_.job.hex() + " took longer than " +
                         text_of(options_.settings.timeout) + "; no answer came from " +
                         pending->second.missing()),
         now);
  }
  if (next_trigger_ && now.time >= *next_trigger_) trigger_periodic(now);
}

std::optional<TimePoint> CheckpointCoordinator::next_deadline() const {
  std::optional<TimePoint> next = next_trigger_;
  for (const auto& [id, pending] : pending_) {
    if (!pending.is_being_written() && (!next || pending.deadline() < *next)) next = pending.deadline();
  }
  return next;
}

}  // namespace weir
