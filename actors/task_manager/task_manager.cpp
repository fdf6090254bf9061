// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/task_manager.h"

#include <algorithm>

#include "base/log.h"

namespace weir {

namespace {
constexpr std::string_view kLogger = "TaskManager";

std::string seconds_of(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(length).count()) + " s";
}

}  // namespace

void TaskManager::on_new_leader(TimePoint now) {
  if (has_leader_) on_leader_lost("another JobManager leads now", now);
  has_leader_ = true;
  start_registration(now);
}

void TaskManager::start(TimePoint now) { wait_for_leader(now); }

void TaskManager::wait_for_leader(TimePoint now) {
  registration_.search(now);
  if (const auto due = registration_.due()) out_.wake_after(*due - now);
}

void TaskManager::on_leader_lost(const std::string& reason, TimePoint now) {
  if (!has_leader_) return;
  log::warn(kLogger, "Lost the JobManager: " + reason);
  has_leader_ = false;
  instance_ = {};
  if (options_.adoption_grace > Duration::zero() && !held_.empty()) {
    if (!grace_ends_) grace_ends_ = now + options_.adoption_grace;
    out_.wake_after(*grace_ends_ - now);
    log::info(kLogger, std::to_string(held_.size()) + " tasks go on for " + seconds_of(*grace_ends_ - now) +
                           " without a JobManager");
  } else {
    fail_tasks(reason);
  }
  wait_for_leader(now);
}

void TaskManager::on_registration_reply(const RegistrationReply& reply, TimePoint now) {
  if (!registration_.on_reply(reply, now)) {
    if (const auto due = registration_.due()) out_.wake_after(*due - now);
    return;
  }
  instance_ = reply.instance;
  last_heard_ = now;
  grace_ends_.reset();
  tasks_.join_cluster(reply.access);
  log::info(kLogger, "Registered at the JobManager as instance " + instance_.hex());
  beat(now);
  out_.registered(instance_, reply.access);
  for (const TaskExecutionState& state : std::exchange(unsaid_, {})) out_.report({.task = state});
  forget_ended();
  // What it said while we took it for lost was not heard: to cancel a task, perhaps, for whose end it waits.
  const bool was_not_missed = reply.kind == RegistrationReply::Kind::AlreadyRegistered;
  if (was_not_missed && !held_.empty()) fail_tasks("the JobManager may have said what was not heard");
}

void TaskManager::on_disconnect(const Disconnect& mail, TimePoint now) {
  if (mail.instance == instance_ && !instance_.is_none()) register_anew(mail.reason, now);
}

void TaskManager::on_heartbeat_reply(InstanceId instance, const HeartbeatReply& reply, TimePoint now) {
  if (instance != instance_ || instance_.is_none()) return;
  last_heard_ = now;
  if (!reply.known) register_anew("it is not registered any more", now);
}

void TaskManager::register_anew(const std::string& reason, TimePoint now) {
  log::warn(kLogger, "The JobManager ended the registration: " + reason);
  instance_ = {};
  fail_tasks("the JobManager ended the registration of its TaskManager: " + reason);
  start_registration(now);
}

void TaskManager::on_tick(TimePoint now) {
  if (grace_ends_ && now >= *grace_ends_)
    fail_tasks("no JobManager took it over within " + seconds_of(options_.adoption_grace));
  switch (registration_.poll(now)) {
    case Registration::Step::Ask:
      ask_to_join();
      out_.wake_after(*registration_.due() - now);
      return;
    case Registration::Step::GiveUp: out_.give_up("no JobManager took this TaskManager in"); return;
    case Registration::Step::Wait:
      if (!instance_.is_none() && now >= next_beat_) beat(now);
      return;
  }
}

void TaskManager::ask_to_join() {
  RegisterTaskManager mail = options_.self;
  for (const auto& [attempt, task] : held_) mail.tasks.push_back(task);
  out_.register_at_leader(mail);
}

Outcome TaskManager::on_submit(const SubmitTask& mail, LeaderSessionId leader) {
  const TaskDeploymentDescriptor& task = mail.task;
  // It was sent before we lost each other: the leader has given that attempt up, and its job may be over.
  if (instance_.is_none())
    return Outcome::refused({ErrorCode::Refused, "the TaskManager " + options_.self.data_address +
                                                     " is not registered at the moment",
                             Blame::Environment, Retry::Later});
  const Status submitted = tasks_.submit(task);
  if (submitted)
    held_.insert_or_assign(task.attempt, HeldTask{.job = task.job,
                                                  .vertex = task.vertex,
                                                  .subtask = task.subtask_index,
                                                  .attempt = task.attempt,
                                                  .attempt_number = task.attempt_number,
                                                  .deployed_by = leader,
                                                  .slot = task.slot,
                                                  .allocation = task.allocation});
  return Outcome::of(submitted);
}

void TaskManager::on_cancel(const CancelTask& mail) {
  if (HeldTask* task = held(mail.attempt)) task->state = ExecutionState::Canceling;
  tasks_.cancel(mail.attempt);
}

void TaskManager::on_stop(const StopTask& mail) {
  if (HeldTask* task = held(mail.attempt)) task->is_to_end = true;
  tasks_.stop(mail.attempt);
}

void TaskManager::on_trigger_checkpoint(const TriggerCheckpoint& mail) {
  HeldTask* task = mail.ends_sources ? held(mail.attempt) : nullptr;
  if (task != nullptr) task->is_to_end = true;
  tasks_.trigger_checkpoint(mail);
}

void TaskManager::on_report_refused(ExecutionAttemptId attempt, const std::string& cause) {
  if (HeldTask* task = held(attempt)) task->state = ExecutionState::Canceling;
  tasks_.fail(attempt, cause);
}

void TaskManager::on_task_state(const TaskExecutionState& state) {
  HeldTask* task = held(state.attempt);
  const bool is_awaited = task != nullptr && task->state != ExecutionState::Canceling;
  if (is_awaited || (task != nullptr && is_terminal(state.state))) task->state = state.state;
  if (!instance_.is_none()) {
    out_.report({.task = state});
    if (is_terminal(state.state)) held_.erase(state.attempt);
  } else if (!has_leader_ && !is_awaited && is_terminal(state.state)) {
    // One who takes over tasks need not wait for it; it is among what we bring along.
    if (options_.adoption_grace == Duration::zero()) held_.erase(state.attempt);
  } else {
    unsaid_.push_back(state);  // a leader that never missed us knows it by this alone
  }
}

void TaskManager::fail_tasks(const std::string& cause) {
  grace_ends_.reset();
  forget_ended();
  for (auto& [attempt, task] : held_) task.state = ExecutionState::Canceling;
  tasks_.fail_all(cause);
}

HeldTask* TaskManager::held(ExecutionAttemptId attempt) {
  const auto found = held_.find(attempt);
  return found == held_.end() || is_terminal(found->second.state) ? nullptr : &found->second;
}

void TaskManager::forget_ended() {
  std::erase_if(held_, [](const auto& task) { return is_terminal(task.second.state); });
}

void TaskManager::start_registration(TimePoint now) {
  registration_.start(now);
  on_tick(now);
}

void TaskManager::beat(TimePoint now) {
  if (now - last_heard_ > options_.heartbeat_timeout) {
    out_.leader_is_silent("the JobManager has not answered for " + seconds_of(now - last_heard_));
    return;
  }
  out_.heartbeat({.instance = instance_, .tasks = some_progress()});
  next_beat_ = now + options_.heartbeat_interval;
  out_.wake_after(options_.heartbeat_interval);
}

std::vector<TaskProgress> TaskManager::some_progress() {
  std::vector<TaskProgress> all = tasks_.progress();
  if (all.size() <= Heartbeat::kMostTasks) return all;
  std::ranges::sort(all, {}, &TaskProgress::attempt);
  const auto next = std::ranges::upper_bound(all, last_told_, {}, &TaskProgress::attempt);
  std::rotate(all.begin(), next, all.end());
  all.resize(Heartbeat::kMostTasks);
  last_told_ = all.back().attempt;
  return all;
}

}  // namespace weir
