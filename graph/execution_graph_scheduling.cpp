// SPDX-License-Identifier: Apache-2.0
// Which tasks of one job get slots, and when: at once, when what they read is written, or when there is
// something to read.
#include <algorithm>
#include <utility>

#include "graph/execution_graph.h"
#include "graph/task_deployment.h"

namespace weir {
namespace {

/// An input with more producers than this is read from all over the cluster wherever its reader runs.
constexpr std::uint32_t kMostProducersThatMatter = 8;

}  // namespace

void ExecutionGraph::schedule(WallTime now) {
  if (status() != JobStatus::Created) return;
  move_job(JobStatus::Running, now);
  std::vector<Position> first;
  for (std::size_t region = 0; region < regions_.count(); ++region) {
    const std::vector<std::size_t>& members = regions_.members(region);
    const bool is_ready =
        std::all_of(members.begin(), members.end(), [&](auto each) { return may_read(each); });
    for (const std::size_t vertex : members) {
      if (is_lazy() ? vertices_[vertex].inputs().empty() : is_ready) append_tasks(vertex, first);
    }
  }
  schedule_tasks(first, now);
}

void ExecutionGraph::adopt(std::uint32_t attempt_number,
                           const std::vector<std::vector<RunningAttempt>>& tasks, WallTime now) {
  if (status() != JobStatus::Created) return;
  WEIR_CHECK(tasks.size() == vertices_.size(), "the tasks of all vertices are adopted, or none");
  move_job(JobStatus::Running, now);
  progress_.restarts = attempt_number;  // each but the first of them began with a restart
  has_requested_ = true;
  attempts_.clear();
  for_each_task([&](Position at) {
    const RunningAttempt& task = tasks[at.vertex].at(at.subtask);
    Execution running(task.attempt, attempt_number, now);
    running.assign(task.slot);
    vertices_[at.vertex].subtasks()[at.subtask].adopt(std::move(running));
    WEIR_CHECK(attempts_.emplace(task.attempt, at).second, "an attempt id was given out twice");
    ++slot_users_[task.slot.allocation];
    for (const auto state :
         {ExecutionState::Scheduled, ExecutionState::Deploying, ExecutionState::Running})
      move_task(at, state, now);
  });
}

void ExecutionGraph::append_tasks(std::size_t vertex, std::vector<Position>& tasks) const {
  const auto parallelism = static_cast<std::uint32_t>(vertices_[vertex].subtasks().size());
  for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) tasks.push_back({vertex, subtask});
}

void ExecutionGraph::schedule_tasks(const std::vector<Position>& due, WallTime now) {
  for (const Position at : due) {
    if (execution(at).state() != ExecutionState::Created) continue;
    move_task(at, ExecutionState::Scheduled, now);
    due_.push_back(at);
  }
  request_slots();
}

void ExecutionGraph::request_slots() {
  if (!requested_.empty() || due_.empty()) return;
  requested_ = std::exchange(due_, {});
  std::sort(requested_.begin(), requested_.end());
  const bool is_first = !std::exchange(has_requested_, true);
  if (!is_first) ++progress_.version;  // an answer to the request before is none to this one
  std::map<Position, std::uint32_t> numbers;
  for (const Position at : requested_) numbers.emplace(at, static_cast<std::uint32_t>(numbers.size()));
  effects::RequestSlots wish{.version = progress_.version, .holders = slot_holders()};
  for (const Position at : requested_) wish.requests.push_back(request_of(at, numbers));
  // One that ran before has lost its slots through no fault of its own, and does not give up its place; and
  // one that has come so far does not give up either.
  wish.may_wait = graph_.queued_scheduling || progress_.restarts > 0 || !is_first;
  effects_.push_back(std::move(wish));
}

SlotRequest ExecutionGraph::request_of(Position at, const std::map<Position, std::uint32_t>& requests) const {
  const ExecutionJobVertex& vertex = vertices_[at.vertex];
  SlotRequest request;
  request.vertex = {.vertex = vertex.definition().id, .subtask = at.subtask};
  request.slot_sharing_group = vertex.definition().slot_sharing_group;
  request.co_location_group = vertex.definition().co_location_group;
  for (const ExecutionJobVertex::Input& input : vertex.inputs()) {
    const PartitionRange read = vertices_[input.producer].results()[input.result].partitions_of(at.subtask);
    if (read.count > kMostProducersThatMatter) continue;
    std::vector<std::uint32_t> together;
    std::vector<AssignedSlot> before;
    for (std::uint32_t i = read.first; i < read.first + read.count; ++i) {
      const Position producer{input.producer, i};
      const auto number = requests.find(producer);
      if (number != requests.end()) together.push_back(number->second);
      else if (execution(producer).has_slot()) before.push_back(execution(producer).slot());
    }
    if (!together.empty()) request.producers.push_back(std::move(together));
    if (!before.empty()) request.placed_producers.push_back(std::move(before));
  }
  return request;
}

std::vector<SlotHolder> ExecutionGraph::slot_holders() const {
  std::vector<SlotHolder> holders;
  for_each_task([&](Position at) {
    const Execution& task = execution(at);
    if (!task.has_slot() || is_terminal(task.state())) return;
    const JobVertex& vertex = vertices_[at.vertex].definition();
    holders.push_back({.vertex = {.vertex = vertex.id, .subtask = at.subtask},
                       .slot_sharing_group = vertex.slot_sharing_group,
                       .co_location_group = vertex.co_location_group,
                       .slot = task.slot()});
  });
  return holders;
}

bool ExecutionGraph::awaits_slots(std::uint64_t version) const {
  return status() == JobStatus::Running && version == progress_.version && !requested_.empty();
}

void ExecutionGraph::on_slots_assigned(std::uint64_t version, std::vector<AssignedSlot> slots, WallTime now) {
  if (awaits_slots(version)) {
    deploy(std::exchange(requested_, {}), std::move(slots), now);
    return request_slots();
  }
  std::map<AllocationId, AssignedSlot> unused;
  for (AssignedSlot& slot : slots) {
    if (!slot_users_.contains(slot.allocation)) unused.emplace(slot.allocation, std::move(slot));
  }
  for (auto& [allocation, slot] : unused) effects_.push_back(effects::ReleaseSlot{std::move(slot)});
}

void ExecutionGraph::on_slots_refused(std::uint64_t version, Error cause, WallTime now) {
  if (awaits_slots(version)) fail_global(std::move(cause), now);
}

/// First all slots, then all tasks: a descriptor names the addresses of the producers.
void ExecutionGraph::deploy(const std::vector<Position>& tasks, std::vector<AssignedSlot> slots,
                            WallTime now) {
  WEIR_CHECK(slots.size() == tasks.size(), "slots must answer the requests one by one");
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    WEIR_CHECK(!slots[i].allocation.is_none(), "an assigned slot has an allocation");
    ++slot_users_[slots[i].allocation];
    execution(tasks[i]).assign(std::move(slots[i]));
  }
  for (const Position at : tasks) {
    move_task(at, ExecutionState::Deploying, now);
    note_unknown_producers(at);
    effects::DeployTask deployment{
        .slot = execution(at).slot(), .task = describe_deployment(graph_, vertices_, at.vertex, at.subtask)};
    if (!restore_.empty()) deployment.task.restore = restore_[at.vertex][at.subtask];
    effects_.push_back(std::move(deployment));
  }
}

void ExecutionGraph::note_unknown_producers(Position consumer) {
  if (!is_lazy()) return;
  for (const ExecutionJobVertex::Input& input : vertices_[consumer.vertex].inputs()) {
    const IntermediateResult& result = vertices_[input.producer].results()[input.result];
    const PartitionRange read = result.partitions_of(consumer.subtask);
    for (std::uint32_t i = read.first; i < read.first + read.count; ++i) {
      const Execution& producer = execution({input.producer, i});
      if (producer.has_slot()) continue;
      std::vector<Position>& consumers = uninformed_[producer.id()];
      if (consumers.empty() || consumers.back() != consumer) consumers.push_back(consumer);
    }
  }
}

bool ExecutionGraph::reads(Position consumer, const IntermediateResult& result,
                           std::uint32_t partition) const {
  const SubtaskRange fed = result.consumers_of(partition);
  return readers_.at(result.data_set().id) == consumer.vertex && consumer.subtask >= fed.first &&
         consumer.subtask - fed.first < fed.count;
}

void ExecutionGraph::update_consumers(Position producer) {
  const auto told = uninformed_.extract(execution(producer).id());
  if (told.empty()) return;
  for (const Position consumer : told.mapped()) {
    const Execution& task = execution(consumer);
    if (is_terminal(task.state())) continue;
    for (const IntermediateResult& result : vertices_[producer.vertex].results()) {
      if (!reads(consumer, result, producer.subtask)) continue;
      effects_.push_back(effects::UpdatePartitionInfo{
          .attempt = task.id(),
          .slot = task.slot(),
          .channel =
              describe_channel(result, producer.subtask, execution(producer), task, consumer.subtask)});
    }
  }
}

void ExecutionGraph::on_partition_consumable(const ResultPartitionId& partition, WallTime now) {
  const auto found = attempts_.find(partition.producer);
  // One that has ended is none any more: its end has said as much already.
  if (found == attempts_.end() || status() != JobStatus::Running || !is_lazy()) return;
  const Position producer = found->second;
  if (!execution(producer).has_slot()) return;
  for (const IntermediateResult& result : vertices_[producer.vertex].results()) {
    if (result.data_set().id == partition.data_set && !result.is_blocking())
      return schedule_or_update(producer, result, now);
  }
}

void ExecutionGraph::schedule_consumers(Position producer, WallTime now) {
  if (status() != JobStatus::Running) return;
  const auto& subtasks = vertices_[producer.vertex].subtasks();
  const auto has_finished = [](const ExecutionVertex& subtask) {
    return subtask.current().state() == ExecutionState::Finished;
  };
  for (const IntermediateResult& result : vertices_[producer.vertex].results()) {
    if (!result.is_blocking()) {
      if (is_lazy()) schedule_or_update(producer, result, now);
    } else if (std::all_of(subtasks.begin(), subtasks.end(), has_finished)) {
      schedule_readers(result, now);
    }
  }
}

void ExecutionGraph::schedule_or_update(Position producer, const IntermediateResult& result, WallTime now) {
  update_consumers(producer);
  const std::size_t reader = readers_.at(result.data_set().id);
  if (!may_read(reader)) return;  // comes when it may
  const SubtaskRange consumers = result.consumers_of(producer.subtask);
  std::vector<Position> due;
  for (std::uint32_t i = 0; i < consumers.count; ++i) due.push_back({reader, consumers.first + i});
  schedule_tasks(due, now);
}

void ExecutionGraph::schedule_readers(const IntermediateResult& result, WallTime now) {
  const std::size_t reader = readers_.at(result.data_set().id);
  std::vector<std::size_t> together = {reader};
  if (!is_lazy()) together = regions_.members(regions_.region_of(reader));
  if (!std::all_of(together.begin(), together.end(), [&](auto each) { return may_read(each); })) return;
  std::vector<Position> due;
  for (const std::size_t vertex : together) append_tasks(vertex, due);
  schedule_tasks(due, now);
}

bool ExecutionGraph::may_read(std::size_t vertex) const {
  const auto& inputs = vertices_[vertex].inputs();
  return std::all_of(inputs.begin(), inputs.end(), [&](const ExecutionJobVertex::Input& input) {
    const ExecutionJobVertex& producer = vertices_[input.producer];
    return !producer.results()[input.result].is_blocking() ||
           producer.aggregate_state() == ExecutionState::Finished;
  });
}

bool ExecutionGraph::is_needed_later(Position finished) const {
  const auto& results = vertices_[finished.vertex].results();
  if (execution(finished).state() != ExecutionState::Finished || status() != JobStatus::Running) return false;
  return std::any_of(results.begin(), results.end(), [&](const IntermediateResult& result) {
    const std::size_t reader = readers_.at(result.data_set().id);
    const SubtaskRange consumers = result.consumers_of(finished.subtask);
    for (std::uint32_t i = consumers.first; i < consumers.first + consumers.count; ++i) {
      if (!execution({reader, i}).has_slot()) return true;
    }
    return false;
  });
}

bool ExecutionGraph::has_sources_to_come() const {
  bool some = false;
  for_each_task([&](Position at) {
    some = some || (vertices_[at.vertex].inputs().empty() && !execution(at).has_slot());
  });
  return some;
}

}  // namespace weir
