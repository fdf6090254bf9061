// SPDX-License-Identifier: Apache-2.0
// The life of the job: which status follows which, and when. The lives of its tasks are in
// execution_graph_tasks.cpp.
#include "graph/execution_graph.h"

#include <utility>

#include "graph/latency_sums.h"

namespace weir {

Result<ExecutionGraph> ExecutionGraph::build(JobGraph graph, Options options, WallTime now) {
  if (const Status valid = validate(graph); !valid) return valid.error();
  return ExecutionGraph(std::move(graph), std::move(options), now);
}

ExecutionGraph::ExecutionGraph(JobGraph graph, Options options, WallTime now)
    : graph_(std::move(graph)), options_(std::move(options)), regions_(graph_.vertices) {
  progress_.entered[static_cast<std::size_t>(JobStatus::Created)] = now;
  build_vertices(now);
}

void ExecutionGraph::build_vertices(WallTime now) {
  struct Written {
    std::size_t vertex = 0;
    std::size_t result = 0;
  };
  std::map<IntermediateDataSetId, Written> written;
  std::map<IntermediateDataSetId, IntermediateResult::Consumer> consumers;
  for (const JobVertex& vertex : graph_.vertices) {
    for (const JobEdge& input : vertex.inputs) {
      consumers[input.data_set] = {.parallelism = vertex.parallelism,
                                   .max_parallelism = vertex.max_parallelism};
    }
  }
  for (std::size_t position = 0; position < graph_.vertices.size(); ++position) {
    const JobVertex& vertex = graph_.vertices[position];
    std::vector<ExecutionVertex> subtasks;
    for (std::uint32_t i = 0; i < vertex.parallelism; ++i) {
      subtasks.emplace_back(i, Execution(new_attempt({position, i}), 0, now));
    }
    std::vector<ExecutionJobVertex::Input> inputs;
    for (const JobEdge& input : vertex.inputs) {
      const Written& read = written.at(input.data_set);
      inputs.push_back({.producer = read.vertex, .result = read.result, .input_index = input.input_index});
      readers_[input.data_set] = position;
    }
    std::vector<IntermediateResult> results;
    for (const IntermediateDataSet& output : vertex.outputs) {
      written[output.id] = {.vertex = position, .result = results.size()};
      results.emplace_back(output, vertex.parallelism, consumers.at(output.id));
    }
    vertices_.emplace_back(vertex, std::move(subtasks), std::move(inputs), std::move(results));
    if (!vertex.input_splits.empty()) splits_.emplace(position, vertex.input_splits);
  }
}

ExecutionAttemptId ExecutionGraph::new_attempt(Position at) {
  const ExecutionAttemptId id = options_.new_attempt_id();
  const bool is_new = attempts_.emplace(id, at).second;
  WEIR_CHECK(is_new, "two attempts bear the same id");
  return id;
}

void ExecutionGraph::cancel(WallTime now) {
  if (is_terminal(status()) || status() == JobStatus::Cancelling) return;
  ++progress_.version;
  if (status() == JobStatus::Restarting) return move_job(JobStatus::Canceled, now);
  end_round(JobStatus::Cancelling, now);
  settle(now);
}

Status ExecutionGraph::stop() {
  Status can = may_stop();
  if (can) for_each_task([&](Position at) { stop_task(at); });
  return can;
}

Status ExecutionGraph::may_stop() const {
  const std::string who = "job " + graph_.id.hex();
  const auto refused = [](std::string why) {
    return Error{ErrorCode::Refused, std::move(why), Blame::User, Retry::Later};
  };
  if (status() != JobStatus::Running)
    return refused(who + " is " + std::string(name_of(status())) + "; only a job that runs can be stopped");
  if (awaits_slots(progress_.version)) return refused(who + " waits for slots; cancel it instead");
  for (const ExecutionJobVertex& vertex : vertices_) {
    if (vertex.inputs().empty() && !vertex.definition().can_stop)
      return refused(who + " cannot be stopped: \"" + vertex.definition().name +
                     "\" never asks whether it should end; cancel the job instead");
  }
  if (has_sources_to_come()) return refused(who + " has sources that have not begun; cancel it instead");
  return Status::ok();
}

void ExecutionGraph::fail_global(Error cause, WallTime now) {
  fail({.error = std::move(cause), .task = {}, .data_address = {}, .at = now});
}

void ExecutionGraph::fail(JobFailure failure) {
  if (is_terminal(status()) || status() == JobStatus::Failing) return;
  const WallTime now = failure.at;
  ++progress_.version;
  progress_.failure = std::move(failure);
  if (status() == JobStatus::Restarting) return restart_or_fail(now);
  end_round(JobStatus::Failing, now);
  settle(now);
}

void ExecutionGraph::suspend(Error cause, WallTime now) {
  if (is_terminal(status())) return;
  ++progress_.version;
  progress_.failure = {.error = std::move(cause), .task = {}, .data_address = {}, .at = now};
  end_round(JobStatus::Suspended, now);
}

void ExecutionGraph::end_round(JobStatus to, WallTime now) {
  const bool is_ending = status() != JobStatus::Created && status() != JobStatus::Running;
  move_job(to, now);
  requested_.clear();
  due_.clear();
  uninformed_.clear();
  if (is_ending) return;  // its tasks are on their way out already
  for_each_task([&](Position at) { cancel_task(at, now); });
}

void ExecutionGraph::settle(WallTime now) {
  if (!attempts_.empty()) return;
  switch (status()) {
    // An attempt that ended otherwise than finished would have failed or cancelled the job.
    case JobStatus::Running: return move_job(JobStatus::Finished, now);
    case JobStatus::Cancelling: return move_job(JobStatus::Canceled, now);
    case JobStatus::Failing: return restart_or_fail(now);
    default: return;
  }
}

void ExecutionGraph::restart_or_fail(WallTime now) {
  std::optional<Duration> delay;
  const bool may_restart = progress_.failure->error.retry != Retry::Never;
  if (may_restart && options_.restart_strategy != nullptr) delay = options_.restart_strategy->on_failure(now);
  if (!delay) return move_job(JobStatus::Failed, now);
  move_job(JobStatus::Restarting, now);
  effects_.push_back(effects::ScheduleRestart{.delay = *delay, .version = progress_.version});
}

void ExecutionGraph::start_from(Restore restore) {
  WEIR_CHECK(restore.tasks.size() == vertices_.size() && restore.max_parallelism.size() == vertices_.size(),
             "a restore names every vertex");
  restore_ = std::move(restore.tasks);
  for (std::size_t vertex = 0; vertex < vertices_.size(); ++vertex) {
    vertices_[vertex].set_max_parallelism(restore.max_parallelism[vertex]);
    for (const ExecutionJobVertex::Input& input : vertices_[vertex].inputs())
      vertices_[input.producer].set_consumer_max_parallelism(input.result, restore.max_parallelism[vertex]);
  }
}

AttemptTable ExecutionGraph::attempts() const {
  AttemptTable table(vertices_.size());
  for_each_task([&](Position at) { table[at.vertex].push_back(execution(at).id()); });
  return table;
}

bool ExecutionGraph::is_deployed() const {
  bool all = true;
  for_each_task([&](Position at) { all = all && execution(at).has_slot(); });
  return all;
}

void ExecutionGraph::on_restart_due(std::uint64_t version, WallTime now) {
  if (!awaits_restart(version)) return;
  begin_next_round(now);
  schedule(now);
}

void ExecutionGraph::begin_next_round(WallTime now) {
  for_each_task(
      [&](Position at) { vertices_[at.vertex].subtasks()[at.subtask].reset(new_attempt(at), now); });
  for (auto& [vertex, assigner] : splits_) assigner.give_back_all();
  has_requested_ = false;
  ++progress_.restarts;
  const auto restarting = static_cast<std::size_t>(JobStatus::Restarting);
  const WallTime restarted = progress_.entered[restarting];
  progress_.entered = {};
  progress_.entered[restarting] = restarted;
  move_job(JobStatus::Created, now);
}

void ExecutionGraph::move_job(JobStatus to, WallTime now) {
  const JobStatus from = status();
  WEIR_CHECK(may_move(from, to), "a job made a move that the table does not allow");
  const bool is_failure = to == JobStatus::Failing || to == JobStatus::Failed ||
                          to == JobStatus::Restarting || to == JobStatus::Suspended;
  progress_.status = to;
  progress_.entered[static_cast<std::size_t>(to)] = now;
  effects_.push_back(
      effects::JobStatusChanged{.from = from,
                                .to = to,
                                .cause = is_failure ? progress_.failure->error.what : std::string(),
                                .at = now});
}

std::vector<Effect> ExecutionGraph::take_effects() { return std::exchange(effects_, {}); }

std::map<std::string, std::int64_t> ExecutionGraph::accumulators() const {
  std::map<std::string, std::int64_t> sums;
  for_each_task([&](Position at) {
    for (const auto& [name, value] : execution(at).accumulators()) sums[name] += value;
  });
  return with_latencies_told(std::move(sums));
}

}  // namespace weir
