// SPDX-License-Identifier: Apache-2.0
// The lives of the tasks of one job: what their TaskManagers report and what becomes of them.
#include <string_view>
#include <utility>

#include "graph/execution_graph.h"

namespace weir {
namespace {

/// "host" of "host:port".
std::string_view host_of(std::string_view address) { return address.substr(0, address.rfind(':')); }

}  // namespace

bool ExecutionGraph::on_task_state(const TaskExecutionState& report, WallTime now) {
  const auto found = attempts_.find(report.attempt);
  if (report.job != graph_.id || found == attempts_.end()) {
    ++progress_.late_reports;
    return false;
  }
  const Position at = found->second;
  execution(at).count(report.counters, report.accumulators);
  bool is_awaited = true;
  switch (report.state) {
    case ExecutionState::Running: is_awaited = on_running(at, now); break;
    case ExecutionState::Finished: on_finished(at, now); break;
    case ExecutionState::Canceled: on_canceled(at, now); break;
    case ExecutionState::Failed:
      on_failed(at,
                {ErrorCode::TaskFailed, report.failure, Blame::User,
                 report.would_fail_again ? Retry::Never : Retry::Later},
                now);
      break;
    default: break;  // on the way to one of these
  }
  settle(now);
  return is_awaited;
}

void ExecutionGraph::on_task_progress(const TaskProgress& progress) {
  const auto found = attempts_.find(progress.attempt);
  if (found != attempts_.end()) execution(found->second).count(progress.counters, progress.accumulators);
}

Result<std::optional<std::string>> ExecutionGraph::next_input_split(ExecutionAttemptId attempt) {
  const auto found = attempts_.find(attempt);
  if (found == attempts_.end() || !execution(found->second).has_slot()) {
    return Error{ErrorCode::Refused, "nobody waits for attempt " + attempt.hex(), Blame::Environment,
                 Retry::Never};
  }
  const Position at = found->second;
  const auto assigner = splits_.find(at.vertex);
  if (assigner == splits_.end()) return std::optional<std::string>();
  const auto split = assigner->second.next(attempt, host_of(execution(at).slot().data_address));
  if (!split) return std::optional<std::string>();
  return std::optional(vertices_[at.vertex].definition().input_splits[*split].bytes);
}

bool ExecutionGraph::on_running(Position at, WallTime now) {
  const Execution& task = execution(at);
  if (task.state() == ExecutionState::Canceling) {  // the first request may have come before the task
    effects_.push_back(effects::CancelTask{.attempt = task.id(), .slot = task.slot()});
    return false;
  }
  if (task.state() == ExecutionState::Deploying) move_task(at, ExecutionState::Running, now);
  return task.state() == ExecutionState::Running;
}

void ExecutionGraph::on_finished(Position at, WallTime now) {
  const ExecutionState state = execution(at).state();
  if (state == ExecutionState::Canceling) return move_task(at, ExecutionState::Canceled, now);
  if (may_move(state, ExecutionState::Finished)) {
    move_task(at, ExecutionState::Finished, now);
    return schedule_consumers(at, now);
  }
  fail(failure_of(
      at, {ErrorCode::IllegalTransition, "a task finished before it was deployed", Blame::Bug, Retry::Later},
      now));
}

void ExecutionGraph::on_canceled(Position at, WallTime now) {
  const ExecutionState state = execution(at).state();
  if (state == ExecutionState::Canceling) return move_task(at, ExecutionState::Canceled, now);
  on_failed(at,
            {ErrorCode::Cancelled,
             vertices_[at.vertex].display_name(at.subtask) + " was cancelled, but not by its job",
             Blame::Environment, Retry::Later},
            now);
}

void ExecutionGraph::on_failed(Position at, Error cause, WallTime now) {
  if (end_failed(at, cause.what, now)) fail(failure_of(at, std::move(cause), now));
}

bool ExecutionGraph::end_failed(Position at, const std::string& cause, WallTime now) {
  Execution& task = execution(at);
  if (task.state() == ExecutionState::Canceling) {
    move_task(at, ExecutionState::Canceled, now);
    return false;
  }
  task.set_failure(cause);
  move_task(at, ExecutionState::Failed, now);
  return true;
}

void ExecutionGraph::on_deploy_failed(ExecutionAttemptId attempt, Error cause, WallTime now) {
  const auto found = attempts_.find(attempt);
  if (found == attempts_.end()) return;
  const Position at = found->second;
  const Execution& task = execution(at);
  if (!task.has_slot()) return;
  // An answer that did not come does not mean that the task did not go.
  effects_.push_back(effects::CancelTask{.attempt = attempt, .slot = task.slot()});
  on_failed(at, std::move(cause), now);
  settle(now);
}

void ExecutionGraph::on_task_manager_lost(TaskManagerId task_manager, const std::string& cause,
                                          WallTime now) {
  std::optional<JobFailure> first;
  // All of its tasks end before the job fails, so that nobody is asked to cancel what is gone.
  for_each_task([&](Position at) {
    const Execution& task = execution(at);
    if (!task.has_slot() || task.slot().task_manager != task_manager) return;
    const bool is_missed = !is_terminal(task.state()) || is_needed_later(at);
    if (!is_missed) return;
    const Error lost{ErrorCode::TaskFailed, "TaskManager " + task.slot().data_address + " was lost: " + cause,
                     Blame::Environment, Retry::Later};
    const bool fails_job = is_terminal(task.state()) || end_failed(at, lost.what, now);
    if (fails_job && !first) first = failure_of(at, lost, now);
  });
  if (first) fail(*std::move(first));
  settle(now);
}

JobFailure ExecutionGraph::failure_of(Position at, Error cause, WallTime now) const {
  return {.error = std::move(cause),
          .task = vertices_[at.vertex].display_name(at.subtask),
          .data_address = execution(at).slot().data_address,
          .at = now};
}

void ExecutionGraph::cancel_task(Position at, WallTime now) {
  const Execution& task = execution(at);
  switch (task.state()) {
    case ExecutionState::Created:
    case ExecutionState::Scheduled: return move_task(at, ExecutionState::Canceled, now);
    case ExecutionState::Deploying:
    case ExecutionState::Running:
      move_task(at, ExecutionState::Canceling, now);
      effects_.push_back(effects::CancelTask{.attempt = task.id(), .slot = task.slot()});
      return;
    case ExecutionState::Finished:
      if (vertices_[at.vertex].results().empty()) return;
      effects_.push_back(effects::ReleasePartitions{.attempt = task.id(), .slot = task.slot()});
      return;
    default: return;
  }
}

void ExecutionGraph::stop_task(Position at) {
  const Execution& task = execution(at);
  if (!vertices_[at.vertex].inputs().empty() || is_terminal(task.state())) return;
  effects_.push_back(effects::StopTask{.attempt = task.id(), .slot = task.slot()});
}

void ExecutionGraph::move_task(Position at, ExecutionState to, WallTime now) {
  Execution& task = execution(at);
  const ExecutionState from = task.state();
  task.move_to(to, now);
  effects_.push_back(effects::TaskStateChanged{
      .vertex = {.vertex = vertices_[at.vertex].definition().id, .subtask = at.subtask},
      .attempt = task.id(),
      .from = from,
      .to = to,
      .cause = task.failure(),
      .at = now});
  if (!is_terminal(to)) return;
  attempts_.erase(task.id());
  if (task.has_slot()) leave_slot(task.slot());
}

void ExecutionGraph::leave_slot(const AssignedSlot& slot) {
  const auto users = slot_users_.find(slot.allocation);
  if (--users->second > 0) return;
  slot_users_.erase(users);
  effects_.push_back(effects::ReleaseSlot{slot});
}

}  // namespace weir
