// SPDX-License-Identifier: Apache-2.0
#include "test/support/local_job.h"

#include <utility>
#include <variant>

#include "api/program_loader.h"

namespace weir::testing {

namespace {

WallTime now() { return SystemClock{}.wall_now(); }

}  // namespace

LocalJob::LocalJob(Worker::Options options, std::uint32_t worker_count) {
  if (worker_count > 1) {
    options.data_port = 0;
    options.data_identity = LinkIdentity{};
  }
  ProgramSource& programs = *this;  // private bases, which make_unique may not see
  TaskObserver& observer = *this;
  for (std::uint32_t i = 0; i < worker_count; ++i) {
    workers_.push_back(std::make_unique<Worker>(options, programs, observer));
    WEIR_CHECK(workers_.back()->data_address(), "a port is free");
  }
}

JobOutcome LocalJob::run(const Build& program, std::uint32_t parallelism) {
  InProcessPrograms programs(program);
  auto built = programs.build({}, parallelism);
  if (!built) return {.status = JobStatus::Failed, .failure = built.error().what};
  return run(programs, (*built)->job_graph());
}

JobOutcome LocalJob::run(ProgramSource& programs, const JobGraph& job) {
  JobGraph own = job;
  for (JobVertex& vertex : own.vertices) vertex.input_splits.clear();  // each subtask reads its own share
  auto built = ExecutionGraph::build(std::move(own), {}, now());
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

void LocalJob::stop() {
  for (const auto& worker : workers_) {
    for (const TaskProgress& task : worker->progress()) worker->stop(task.attempt);
  }
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

std::vector<AssignedSlot> LocalJob::slots_for(const effects::RequestSlots& wanted) const {
  const auto count = static_cast<std::uint32_t>(workers_.size());
  std::vector<AssignedSlot> slots;
  for (const SlotRequest& request : wanted.requests) {
    const std::uint32_t worker = request.vertex.subtask % count;
    slots.push_back({.task_manager = {.high = 1, .low = worker},
                     .data_address = *workers_[worker]->data_address(),
                     .slot = request.vertex.subtask / count,
                     .allocation = {1, request.vertex.subtask + 1u}});
  }
  return slots;
}

void LocalJob::carry_out(ExecutionGraph& graph) {
  for (auto effects = graph.take_effects(); !effects.empty(); effects = graph.take_effects()) {
    for (const Effect& effect : effects) {
      if (const auto* wanted = std::get_if<effects::RequestSlots>(&effect)) {
        graph.on_slots_assigned(wanted->version, slots_for(*wanted), now());
      } else if (const auto* deploy = std::get_if<effects::DeployTask>(&effect)) {
        if (auto done = worker_of(deploy->slot).submit(deploy->task); !done) {
          graph.on_deploy_failed(deploy->task.attempt, done.error(), now());
        }
      } else if (const auto* cancel = std::get_if<effects::CancelTask>(&effect)) {
        worker_of(cancel->slot).cancel(cancel->attempt);
      } else if (const auto* release = std::get_if<effects::ReleasePartitions>(&effect)) {
        worker_of(release->slot).release_partitions(release->attempt);
      }
    }
  }
}

}  // namespace weir::testing
