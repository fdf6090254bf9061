// SPDX-License-Identifier: Apache-2.0
#include "test/support/local_job.h"

#include <utility>
#include <variant>

#include "api/program_loader.h"

namespace weir::testing {

namespace {

WallTime now() { return SystemClock{}.wall_now(); }

/// Every subtask of index i in slot i.
std::vector<AssignedSlot> slots_for(const effects::RequestSlots& wanted) {
  std::vector<AssignedSlot> slots;
  for (const SlotRequest& request : wanted.requests) {
    slots.push_back(
        {TaskManagerId{1, 1}, "in this process", request.vertex.subtask, {1, request.vertex.subtask + 1u}});
  }
  return slots;
}

}  // namespace

JobOutcome LocalJob::run(const Build& program, std::uint32_t parallelism) {
  InProcessPrograms programs(program);
  auto built = programs.build({}, parallelism);
  if (!built) return {.status = JobStatus::Failed, .failure = built.error().what};
  return run(programs, (*built)->job_graph());
}

JobOutcome LocalJob::run(ProgramSource& programs, const JobGraph& job) {
  auto built = ExecutionGraph::build(job, {}, now());
  if (!built) return {.status = JobStatus::Failed, .failure = built.error().what};
  ExecutionGraph& graph = *built;
  programs_ = &programs;
  JobOutcome outcome;
  graph.schedule(now());
  carry_out(graph);
  bool told_running = false;
  while (!is_terminal(graph.status())) {
    bool cancelled = false;
    for (const TaskExecutionState& report : await_reports(cancelled)) {
      outcome.counters.records_in += report.counters.records_in;
      outcome.counters.records_out += report.counters.records_out;
      outcome.counters.bytes_in += report.counters.bytes_in;
      outcome.counters.bytes_out += report.counters.bytes_out;
      (void)graph.on_task_state(report, now());
    }
    if (cancelled) graph.cancel(now());
    carry_out(graph);
    if (when_running_ && !std::exchange(told_running, true)) when_running_();
  }
  outcome.status = graph.status();
  if (graph.progress().failure) outcome.failure = graph.progress().failure->error.what;
  outcome.accumulators = graph.accumulators();
  return outcome;
}

Result<std::shared_ptr<const Program>> LocalJob::load(const ProgramReference& reference) {
  return programs_->load(reference);
}

void LocalJob::cancel() {
  MutexLock held(lock_);
  cancel_ = true;
  changed_.notify_one();
}

void LocalJob::on_task_state(const TaskExecutionState& report) {
  MutexLock held(lock_);
  reports_.push_back(report);
  changed_.notify_one();
}

std::vector<TaskExecutionState> LocalJob::await_reports(bool& cancelled) {
  MutexLock held(lock_);
  while (reports_.empty() && !cancel_) changed_.wait(lock_);
  cancelled = std::exchange(cancel_, false);
  return std::exchange(reports_, {});
}

void LocalJob::carry_out(ExecutionGraph& graph) {
  for (auto effects = graph.take_effects(); !effects.empty(); effects = graph.take_effects()) {
    for (const Effect& effect : effects) {
      if (const auto* wanted = std::get_if<effects::RequestSlots>(&effect)) {
        graph.on_slots_assigned(wanted->version, slots_for(*wanted), now());
      } else if (const auto* deploy = std::get_if<effects::DeployTask>(&effect)) {
        if (auto done = worker_.submit(deploy->task); !done) {
          graph.on_deploy_failed(deploy->task.attempt, done.error(), now());
        }
      } else if (const auto* cancel = std::get_if<effects::CancelTask>(&effect)) {
        worker_.cancel(cancel->attempt);
      } else if (const auto* release = std::get_if<effects::ReleasePartitions>(&effect)) {
        worker_.release_partitions(release->attempt);
      }
    }
  }
}

}  // namespace weir::testing
