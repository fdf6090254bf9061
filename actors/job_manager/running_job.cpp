// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/running_job.h"

#include <algorithm>
#include <variant>

#include "actors/job_manager/checkpoint_plan_of.h"
#include "base/log.h"
#include "base/result.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "JobManager";
constexpr Duration kStatePause = 2s;  // until unreadable state is asked for again

std::string task_name(const ExecutionGraph& graph, const ExecutionVertexId& id) {
  const auto& vertices = graph.vertices();
  const auto it = std::find_if(vertices.begin(), vertices.end(), [&](const ExecutionJobVertex& vertex) {
    return vertex.definition().id == id.vertex;
  });
  WEIR_CHECK(it != vertices.end(), "an effect names a vertex of its graph");
  return it->display_name(id.subtask);
}

/// How its checkpoints see that end.
JobEnd end_of(JobStatus status) {
  switch (status) {
    case JobStatus::Finished: return JobEnd::Finished;
    case JobStatus::Canceled: return JobEnd::Cancelled;
    case JobStatus::Failed: return JobEnd::Failed;
    default: return JobEnd::Suspended;
  }
}

std::string label_of(const JobGraph& job) { return "Job " + job.name + " (" + job.id.hex() + ")"; }

}  // namespace

void RunningJob::add_client(ClientId client, ListeningBehaviour listening) {
  remove_client(client);
  if (listening != ListeningBehaviour::Detached) clients_.push_back({.id = client, .listening = listening});
}

void RunningJob::remove_client(ClientId client) {
  std::erase_if(clients_, [&](const Client& known) { return known.id == client; });
}

void RunningJob::schedule(WallTime) {
  if (graph_.status() == JobStatus::Created) request_restore();
}

void RunningJob::request_restore() {
  awaits_state_ = true;
  out_.request_restore(graph_.job_graph(), ++restore_number_, checkpointed_vertices_of(graph_));
}

void RunningJob::on_restored(const RestoredState& mail, WallTime now) {
  if (!awaits_state_ || mail.number != restore_number_) return;
  if (!mail.outcome.accepted && mail.outcome.refusal.retry != Retry::Never)
    return wait_for_state(mail.outcome.refusal, now);
  awaits_state_ = false;
  unreadable_.clear();
  const auto restart = std::exchange(restart_due_, std::nullopt);
  if (restart && !graph_.awaits_restart(*restart)) return;
  if (!mail.outcome.accepted) {
    graph_.fail_global(mail.outcome.refusal, now);
    return carry_out_effects(now);
  }
  if (!mail.tasks.empty())
    graph_.start_from({.tasks = restores_of(mail), .max_parallelism = mail.max_parallelism});
  is_state_known_ = true;
  if (restart) graph_.on_restart_due(*restart, now);
  else if (!awaits_adoption()) graph_.schedule(now);
  carry_out_effects(now);
}

std::vector<std::vector<TaskRestore>> RunningJob::restores_of(const RestoredState& mail) const {
  auto restores = mail.tasks;
  // Who is deployed when there is something to read cannot be waited for by those who write it.
  const bool all_run_at_once = graph_.job_graph().schedule_mode == ScheduleMode::Eager;
  for (auto& tasks : restores)
    for (TaskRestore& task : tasks) task.waits = task.waits && all_run_at_once;
  return restores;
}

void RunningJob::adopt(const std::vector<HeldAttempt>& tasks, WallTime now) {
  std::vector<std::vector<ExecutionGraph::RunningAttempt>> running;
  auto next = tasks.begin();
  for (const ExecutionJobVertex& vertex : graph_.vertices()) {
    running.emplace_back();
    for (std::size_t i = 0; i < vertex.subtasks().size(); ++i, ++next)
      running.back().push_back({.attempt = next->task.attempt, .slot = next->slot});
  }
  awaits_adoption_ = false;
  is_adopted_ = true;
  graph_.adopt(tasks.front().task.attempt_number, running, now);
  carry_out_effects(now);
}

void RunningJob::start_anew(WallTime now) {
  awaits_adoption_ = false;
  if (is_state_known_) graph_.schedule(now);  // else it starts when that is
  carry_out_effects(now);
}

void RunningJob::on_round_kept(RoundId attempts, const Outcome& kept, WallTime now) {
  if (!unkept_request_ || attempts != round_id_) return;
  const auto request = std::exchange(unkept_request_, std::nullopt);
  if (kept.accepted) find_slots(*request, now);
  else if (kept.refusal.code != ErrorCode::NotLeader) graph_.fail_global(kept.refusal, now);
  carry_out_effects(now);
}

/// A disk that is away for a while is no failure of the job: it would be over, and its state with it.
void RunningJob::wait_for_state(const Error& cause, WallTime now) {
  const bool is_news = std::exchange(unreadable_, "waiting for its state: " + cause.what) != unreadable_;
  out_.ask_for_state_after(kStatePause, graph_.job_graph().id, restore_number_);
  if (!is_news) return;
  log::warn(kLogger, label_of(graph_.job_graph()) + " is " + unreadable_);
  tell({.job = graph_.job_graph().id, .status = graph_.status(), .cause = unreadable_, .at = now});
}

void RunningJob::on_ask_for_state(std::uint64_t number) {
  if (awaits_state_ && number == restore_number_) request_restore();
}

std::string RunningJob::waiting_for() const {
  return awaits_state_ ? unreadable_ : slots_.waiting_for(graph_.job_graph().id);
}

void RunningJob::on_checkpoints_failed(const FailJob& mail, WallTime now) {
  if (!is_round_told_ || mail.round != round_) return;
  graph_.fail_global(mail.cause, now);
  carry_out_effects(now);
}

void RunningJob::cancel(WallTime now) {
  graph_.cancel(now);
  carry_out_effects(now);
}

Status RunningJob::stop(WallTime now) {
  const Status stopped = graph_.stop();
  carry_out_effects(now);
  return stopped;
}

void RunningJob::suspend(const Error& cause, bool leaves_tasks, WallTime now) {
  leaves_tasks_ = leaves_tasks;
  graph_.suspend(cause, now);
  carry_out_effects(now);
}

bool RunningJob::on_task_state(const TaskExecutionState& report, WallTime now) {
  const bool known = graph_.on_task_state(report, now);
  if (known && report.state == ExecutionState::Running)
    out_.checkpointed_task_runs(report.job, report.attempt);
  if (known && report.state == ExecutionState::Finished)
    out_.checkpointed_task_finished(report.job, report.attempt, report.snapshot);
  carry_out_effects(now);
  return known;
}

void RunningJob::on_task_refused(ExecutionAttemptId attempt, const Error& cause, WallTime now) {
  graph_.on_deploy_failed(attempt, cause, now);
  carry_out_effects(now);
}

void RunningJob::on_task_manager_lost(TaskManagerId task_manager, const std::string& cause, WallTime now) {
  graph_.on_task_manager_lost(task_manager, cause, now);
  carry_out_effects(now);
}

void RunningJob::on_restart_due(std::uint64_t version, WallTime) {
  if (!graph_.awaits_restart(version)) return;
  restart_due_ = version;
  request_restore();
}

void RunningJob::on_partition_consumable(const ResultPartitionId& partition, WallTime now) {
  graph_.on_partition_consumable(partition, now);
  carry_out_effects(now);
}

void RunningJob::on_slots_granted(SlotQueue::Grant grant, WallTime now) {
  graph_.on_slots_assigned(grant.version, std::move(grant.slots), now);
  carry_out_effects(now);
}

void RunningJob::on_slots_overdue(std::uint64_t version, WallTime now) {
  auto missing = slots_.give_up(graph_.job_graph().id, version);
  if (!missing) return;
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(slot_timeout_).count();
  missing->what = "waited " + std::to_string(waited) + " ms for slots: " + missing->what;
  refuse_slots(version, *std::move(missing), now);
  carry_out_effects(now);
}

void RunningJob::carry_out_effects(WallTime now) {
  for (auto effects = graph_.take_effects(); !effects.empty(); effects = graph_.take_effects()) {
    for (const Effect& effect : effects) std::visit([this](const auto& kind) { carry_out(kind); }, effect);
    // Only now: an answer is the next event, and the effects of the last one come before it.
    if (const auto request = std::exchange(open_request_, std::nullopt)) answer(*request, now);
  }
  start_checkpoints_if_deployed();
  if (is_globally_terminal(graph_.status()) && !std::exchange(result_is_told_, true)) tell_result();
}

void RunningJob::start_checkpoints_if_deployed() {
  if (is_round_told_ || graph_.status() != JobStatus::Running || !graph_.is_deployed()) return;
  is_round_told_ = true;
  CheckpointPlan plan = checkpoint_plan_of(graph_);
  plan.is_adopted = std::exchange(is_adopted_, false);
  out_.checkpoint_round_started(graph_.job_graph().id, ++round_, plan, task_managers_of(graph_));
}

void RunningJob::end_checkpoints(const effects::JobStatusChanged& change) {
  const JobId job = graph_.job_graph().id;
  if (change.from == JobStatus::Running && std::exchange(is_round_told_, false))
    out_.checkpoint_round_ended(job, "it is " + std::string(name_of(change.to)));
  if (is_terminal(change.to)) out_.checkpoints_over(job, end_of(change.to));
}

void RunningJob::answer(const effects::RequestSlots& request, WallTime now) {
  if (is_being_kept(request)) unkept_request_ = request;
  else find_slots(request, now);
}

bool RunningJob::is_being_kept(const effects::RequestSlots& request) {
  const JobGraph& job = graph_.job_graph();
  if (!can_be_adopted(job) || !request.holders.empty()) return false;
  round_id_ = round_id_of(job, graph_.attempts());
  const Execution& first = graph_.vertices().front().subtasks().front().current();
  return out_.keep_round({.job = job.id,
                          .deployed_by = {},
                          .attempt_number = first.attempt_number(),
                          .attempts = round_id_});
}

void RunningJob::find_slots(const effects::RequestSlots& request, WallTime now) {
  auto slots = slots_.take(request.requests, request.holders);
  if (slots) return graph_.on_slots_assigned(request.version, *std::move(slots), now);
  if (request.may_wait) return wait_for_slots(request, now);
  refuse_slots(request.version, slots.error(), now);
}

void RunningJob::wait_for_slots(const effects::RequestSlots& request, WallTime now) {
  const JobId job = graph_.job_graph().id;
  slots_.wait(job, request);
  out_.slots_due_after(slot_timeout_, job, request.version);
  log::info(kLogger, label_of(graph_.job_graph()) + " is " + slots_.waiting_for(job));
  tell({.job = job, .status = graph_.status(), .cause = slots_.waiting_for(job), .at = now});
}

void RunningJob::refuse_slots(std::uint64_t version, Error cause, WallTime now) {
  cause.retry = Retry::Never;
  graph_.on_slots_refused(version, std::move(cause), now);
}

void RunningJob::tell_result() {
  const JobDetails details = describe(graph_);
  out_.archive(details);
  for (const Client& client : clients_) out_.tell(client.id, result_of(details));
}

void RunningJob::carry_out(const effects::DeployTask& effect) {
  log::info(kLogger, "Deploying " + effect.task.display_name() + " (attempt #" +
                         std::to_string(effect.task.attempt_number) + ") to TaskManager " +
                         effect.slot.task_manager.hex() + " slot " + std::to_string(effect.slot.slot));
  out_.submit_task(effect.slot.task_manager, effect.task);
}

void RunningJob::carry_out(const effects::UpdatePartitionInfo& effect) {
  out_.update_partition(effect.slot.task_manager, effect.attempt, effect.channel);
}

void RunningJob::carry_out(const effects::CancelTask& effect) {
  if (leaves_tasks_) return;
  out_.cancel_task(effect.slot.task_manager, effect.attempt);
}

void RunningJob::carry_out(const effects::StopTask& effect) {
  out_.stop_task(effect.slot.task_manager, effect.attempt);
}

void RunningJob::carry_out(const effects::ReleasePartitions& effect) {
  if (leaves_tasks_) return;
  out_.release_partitions(effect.slot.task_manager, effect.attempt);
}

void RunningJob::carry_out(const effects::ScheduleRestart& effect) {
  out_.restart_after(effect.delay, graph_.job_graph().id, effect.version);
}

void RunningJob::carry_out(const effects::JobStatusChanged& effect) {
  log::info(kLogger, label_of(graph_.job_graph()) + " switched from state " +
                         std::string(name_of(effect.from)) + " to " + std::string(name_of(effect.to)) +
                         (effect.cause.empty() ? "" : ": " + effect.cause));
  if (effect.to != JobStatus::Running) {
    slots_.leave(graph_.job_graph().id);
    unkept_request_.reset();
  }
  end_checkpoints(effect);
  tell({.job = graph_.job_graph().id, .status = effect.to, .cause = effect.cause, .at = effect.at});
}

void RunningJob::tell(const JobStatusChanged& mail) {
  for (const Client& client : clients_)
    if (client.listening == ListeningBehaviour::ResultAndStateChanges) out_.tell(client.id, mail);
}

void RunningJob::carry_out(const effects::TaskStateChanged& effect) {
  const std::string task = task_name(graph_, effect.vertex);
  log::info(kLogger, task + " (" + effect.attempt.hex() + ") switched from " +
                         std::string(name_of(effect.from)) + " to " + std::string(name_of(effect.to)) +
                         (effect.cause.empty() ? "" : ": " + effect.cause));
  const ExecutionStateChanged mail{.job = graph_.job_graph().id,
                                   .vertex = effect.vertex.vertex,
                                   .attempt = effect.attempt,
                                   .task = task,
                                   .state = effect.to,
                                   .cause = effect.cause,
                                   .at = effect.at};
  for (const Client& client : clients_)
    if (client.listening == ListeningBehaviour::ResultAndStateChanges) out_.tell(client.id, mail);
}

}  // namespace weir
