// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "graph/deployed_round.h"
#include "graph/execution_effects.h"
#include "graph/execution_state.h"
#include "graph/execution_vertex.h"
#include "graph/failover.h"
#include "graph/input_split_assigner.h"
#include "graph/job_graph.h"
#include "graph/pipelined_regions.h"

namespace weir {

/// Why a job fails: the first failure of a round of attempts. Those that follow from it are not kept.
struct JobFailure {
  Error error;
  std::string task;          // "Keyed Sum (2/4)"; empty: it was no task
  std::string data_address;  // of the TaskManager on which the task ran; empty: it had no slot
  WallTime at;
  bool operator==(const JobFailure&) const = default;
};

/// How far a job has come, apart from its tasks.
struct JobProgress {
  JobStatus status = JobStatus::Created;
  std::array<WallTime, 9> entered{};  // when a status was entered, by JobStatus; the epoch if it never was
  std::optional<JobFailure> failure;  // of the latest round that failed; kept through a restart
  std::uint64_t version = 0;  // grows with each cancel, global failure, suspension and further slot request
  std::uint32_t restarts = 0;
  std::uint64_t late_reports = 0;  // of attempts that had ended or were never ours
};

/// A job in execution: the JobManager's picture of every task, and the rules by which the job goes on.
/// Events go in, effects come out; it sends nothing and waits for nothing.
///
///     schedule() -> RequestSlots -> on_slots_assigned() -> DeployTask for each, producers first
///     all producers of a blocking exchange finish -> RequestSlots for what reads it -> ...
///     a task fails -> CancelTask for the others -> all ended -> ScheduleRestart -> on_restart_due()
///
/// Threads: none. One caller at a time: the JobManager actor, or a test.
/// Order:   after each event take_effects() and carry them out in order, before the next event.
/// Time:    reads no clock; `now` comes with the call.
/// Errors:  what comes from outside is never trusted: reports of unknown attempts are counted and refused,
///          answers to an outdated request are ignored (their slots go back), a report that its attempt
///          cannot make fails the job.
class ExecutionGraph {
public:
  struct Options {
    std::shared_ptr<RestartStrategy> restart_strategy;  // null: never restart
    std::function<ExecutionAttemptId()> new_attempt_id = &ExecutionAttemptId::random;
  };

  /// Fails as validate() does.
  [[nodiscard]] static Result<ExecutionGraph> build(JobGraph graph, Options options, WallTime now);

  /// What the tasks of the next round start with.
  struct Restore {
    std::vector<std::vector<TaskRestore>> tasks;  // by vertex and subtask
    std::vector<std::uint32_t> max_parallelism;   // by vertex
  };

  // Events. None throws, none is an error in any status: what no longer matters does nothing.

  /// Before schedule() or on_restart_due(): the tasks that follow start from there. All of the job's vertices
  /// and subtasks, in order.
  void start_from(Restore restore);
  /// Starts a job that was just built: all tasks that need not wait for others, or none.
  void schedule(WallTime now);
  /// An attempt that a JobManager before us deployed, and that runs.
  struct RunningAttempt {
    ExecutionAttemptId attempt;
    AssignedSlot slot;
  };
  /// Instead of schedule(): the tasks of a job that was just built run already, all of them, as its attempt
  /// number so. By vertex and subtask, in order.
  void adopt(std::uint32_t attempt_number, const std::vector<std::vector<RunningAttempt>>& tasks,
             WallTime now);
  /// `slots` answers the requests one by one.
  void on_slots_assigned(std::uint64_t version, std::vector<AssignedSlot> slots, WallTime now);
  void on_slots_refused(std::uint64_t version, Error cause, WallTime now);
  /// False: nobody waits for this attempt. A TaskManager that still runs it should end it.
  bool on_task_state(const TaskExecutionState& report, WallTime now);
  /// The TaskManager refused the task or did not answer.
  void on_deploy_failed(ExecutionAttemptId attempt, Error cause, WallTime now);
  /// Every task there is gone.
  void on_task_manager_lost(TaskManagerId task_manager, const std::string& cause, WallTime now);
  void on_restart_due(std::uint64_t version, WallTime now);
  /// There is something to read in a pipelined partition of a job that is scheduled lazily: its consumers are
  /// scheduled, or told where it is.
  void on_partition_consumable(const ResultPartitionId& partition, WallTime now);
  /// What an attempt has counted so far. One that has ended has said more already.
  void on_task_progress(const TaskProgress& progress);
  void cancel(WallTime now);
  /// Asks all sources to end, so that the job finishes. Refused as may_stop() says.
  [[nodiscard]] Status stop();
  /// Whether all sources can be asked to end: the job runs, and each of them asks whether it should.
  [[nodiscard]] Status may_stop() const;
  /// Fails the job as a whole. A cause with Retry::Never is not restarted, whatever the strategy says.
  void fail_global(Error cause, WallTime now);
  /// Leadership was lost: ends all tasks, waits for none. The job lives on elsewhere.
  void suspend(Error cause, WallTime now);

  /// The contents of the next split for an attempt that runs; nothing: there are no more. What an attempt was
  /// given it reads to its end, or the job restarts and all splits are handed out anew. Refused if nobody
  /// waits for the attempt.
  [[nodiscard]] Result<std::optional<std::string>> next_input_split(ExecutionAttemptId attempt);

  /// The effects since the last call, in order.
  [[nodiscard]] std::vector<Effect> take_effects();

  // What there is to see.

  [[nodiscard]] const JobGraph& job_graph() const { return graph_; }
  [[nodiscard]] const JobProgress& progress() const { return progress_; }
  [[nodiscard]] JobStatus status() const { return progress_.status; }
  /// Whether on_restart_due() with this version would start the next round.
  [[nodiscard]] bool awaits_restart(std::uint64_t version) const {
    return status() == JobStatus::Restarting && version == progress_.version;
  }
  /// Whether every task of the round has a slot.
  [[nodiscard]] bool is_deployed() const;
  /// The current attempts.
  [[nodiscard]] AttemptTable attempts() const;
  /// In the order of the JobGraph: producers before consumers.
  [[nodiscard]] const std::vector<ExecutionJobVertex>& vertices() const { return vertices_; }
  /// What the user's functions counted, summed over the current attempts of all subtasks.
  [[nodiscard]] std::map<std::string, std::int64_t> accumulators() const;

private:
  struct Position {
    std::size_t vertex = 0;
    std::uint32_t subtask = 0;
    auto operator<=>(const Position&) const = default;
  };

  ExecutionGraph(JobGraph graph, Options options, WallTime now);

  void build_vertices(WallTime now);
  [[nodiscard]] ExecutionAttemptId new_attempt(Position at);

  // execution_graph.cpp: the life of the job.
  void move_job(JobStatus to, WallTime now);
  void fail(JobFailure failure);
  /// Ends all tasks, unless that was begun already.
  void end_round(JobStatus to, WallTime now);
  /// Once the last attempt has ended, the job moves on.
  void settle(WallTime now);
  void restart_or_fail(WallTime now);
  void begin_next_round(WallTime now);

  // execution_graph_scheduling.cpp: which task gets a slot, and when.
  /// Those of `due` that were not scheduled yet ask for slots, as soon as no other request is open.
  void schedule_tasks(const std::vector<Position>& due, WallTime now);
  void request_slots();
  [[nodiscard]] bool awaits_slots(std::uint64_t version) const;
  [[nodiscard]] SlotRequest request_of(Position at, const std::map<Position, std::uint32_t>& requests) const;
  [[nodiscard]] std::vector<SlotHolder> slot_holders() const;
  void deploy(const std::vector<Position>& tasks, std::vector<AssignedSlot> slots, WallTime now);
  /// Keeps in mind which producers it does not know the place of.
  void note_unknown_producers(Position consumer);
  [[nodiscard]] bool reads(Position consumer, const IntermediateResult& result,
                           std::uint32_t partition) const;
  /// Tells those who were deployed before `producer` had a slot where it is.
  void update_consumers(Position producer);
  void schedule_consumers(Position producer, WallTime now);
  void schedule_or_update(Position producer, const IntermediateResult& result, WallTime now);
  /// All that read a blocking result which is whole, as far as they wait for no other one.
  void schedule_readers(const IntermediateResult& result, WallTime now);
  /// Whether all that the vertex reads from blocking exchanges was written.
  [[nodiscard]] bool may_read(std::size_t vertex) const;
  [[nodiscard]] bool is_lazy() const { return graph_.schedule_mode == ScheduleMode::LazyFromSources; }
  void append_tasks(std::size_t vertex, std::vector<Position>& tasks) const;
  /// Whether a task that is not deployed yet is to read what this one wrote.
  [[nodiscard]] bool is_needed_later(Position finished) const;
  [[nodiscard]] bool has_sources_to_come() const;

  // execution_graph_tasks.cpp: the lives of its tasks.
  void move_task(Position at, ExecutionState to, WallTime now);
  void cancel_task(Position at, WallTime now);
  void stop_task(Position at);
  bool on_running(Position at, WallTime now);
  void on_finished(Position at, WallTime now);
  void on_canceled(Position at, WallTime now);
  void on_failed(Position at, Error cause, WallTime now);
  /// Ends an attempt that will say no more. Whether the job must hear of it: not if it was to end anyway.
  bool end_failed(Position at, const std::string& cause, WallTime now);
  void leave_slot(const AssignedSlot& slot);
  [[nodiscard]] JobFailure failure_of(Position at, Error cause, WallTime now) const;

  template <class Visit>
  void for_each_task(Visit visit) const {
    for (std::size_t vertex = 0; vertex < vertices_.size(); ++vertex) {
      const auto parallelism = static_cast<std::uint32_t>(vertices_[vertex].subtasks().size());
      for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) visit(Position{vertex, subtask});
    }
  }
  [[nodiscard]] Execution& execution(Position at) {
    return vertices_[at.vertex].subtasks()[at.subtask].current();
  }
  [[nodiscard]] const Execution& execution(Position at) const {
    return vertices_[at.vertex].subtasks()[at.subtask].current();
  }

  JobGraph graph_;
  Options options_;
  JobProgress progress_;
  std::vector<ExecutionJobVertex> vertices_;
  std::unordered_map<ExecutionAttemptId, Position> attempts_;  // those that have not ended
  std::map<AllocationId, std::uint32_t> slot_users_;           // attempts that hold a slot and have not ended
  std::map<std::size_t, InputSplitAssigner> splits_;           // by vertex: of sources that have some
  PipelinedRegions regions_;
  std::map<IntermediateDataSetId, std::size_t> readers_;  // by what they read: vertices

  std::vector<std::vector<TaskRestore>> restore_;  // by vertex and subtask; empty: from nothing

  // Of the current round.
  bool has_requested_ = false;
  std::vector<Position> requested_;  // of the open request
  std::vector<Position> due_;        // of the next one
  std::map<ExecutionAttemptId, std::vector<Position>> uninformed_;  // by producer: consumers

  std::vector<Effect> effects_;
};

}  // namespace weir
