// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/adoption.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "JobManager";

using Kind = AdoptionVerdict::Kind;

AdoptionVerdict start_anew(std::string why) { return {.kind = Kind::StartAnew, .why = std::move(why)}; }

/// The position of a task in the graph; none: it is not of this graph.
struct Place {
  std::size_t vertex = 0;
  std::uint32_t subtask = 0;
};
std::optional<Place> place_of(const JobGraph& job, const HeldTask& task) {
  for (std::size_t vertex = 0; vertex < job.vertices.size(); ++vertex) {
    if (job.vertices[vertex].id != task.vertex) continue;
    if (task.subtask >= job.vertices[vertex].parallelism) return std::nullopt;
    return Place{vertex, task.subtask};
  }
  return std::nullopt;
}

bool is_of(const HeldTask& task, const DeployedRound& round) {
  return task.job == round.job && task.deployed_by == round.deployed_by &&
         task.attempt_number == round.attempt_number;
}

std::string label_of(const JobGraph& job, const HeldTask& task) {
  const JobVertex* vertex = job.find(task.vertex);
  return (vertex == nullptr ? "a task" : vertex->name) + " (" + std::to_string(task.subtask + 1) + ")";
}

/// What speaks against one task, whatever the others do; empty: nothing.
std::string objection_to(const JobGraph& job, const HeldTask& task) {
  if (!place_of(job, task)) return "the job's graph has no task like one that was found";
  if (task.is_to_end) return label_of(job, task) + " was about to end for a savepoint";
  if (task.state == ExecutionState::Deploying || task.state == ExecutionState::Running) return {};
  return label_of(job, task) + " is " + std::string(name_of(task.state));
}

AttemptTable empty_table_of(const JobGraph& job) {
  AttemptTable table;
  for (const JobVertex& vertex : job.vertices) table.emplace_back(vertex.parallelism);
  return table;
}

/// In the order of the graph. `held` has each task once.
std::vector<HeldAttempt> in_order(const JobGraph& job, std::vector<HeldAttempt> held) {
  std::sort(held.begin(), held.end(), [&](const HeldAttempt& a, const HeldAttempt& b) {
    const auto left = place_of(job, a.task), right = place_of(job, b.task);
    return std::pair(left->vertex, left->subtask) < std::pair(right->vertex, right->subtask);
  });
  return held;
}

}  // namespace

AdoptionVerdict judge_adoption(const JobGraph& job, const DeployedRound& round,
                               const std::vector<HeldAttempt>& held) {
  if (round.deployed_by.is_none()) return start_anew("nothing was deployed for it");
  if (!can_be_adopted(job)) return start_anew("its tasks do not all run at the same time");
  AttemptTable found = empty_table_of(job);
  std::size_t running = 0;
  std::size_t wanted = 0;
  for (const auto& subtasks : found) wanted += subtasks.size();
  for (const HeldAttempt& each : held) {
    if (!is_of(each.task, round)) continue;
    if (std::string why = objection_to(job, each.task); !why.empty()) return start_anew(std::move(why));
    const auto place = place_of(job, each.task);
    ExecutionAttemptId& attempt = found[place->vertex][place->subtask];
    if (!attempt.is_none()) return start_anew(label_of(job, each.task) + " was found twice");
    attempt = each.task.attempt;
    running += each.task.state == ExecutionState::Running;
  }
  if (running < wanted)
    return {.kind = Kind::Wait,
            .why = std::to_string(running) + " of " + std::to_string(wanted) + " tasks were found running"};
  if (round_id_of(job, found) != round.attempts)
    return start_anew("those that run are not the tasks that were deployed last");
  return {.kind = Kind::Adopt, .why = {}};
}

void Adoptions::await(const JobGraph& job, const DeployedRound& round) {
  waiting_.insert_or_assign(job.id, Waiting{.job = job, .round = round, .start_anew_because = {}});
}

void Adoptions::on_state_known(JobId job, WallTime now) {
  const auto found = waiting_.find(job);
  if (found == waiting_.end()) return;
  found->second.is_state_known = true;
  decide(job, now);
}

void Adoptions::on_joined(std::vector<HeldAttempt> attempts, WallTime now) {
  std::vector<JobId> concerned;
  for (HeldAttempt& each : attempts) {
    const HeldTask& task = each.task;
    const JobId job = task.job;
    const auto waiting = waiting_.find(job);
    const bool is_wanted = waiting != waiting_.end() && waiting->second.start_anew_because.empty() &&
                           is_of(task, waiting->second.round);
    if (is_wanted) concerned.push_back(job);
    if (!is_wanted) ++unwanted_;
    const ExecutionAttemptId attempt = task.attempt;
    const auto& held = held_.insert_or_assign(attempt, std::move(each)).first->second;
    if (!is_wanted && !is_terminal(held.task.state)) out_.cancel_held(held);
    if (!is_wanted && is_terminal(held.task.state)) drop(attempt);
  }
  std::sort(concerned.begin(), concerned.end());
  concerned.erase(std::unique(concerned.begin(), concerned.end()), concerned.end());
  for (const JobId job : concerned) decide(job, now);
}

bool Adoptions::on_task_state(const TaskExecutionState& report, WallTime now) {
  const auto found = held_.find(report.attempt);
  if (found == held_.end() || found->second.task.job != report.job) return false;
  found->second.task.state = report.state;
  const JobId job = report.job;
  decide(job, now);  // before it is dropped: an end decides, too
  if (is_terminal(report.state)) {
    drop(report.attempt);
    start_if_all_ended(job, now);
  }
  return true;
}

void Adoptions::on_task_manager_lost(TaskManagerId task_manager, WallTime now) {
  std::vector<TaskExecutionState> ends;
  for (const auto& [attempt, held] : held_) {
    if (held.slot.task_manager == task_manager)
      ends.push_back({.job = held.task.job,
                      .attempt = attempt,
                      .state = ExecutionState::Failed,
                      .failure = {},
                      .counters = {},
                      .accumulators = {},
                      .snapshot = {}});
  }
  for (const TaskExecutionState& end : ends) (void)on_task_state(end, now);
}

void Adoptions::on_overdue(JobId job, WallTime now) {
  const auto found = waiting_.find(job);
  if (found == waiting_.end() || !found->second.start_anew_because.empty()) return;
  refuse(job, judge_adoption(found->second.job, found->second.round, held_of(job)).why, now);
}

void Adoptions::give_up(JobId job) {
  waiting_.erase(job);
  cancel_all_of(job);
}

void Adoptions::forget_all() {
  waiting_.clear();
  held_.clear();
}

void Adoptions::decide(JobId job, WallTime now) {
  const auto found = waiting_.find(job);
  if (found == waiting_.end() || !found->second.start_anew_because.empty()) return;
  auto held = held_of(job);
  AdoptionVerdict verdict = judge_adoption(found->second.job, found->second.round, held);
  if (verdict.kind == Kind::StartAnew) return refuse(job, std::move(verdict.why), now);
  if (verdict.kind == Kind::Wait || !found->second.is_state_known) return;
  const Waiting adopted = std::move(found->second);
  waiting_.erase(found);
  std::erase_if(held, [&](const HeldAttempt& each) { return !is_of(each.task, adopted.round); });
  for (const HeldAttempt& each : held) held_.erase(each.task.attempt);
  log::info(kLogger, "Job " + adopted.job.name + " (" + job.hex() + ") goes on as it runs: " +
                         std::to_string(held.size()) + " tasks were found");
  out_.adopt(job, in_order(adopted.job, std::move(held)), now);
}

void Adoptions::refuse(JobId job, std::string why, WallTime now) {
  Waiting& waiting = waiting_.at(job);
  log::info(kLogger, "Job " + waiting.job.name + " (" + job.hex() + ") is started anew: " + why);
  waiting.start_anew_because = std::move(why);
  cancel_all_of(job);
  start_if_all_ended(job, now);
}

void Adoptions::start_if_all_ended(JobId job, WallTime now) {
  const auto found = waiting_.find(job);
  if (found == waiting_.end() || found->second.start_anew_because.empty() || !held_of(job).empty()) return;
  const std::string why = std::move(found->second.start_anew_because);
  waiting_.erase(found);
  out_.start_anew(job, why, now);
}

void Adoptions::cancel_all_of(JobId job) {
  for (const HeldAttempt& each : held_of(job)) {
    if (is_terminal(each.task.state)) drop(each.task.attempt);
    else out_.cancel_held(each);
  }
}

void Adoptions::drop(ExecutionAttemptId attempt) {
  const auto held = held_.extract(attempt);
  if (held.empty()) return;
  const AssignedSlot& slot = held.mapped().slot;
  const bool is_shared = std::any_of(held_.begin(), held_.end(), [&](const auto& other) {
    return other.second.slot.allocation == slot.allocation;
  });
  if (!is_shared) out_.free_held(slot);
}

std::vector<HeldAttempt> Adoptions::held_of(JobId job) const {
  std::vector<HeldAttempt> found;
  for (const auto& [attempt, held] : held_)
    if (held.task.job == job) found.push_back(held);
  return found;
}

}  // namespace weir
