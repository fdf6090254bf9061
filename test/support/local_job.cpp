// SPDX-License-Identifier: Apache-2.0
#include "test/support/local_job.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "api/program_loader.h"
#include "checkpoint/coordinator/state_assignment.h"

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
  job_ = &graph.job_graph();
  deployed_.clear();
  if (const Status fits = deal_out_state(); !fits)
    return {.status = JobStatus::Failed, .failure = fits.error().what};
  {
    MutexLock held(lock_);
    finished_.clear();
  }
  programs_ = &programs;
  JobOutcome outcome;
  graph.schedule(now());
  carry_out(graph);
  bool told_running = false;
  while (!is_terminal(graph.status())) {
    const News news = await_news();
    for (const ResultPartitionId& partition : news.consumable)
      graph.on_partition_consumable(partition, now());
    for (const TaskExecutionState& report : news.reports) {
      outcome.counters.records_in += report.counters.records_in;
      outcome.counters.records_out += report.counters.records_out;
      outcome.counters.bytes_in += report.counters.bytes_in;
      outcome.counters.bytes_out += report.counters.bytes_out;
      (void)graph.on_task_state(report, now());
    }
    if (news.cancel) graph.cancel(now());
    carry_out(graph);
    begin_if_all_run(graph);
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
  news_.cancel = true;
  changed_.notify_all();
}

void LocalJob::stop() {
  for (const auto& worker : workers_) {
    for (const TaskProgress& task : worker->progress()) worker->stop(task.attempt);
  }
}

void LocalJob::on_task_state(const TaskExecutionState& report) {
  MutexLock held(lock_);
  if (report.state == ExecutionState::Finished) finished_[report.attempt] = report.snapshot;
  news_.reports.push_back(report);
  changed_.notify_all();
}

void LocalJob::await_only(CheckpointId checkpoint) {
  MutexLock held(lock_);
  triggered_ = checkpoint;
  acknowledged_.clear();
  declined_.clear();
  refusals_ = 0;
}

void LocalJob::trigger_checkpoint(CheckpointId checkpoint, const std::string& root, bool is_savepoint) {
  await_only(checkpoint);
  for (const TaskDeploymentDescriptor& task : deployed_) {
    if (!task.inputs.empty()) continue;
    for (const auto& worker : workers_)
      worker->trigger_checkpoint(
          task.attempt, {.checkpoint = checkpoint, .is_savepoint = is_savepoint, .storage_root = root},
          false);
  }
}

void LocalJob::trigger_checkpoint_at(std::size_t vertex, CheckpointId checkpoint) {
  await_only(checkpoint);
  for (const TaskDeploymentDescriptor& task : deployed_) {
    if (task.vertex != job_->vertices[vertex].id) continue;
    for (const auto& worker : workers_)
      worker->trigger_checkpoint(task.attempt, {.checkpoint = checkpoint, .storage_root = {}}, false);
  }
}

void LocalJob::on_checkpoint_acknowledged(const CheckpointReport& report) {
  MutexLock held(lock_);
  if (report.checkpoint != triggered_) return;
  acknowledged_.push_back(report);
  changed_.notify_all();
}

void LocalJob::on_checkpoint_declined(JobId, ExecutionAttemptId, CheckpointId checkpoint,
                                      const std::string& reason) {
  MutexLock held(lock_);
  if (checkpoint != triggered_) return;
  ++refusals_;
  declined_ = reason;
  changed_.notify_all();
}

Result<CompletedCheckpoint> LocalJob::await_checkpoint(CheckpointId checkpoint) {
  const TimePoint deadline = SystemClock{}.now() + 20s;
  MutexLock held(lock_);
  while (handed_in().size() < deployed_.size() && declined_.empty())
    if (!changed_.wait_until(lock_, deadline)) return Error{ErrorCode::Timeout, "a task did not acknowledge"};
  if (!declined_.empty()) return Error{ErrorCode::Cancelled, declined_};

  CompletedCheckpoint complete{.id = checkpoint};
  for (const JobVertex& vertex : job_->vertices) {
    for (const ChainedOperator& each : vertex.operators) {
      complete.operators[each.id] = {.name = each.name,
                                     .uid = each.uid,
                                     .parallelism = vertex.parallelism,
                                     .max_parallelism = vertex.max_parallelism,
                                     .subtasks = {}};
    }
  }
  const auto all = handed_in();
  for (const TaskDeploymentDescriptor& task : deployed_) {
    for (const auto& [id, snapshot] : all.at(task.attempt).operators)
      complete.operators[id].subtasks[task.subtask_index] = snapshot;
  }
  return complete;
}

std::map<ExecutionAttemptId, TaskSnapshot> LocalJob::handed_in() const {
  std::map<ExecutionAttemptId, TaskSnapshot> all = finished_;
  for (const CheckpointReport& report : acknowledged_) all[report.attempt] = report.snapshot;
  return all;
}

bool LocalJob::await_finished(std::size_t tasks) {
  const TimePoint deadline = SystemClock{}.now() + 20s;
  MutexLock held(lock_);
  while (finished_.size() < tasks)
    if (!changed_.wait_until(lock_, deadline)) return false;
  return true;
}

void LocalJob::await_answers() {
  MutexLock held(lock_);
  while (acknowledged_.size() + refusals_ < deployed_.size()) changed_.wait(lock_);
}

void LocalJob::complete_checkpoint(CheckpointId checkpoint) {
  for (const TaskDeploymentDescriptor& task : deployed_)
    for (const auto& worker : workers_) worker->on_checkpoint_complete(task.attempt, checkpoint);
}

void LocalJob::abort_checkpoint(CheckpointId checkpoint) {
  for (const TaskDeploymentDescriptor& task : deployed_)
    for (const auto& worker : workers_) worker->on_checkpoint_aborted(task.attempt, checkpoint);
}

/// As a CheckpointCoordinator does, before anything is deployed.
Status LocalJob::deal_out_state() {
  dealt_.clear();
  if (!restored_) return Status::ok();
  std::vector<CheckpointedVertex> vertices;
  for (const JobVertex& vertex : job_->vertices) {
    CheckpointedVertex each{.name = vertex.name, .max_parallelism = vertex.max_parallelism};
    for (const ChainedOperator& chained : vertex.operators)
      each.operators.push_back({chained.id, chained.name, chained.uid, chained.states});
    each.tasks.resize(vertex.parallelism);
    vertices.push_back(std::move(each));
  }
  auto assigned = assign_state(*restored_, vertices, false);
  if (!assigned) return assigned.error();
  dealt_ = std::move(assigned->tasks);
  return Status::ok();
}

void LocalJob::begin_if_all_run(const ExecutionGraph& graph) {
  std::vector<ExecutionAttemptId> tasks;
  for (const ExecutionJobVertex& vertex : graph.vertices()) {
    for (const ExecutionVertex& subtask : vertex.subtasks()) {
      if (subtask.current().state() != ExecutionState::Running) return;
      tasks.push_back(subtask.current().id());
    }
  }
  for (const ExecutionAttemptId task : tasks)
    for (const auto& worker : workers_) worker->begin(task);
}

TaskRestore LocalJob::restore_of(const TaskDeploymentDescriptor& task) const {
  if (dealt_.empty()) return {};
  const auto& vertices = job_->vertices;
  const auto mine = std::ranges::find(vertices, task.vertex, &JobVertex::id);
  return dealt_[static_cast<std::size_t>(mine - vertices.begin())][task.subtask_index];
}

void LocalJob::on_partition_consumable(JobId, const ResultPartitionId& partition) {
  MutexLock held(lock_);
  news_.consumable.push_back(partition);
  changed_.notify_all();
}

LocalJob::News LocalJob::await_news() {
  MutexLock held(lock_);
  while (news_.reports.empty() && news_.consumable.empty() && !news_.cancel) changed_.wait(lock_);
  return std::exchange(news_, {});
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
        TaskDeploymentDescriptor task = deploy->task;
        task.restore = restore_of(task);
        deployed_.push_back(task);
        if (auto done = worker_of(deploy->slot).submit(task); !done) {
          graph.on_deploy_failed(deploy->task.attempt, done.error(), now());
        }
      } else if (const auto* update = std::get_if<effects::UpdatePartitionInfo>(&effect)) {
        worker_of(update->slot).update_partition(update->attempt, update->channel);
      } else if (const auto* cancel = std::get_if<effects::CancelTask>(&effect)) {
        worker_of(cancel->slot).cancel(cancel->attempt);
      } else if (const auto* release = std::get_if<effects::ReleasePartitions>(&effect)) {
        worker_of(release->slot).release_partitions(release->attempt);
      }
    }
  }
}

}  // namespace weir::testing
