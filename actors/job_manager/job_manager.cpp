// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_manager.h"

#include <utility>
#include <vector>

#include "base/log.h"

namespace weir {

Outcome JobManager::on_submit(const SubmitJob& mail, ClientId client, WallTime now) {
  Outcome accepted = accept(mail.graph, now);
  if (!accepted.accepted) return accepted;
  log::info("JobManager", "Received job " + mail.graph.name + " (" + mail.graph.id.hex() + ")");
  running(mail.graph.id)->add_client(client, mail.listening);
  return accepted;
}

void JobManager::on_kept(JobId job) {
  if (running(job) != nullptr) out_.start_soon(job);
}

Outcome JobManager::on_recovered(JobGraph graph, const DeployedRound& round, WallTime now) {
  graph.queued_scheduling = true;  // its TaskManagers are yet to come
  Outcome accepted = accept(graph, now);
  if (!accepted.accepted) return accepted;
  log::info("JobManager", "Recovered job " + graph.name + " (" + graph.id.hex() + ")");
  const bool may_run = options_.adoption_timeout > Duration::zero() && !round.deployed_by.is_none();
  if (may_run && can_be_adopted(graph)) {
    running(graph.id)->await_adoption();
    adoptions_.await(graph, round);
    out_.adoption_due_after(options_.adoption_timeout, graph.id);
  }
  out_.start_soon(graph.id);
  return accepted;
}

void JobManager::adopt(JobId job, std::vector<HeldAttempt> attempts, WallTime now) {
  running(job)->adopt(attempts, now);
}

void JobManager::start_anew(JobId id, const std::string&, WallTime now) {
  RunningJob* job = running(id);
  if (job != nullptr) job->start_anew(now);
}

void JobManager::on_round_kept(const DeployedRound& round, const Outcome& kept, WallTime now) {
  RunningJob* job = running(round.job);
  if (job == nullptr) return;
  job->on_round_kept(round.attempts, kept, now);
  settle(round.job, now);
}

Outcome JobManager::accept(const JobGraph& job, WallTime now) {
  const JobId id = job.id;
  if (const RunningJob* known = running(id))
    return Outcome::refused({ErrorCode::Refused, "job " + id.hex() + " was submitted before and is " +
                                                     std::string(name_of(known->graph().status()))});
  const RestartOptions& restart = chosen_restart(job.restart, options_.restart);
  auto checkpoints = chosen_checkpoints(job.checkpoints, options_.state);
  if (!checkpoints) return Outcome::refused(checkpoints.error());
  JobGraph resolved = job;
  resolved.checkpoints = *std::move(checkpoints);
  auto graph = ExecutionGraph::build(std::move(resolved),
                                     {.restart_strategy = make_restart_strategy(restart)}, now);
  if (!graph) return Outcome::refused(graph.error());
  if (auto kept = out_.keep_library(id, job.program.library); !kept) return Outcome::refused(kept.error());
  jobs_.try_emplace(id, *std::move(graph), slots_, options_.slot_request_timeout, out_);
  return Outcome::ok();
}

void JobManager::on_not_kept(JobId id) {
  if (jobs_.erase(id) > 0) out_.release_library(id);
}

Outcome JobManager::on_attach(const AttachToJob& mail, ClientId client) {
  RunningJob* job = running(mail.job);
  if (job == nullptr) return no_such_job(mail.job);
  job->add_client(client, mail.listening);
  return Outcome::ok();
}

Outcome JobManager::on_cancel(JobId id, WallTime now) {
  RunningJob* job = running(id);
  if (job == nullptr) return no_such_job(id);
  job->cancel(now);
  settle(id, now);
  return Outcome::ok();
}

Outcome JobManager::on_stop(JobId id, WallTime now) {
  RunningJob* job = running(id);
  return job == nullptr ? no_such_job(id) : Outcome::of(job->stop(now));
}

Outcome JobManager::on_savepoint(const TriggerSavepoint& mail) const {
  const ExecutionGraph* job = find(mail.job);
  if (job == nullptr) return no_such_job(mail.job);
  return mail.then == AfterSavepoint::Stop ? Outcome::of(job->may_stop()) : Outcome::ok();
}

void JobManager::on_restored(const RestoredState& mail, WallTime now) {
  RunningJob* job = running(mail.job);
  if (job == nullptr) return;
  job->on_restored(mail, now);
  if (job->awaits_adoption()) adoptions_.on_state_known(mail.job, now);
  else adoptions_.give_up(mail.job);  // it is failing
  settle(mail.job, now);
}

void JobManager::on_ask_for_state(JobId id, std::uint64_t number) {
  if (RunningJob* job = running(id)) job->on_ask_for_state(number);
}

void JobManager::on_checkpoints_failed(const FailJob& mail, WallTime now) {
  RunningJob* job = running(mail.job);
  if (job == nullptr) return;
  job->on_checkpoints_failed(mail, now);
  settle(mail.job, now);
}

void JobManager::on_client_gone(ClientId client) {
  for (auto& [id, job] : jobs_) job.remove_client(client);
}

void JobManager::on_start_due(JobId id, WallTime now) {
  RunningJob* job = running(id);
  if (job == nullptr) return;  // cancelled in between
  job->schedule(now);
  settle(id, now);
}

void JobManager::on_slots_overdue(JobId id, std::uint64_t version, WallTime now) {
  RunningJob* job = running(id);
  if (job == nullptr) return;
  job->on_slots_overdue(version, now);
  settle(id, now);
}

void JobManager::on_restart_due(JobId id, std::uint64_t version, WallTime now) {
  RunningJob* job = running(id);
  if (job == nullptr) return;
  job->on_restart_due(version, now);
  settle(id, now);
}

void JobManager::suspend_all(const std::string& reason, WallTime now) {
  for (auto& [id, job] : jobs_)
    job.suspend({ErrorCode::NotLeader, reason, Blame::Environment, Retry::Later},
                options_.adoption_timeout > Duration::zero(), now);
  jobs_.clear();
  adoptions_.forget_all();
  scheduler_ = {};
}

void JobManager::on_task_manager_joined(const RegisterTaskManager& task_manager, WallTime now) {
  scheduler_.add_task_manager(task_manager.id, task_manager.data_address, task_manager.slots);
  std::vector<HeldAttempt> held;
  for (const HeldTask& task : task_manager.tasks) {
    held.push_back({.task = task,
                    .slot = {.task_manager = task_manager.id,
                             .data_address = task_manager.data_address,
                             .slot = task.slot,
                             .allocation = task.allocation}});
    // Nothing is placed beside it before it has ended; what cannot be in that slot is ended.
    const bool is_placed = is_terminal(task.state) || scheduler_.hold(held.back().slot);
    if (!is_placed) held.back().task.state = ExecutionState::Canceling;
  }
  adoptions_.on_joined(std::move(held), now);
  serve_waiting(now);
}

void JobManager::on_task_manager_lost(TaskManagerId task_manager, const std::string& reason, WallTime now) {
  scheduler_.remove_task_manager(task_manager);
  adoptions_.on_task_manager_lost(task_manager, now);
  std::vector<JobId> ids;  // a job that ends here leaves the map
  for (const auto& [id, job] : jobs_) ids.push_back(id);
  for (const JobId id : ids) {
    running(id)->on_task_manager_lost(task_manager, reason, now);
    forget_if_over(id);
  }
  serve_waiting(now);
}

bool JobManager::on_task_state(const TaskExecutionState& report, WallTime now) {
  if (adoptions_.on_task_state(report, now)) {
    settle(report.job, now);
    return true;
  }
  RunningJob* job = running(report.job);
  const bool known = job != nullptr && job->on_task_state(report, now);
  if (!known) ++late_reports_;
  if (job != nullptr) settle(report.job, now);
  return known;
}

void JobManager::on_task_progress(const std::vector<TaskProgress>& tasks) {
  for (const TaskProgress& task : tasks) {
    if (RunningJob* job = running(task.job)) job->on_task_progress(task);
  }
}

NextInputSplit JobManager::on_next_input_split(const RequestNextInputSplit& mail) {
  RunningJob* job = running(mail.job);
  if (job == nullptr) return {.outcome = no_such_job(mail.job), .has_split = false, .split = {}};
  const auto split = job->next_input_split(mail.attempt);
  if (!split) return {.outcome = Outcome::refused(split.error()), .has_split = false, .split = {}};
  return {.outcome = Outcome::ok(), .has_split = split->has_value(), .split = split->value_or("")};
}

void JobManager::on_partition_consumable(const ScheduleOrUpdateConsumers& mail, WallTime now) {
  RunningJob* job = running(mail.job);
  if (job == nullptr) return;
  job->on_partition_consumable(mail.partition, now);
  settle(mail.job, now);
}

void JobManager::on_task_refused(JobId id, ExecutionAttemptId attempt, const Error& cause, WallTime now) {
  RunningJob* job = running(id);
  if (job == nullptr) return;
  job->on_task_refused(attempt, cause, now);
  settle(id, now);
}

const ExecutionGraph* JobManager::find(JobId id) const {
  const auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : &it->second.graph();
}

std::optional<JobDetails> JobManager::details(JobId id) const {
  const ExecutionGraph* job = find(id);
  if (job == nullptr) return std::nullopt;
  JobDetails details = describe(*job);
  details.waiting_for = jobs_.at(id).waiting_for();
  return details;
}

JobList JobManager::running_jobs() const {
  JobList list;
  for (const auto& [id, job] : jobs_) list.jobs.push_back(overview_of(describe(job.graph())));
  return list;
}

RunningJob* JobManager::running(JobId id) {
  const auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : &it->second;
}

void JobManager::settle(JobId id, WallTime now) {
  forget_if_over(id);
  serve_waiting(now);
}

void JobManager::serve_waiting(WallTime now) {
  while (auto grant = slots_.next()) {
    const JobId id = grant->job;
    running(id)->on_slots_granted(*std::move(grant), now);
    forget_if_over(id);
  }
}

void JobManager::forget_if_over(JobId id) {
  if (running(id) == nullptr || !running(id)->is_over()) return;
  adoptions_.give_up(id);
  jobs_.erase(id);
  out_.release_library(id);
}

}  // namespace weir
