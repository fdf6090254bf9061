// SPDX-License-Identifier: Apache-2.0
// Random lives: a cluster that refuses, dies, and reports late, twice or nonsense. Whatever happens, slots
// balance, no attempt is deployed twice, and a job whose tasks have ended has ended, too.
#include <random>
#include <set>

#include "test/unit/graph/running_job.h"

namespace weir {
using namespace testing;
using enum ExecutionState;
namespace {

class RandomCluster {
public:
  explicit RandomCluster(std::uint64_t seed)
      : random_(seed),
        graph_(*ExecutionGraph::build(
            any_job(),
            {.restart_strategy = make_restart_strategy(
                 {.kind = RestartOptions::Kind::FixedDelay, .attempts = pick(4), .delay = 1s}),
             .new_attempt_id =
                 [next = std::uint64_t{0}]() mutable {
                   return ExecutionAttemptId{0, ++next};
                 }},
            now_)) {
    graph_.schedule(now_);
    carry_out();
  }

  void live() {
    for (int step = 0; step < 200 && !is_terminal(graph_.status()); ++step) {
      now_ += std::chrono::milliseconds(1);
      happen();
      carry_out();
    }
    graph_.cancel(now_);
    carry_out();
    while (!running_.empty()) report(*running_.begin(), Canceled);
    check_end();
  }

private:
  /// Two vertices, or three of which the last may have to wait.
  JobGraph any_job() {
    StreamGraphBuilder program = word_count(1 + pick(3), 1 + pick(3));
    if (pick(2) == 0) program.settings().schedule_mode = ScheduleMode::LazyFromSources;
    if (pick(2) == 0) {
      const auto kind = pick(2) == 0 ? ExchangeMode::Blocking : ExchangeMode::Pipelined;
      StreamNode last = sink("last");
      last.parallelism = 1 + pick(3);
      const auto read = program.add_exchange(StreamNodeId{2 + 2 * static_cast<int>(pick(2))}, kind);
      then(program, program.add_partition(read, Partitioning::Rebalance), std::move(last));
    }
    return job_of(program);
  }

  std::uint32_t pick(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  void happen() {
    switch (pick(20)) {
      case 0: return graph_.fail_global({ErrorCode::TaskFailed, "global", Blame::Bug, Retry::Later}, now_);
      case 1: return pick(10) == 0 ? graph_.cancel(now_) : void();
      case 2: return pick(10) == 0 ? graph_.suspend({ErrorCode::NotLeader, "lost"}, now_) : void();
      case 3: return lose(RunningJob::manager(pick(3)));
      case 4: return graph_.on_restart_due(pick(4), now_);
      case 5:
        return graph_.on_slots_refused(pick(4), {ErrorCode::NotEnoughSlots, "none", {}, Retry::Later}, now_);
      case 6: return deployed_.empty() ? void() : refuse(any(deployed_));
      case 7:
        return deployed_.empty() ? void()
                                 : void(graph_.on_task_state(said(any(deployed_), any_state()), now_));
      case 8: return (void)graph_.stop();
      case 10: return deployed_.empty() ? void() : tell_consumable(any(deployed_));
      case 9: return deployed_.empty() ? void() : (void)graph_.next_input_split(any(deployed_));
      default: return progress();
    }
  }

  void tell_consumable(ExecutionAttemptId attempt) {
    const auto& vertex = graph_.vertices()[pick(static_cast<std::uint32_t>(graph_.vertices().size()))];
    for (const IntermediateResult& result : vertex.results())
      graph_.on_partition_consumable(
          {.data_set = result.data_set().id, .partition = pick(3), .producer = attempt}, now_);
  }

  /// What an orderly cluster would do next.
  void progress() {
    if (open_request_) return assign();
    if (due_version_ && pick(2) == 0) return graph_.on_restart_due(*std::exchange(due_version_, {}), now_);
    if (running_.empty()) return;
    const ExecutionAttemptId attempt = any(running_);
    if (pick(3) == 0) return void(graph_.on_task_state(said(attempt, Running), now_));
    report(attempt, cancelled_.contains(attempt) ? Canceled : pick(15) == 0 ? Failed : Finished);
  }

  void assign() {
    std::vector<AssignedSlot> slots;
    for (const SlotRequest& request : open_request_->requests) {
      AssignedSlot slot = RunningJob::slot(request.vertex.subtask);
      slot.allocation.high = 100 + open_request_->version;
      held_.insert(slot.allocation);
      slots.push_back(std::move(slot));
    }
    graph_.on_slots_assigned(std::exchange(open_request_, {})->version, std::move(slots), now_);
  }

  void lose(TaskManagerId manager) {
    std::erase_if(running_, [&](ExecutionAttemptId attempt) { return where_.at(attempt) == manager; });
    graph_.on_task_manager_lost(manager, "killed", now_);
  }

  void refuse(ExecutionAttemptId attempt) {
    running_.erase(attempt);
    graph_.on_deploy_failed(attempt, {ErrorCode::Refused, "refused", Blame::Environment, Retry::Later}, now_);
  }

  void report(ExecutionAttemptId attempt, ExecutionState end) {
    running_.erase(attempt);
    graph_.on_task_state(said(attempt, end), now_);
    carry_out();
  }

  TaskExecutionState said(ExecutionAttemptId attempt, ExecutionState state) const {
    return {.job = graph_.job_graph().id,
            .attempt = attempt,
            .state = state,
            .failure = state == Failed ? "x" : ""};
  }
  ExecutionState any_state() { return static_cast<ExecutionState>(pick(9)); }
  ExecutionAttemptId any(const std::set<ExecutionAttemptId>& attempts) {
    return *std::next(attempts.begin(), pick(static_cast<std::uint32_t>(attempts.size())));
  }

  void carry_out() {
    for (const Effect& effect : graph_.take_effects()) {
      std::visit([this](const auto& e) { on(e); }, effect);
    }
  }
  void on(const effects::RequestSlots& e) { open_request_ = e; }
  void on(const effects::DeployTask& e) {
    REQUIRE(deployed_.insert(e.task.attempt).second);
    REQUIRE(held_.contains(e.slot.allocation));
    running_.insert(e.task.attempt);
    where_[e.task.attempt] = e.slot.task_manager;
    for (const InputGateDescriptor& gate : e.task.inputs) {
      for (const InputChannelDescriptor& channel : gate.channels) {
        if (channel.location == Unknown) REQUIRE(untold_.insert({e.task.attempt, channel.partition}).second);
      }
    }
  }
  void on(const effects::UpdatePartitionInfo& e) {
    REQUIRE(untold_.erase({e.attempt, e.channel.partition}) == 1);
    REQUIRE(e.channel.location != Unknown);
  }
  void on(const effects::CancelTask& e) { cancelled_.insert(e.attempt); }
  void on(const effects::StopTask& e) { REQUIRE(deployed_.contains(e.attempt)); }
  void on(const effects::ReleasePartitions& e) { REQUIRE(deployed_.contains(e.attempt)); }
  void on(const effects::ReleaseSlot& e) { REQUIRE(held_.erase(e.slot.allocation) == 1); }
  void on(const effects::ScheduleRestart& e) { due_version_ = e.version; }
  void on(const effects::JobStatusChanged& e) {
    REQUIRE(e.from == told_);
    REQUIRE(may_move(e.from, e.to));
    told_ = e.to;
  }
  void on(const effects::TaskStateChanged& e) { REQUIRE(may_move(e.from, e.to)); }

  void check_end() {
    if (open_request_) assign();  // too late
    carry_out();
    REQUIRE(is_terminal(graph_.status()));
    REQUIRE(told_ == graph_.status());
    REQUIRE(held_.empty());
    REQUIRE((graph_.status() != JobStatus::Finished || is_all_told()));
    for (const ExecutionJobVertex& vertex : graph_.vertices()) {
      for (const ExecutionVertex& subtask : vertex.subtasks())
        REQUIRE(is_terminal(subtask.current().state()));
    }
  }

  /// Whoever finished knew what to read.
  [[nodiscard]] bool is_all_told() const {
    for (const auto& [consumer, partition] : untold_) {
      for (const ExecutionJobVertex& vertex : graph_.vertices()) {
        for (const ExecutionVertex& subtask : vertex.subtasks())
          if (subtask.current().id() == consumer) return false;
      }
    }
    return true;
  }

  static constexpr auto Unknown = InputChannelDescriptor::Location::Unknown;
  std::mt19937_64 random_;
  WallTime now_{};
  ExecutionGraph graph_;
  std::optional<effects::RequestSlots> open_request_;
  std::optional<std::uint64_t> due_version_;
  std::set<ExecutionAttemptId> deployed_;   // ever
  std::set<ExecutionAttemptId> running_;    // on the cluster
  std::set<ExecutionAttemptId> cancelled_;  // asked to end
  std::map<ExecutionAttemptId, TaskManagerId> where_;
  std::set<AllocationId> held_;  // slots that the job has
  std::set<std::pair<ExecutionAttemptId, ResultPartitionId>> untold_;  // whose place a task does not know
  JobStatus told_ = JobStatus::Created;
};

}  // namespace

TEST_CASE("whatever the cluster does, a job ends with all its slots given back") {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    CAPTURE(seed);
    RandomCluster(seed).live();
  }
}

}  // namespace weir
