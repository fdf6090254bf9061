// SPDX-License-Identifier: Apache-2.0
#include "actors/client/job_submission.h"

#include <utility>

namespace weir {

namespace {

/// That is no answer: the next leader gives one, and that this one is lost will be told.
bool leads_no_longer(const Outcome& reply) {
  return !reply.accepted && reply.refusal.code == ErrorCode::NotLeader;
}

}  // namespace

void JobSubmission::on_leader_found() {
  has_leader_ = true;
  if (phase_ == Phase::Over) return;
  if (was_sent_) out_.attach({.job = graph_.id, .listening = options_.listening});
  else submit();
}

void JobSubmission::submit() {
  was_sent_ = true;
  out_.submit({.graph = graph_, .listening = options_.listening});
}

void JobSubmission::on_leader_lost(const std::string& reason, TimePoint now) {
  if (!std::exchange(has_leader_, false)) return;
  why_no_leader_ = reason;
  give_up_at_ = now + options_.leader_timeout;
  out_.wake_after(options_.leader_timeout);
}

void JobSubmission::on_submit_reply(const Outcome& reply) {
  if (phase_ != Phase::Submitting || leads_no_longer(reply)) return;
  if (!reply.accepted) return finish(reply.refusal);
  accepted();
}

void JobSubmission::accepted() {
  phase_ = Phase::Listening;
  if (listener_ != nullptr) listener_->on_accepted(graph_.id);
  if (options_.listening == ListeningBehaviour::Detached) finish(JobResult{.job = graph_.id});
}

void JobSubmission::on_attach_reply(const Outcome& reply) {
  if (leads_no_longer(reply)) return;
  if (phase_ == Phase::Submitting) return reply.accepted ? accepted() : submit();
  if (phase_ == Phase::Listening && !reply.accepted) finish(reply.refusal);
}

void JobSubmission::on_no_answer(const Error& cause) {
  // If the leader is gone, another may be found; a leader that is there and silent will stay so.
  if (phase_ != Phase::Over && has_leader_) finish(cause);
}

void JobSubmission::on_tick(TimePoint now) {
  if (phase_ == Phase::Over || has_leader_ || now < give_up_at_) return;
  finish(Error{ErrorCode::Closed, "no JobManager was found after this: " + why_no_leader_, Blame::Environment,
               Retry::Later});
}

void JobSubmission::on_job_status(const JobStatusChanged& mail) {
  if (phase_ == Phase::Listening && listener_ != nullptr) listener_->on_job_status(mail);
}

void JobSubmission::on_task_state(const ExecutionStateChanged& mail) {
  if (phase_ == Phase::Listening && listener_ != nullptr) listener_->on_task_state(mail);
}

void JobSubmission::on_result(const JobResult& mail) {
  if (phase_ != Phase::Over) finish(mail);
}

void JobSubmission::finish(Result<JobResult> result) {
  phase_ = Phase::Over;
  out_.finish(std::move(result));
}

}  // namespace weir
