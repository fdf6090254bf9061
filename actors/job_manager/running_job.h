// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/job_manager/adoption.h"
#include "actors/job_manager/outbox.h"
#include "actors/job_manager/slot_queue.h"
#include "base/time.h"
#include "graph/execution_graph.h"
#include "messages/archive.h"
#include "messages/coordination.h"
#include "messages/job.h"

namespace weir {

/// A job that is not over: hands events to its ExecutionGraph and carries out the effects. Before each round
/// of attempts it asks what state the tasks start with; it tells the CheckpointCoordinator of the round.
///
/// Threads: none. One caller at a time: the JobManager.
/// Order:   when a call returns, all effects of its event are carried out; if the job is over, then all of
///          its slots are free and its clients know the result.
class RunningJob {
public:
  /// `slots` and `out` outlive this. After `slot_timeout` the job waits for slots no longer and fails.
  RunningJob(ExecutionGraph graph, SlotQueue& slots, Duration slot_timeout, JobManagerOutbox& out)
      : graph_(std::move(graph)), slots_(slots), slot_timeout_(slot_timeout), out_(out) {}

  void add_client(ClientId client, ListeningBehaviour listening);
  void remove_client(ClientId client);

  /// From whoever knows the job's checkpoints.
  void on_restored(const RestoredState& mail, WallTime now);
  /// Nothing happens unless that request was the latest and could not be answered.
  void on_ask_for_state(std::uint64_t number);
  void on_checkpoints_failed(const FailJob& mail, WallTime now);
  /// What is about to be deployed is on record, or is not.
  void on_round_kept(RoundId attempts, const Outcome& kept, WallTime now);

  /// Before schedule(): its tasks may run already, as a JobManager before us left them. Then it begins with
  /// adopt() or start_anew(), not by itself.
  void await_adoption() { awaits_adoption_ = true; }
  [[nodiscard]] bool awaits_adoption() const {
    return awaits_adoption_ && graph_.status() == JobStatus::Created;
  }
  /// All of its tasks, in the order of the graph. What it goes on from is known.
  void adopt(const std::vector<HeldAttempt>& tasks, WallTime now);
  void start_anew(WallTime now);

  // The events of ExecutionGraph, word by word.
  void schedule(WallTime now);
  void cancel(WallTime now);
  [[nodiscard]] Status stop(WallTime now);
  /// `leaves_tasks`: they may be the next leader's.
  void suspend(const Error& cause, bool leaves_tasks, WallTime now);
  [[nodiscard]] bool on_task_state(const TaskExecutionState& report, WallTime now);
  void on_task_progress(const TaskProgress& progress) { graph_.on_task_progress(progress); }
  [[nodiscard]] Result<std::optional<std::string>> next_input_split(ExecutionAttemptId attempt) {
    return graph_.next_input_split(attempt);
  }
  void on_task_refused(ExecutionAttemptId attempt, const Error& cause, WallTime now);
  void on_task_manager_lost(TaskManagerId task_manager, const std::string& cause, WallTime now);
  void on_restart_due(std::uint64_t version, WallTime now);
  void on_partition_consumable(const ResultPartitionId& partition, WallTime now);
  void on_slots_granted(SlotQueue::Grant grant, WallTime now);
  /// Nothing happens unless it waits for slots of this version.
  void on_slots_overdue(std::uint64_t version, WallTime now);

  [[nodiscard]] const ExecutionGraph& graph() const { return graph_; }
  /// Slots, or state that cannot be read now, in words; empty: nothing.
  [[nodiscard]] std::string waiting_for() const;
  [[nodiscard]] bool is_over() const { return is_terminal(graph_.status()); }

private:
  struct Client {
    ClientId id;
    ListeningBehaviour listening;
  };

  void carry_out_effects(WallTime now);
  void request_restore();
  [[nodiscard]] std::vector<std::vector<TaskRestore>> restores_of(const RestoredState& mail) const;
  void wait_for_state(const Error& cause, WallTime now);
  /// Once all tasks were deployed, checkpoints may begin.
  void start_checkpoints_if_deployed();
  void end_checkpoints(const effects::JobStatusChanged& change);
  /// Once the round is on record.
  void answer(const effects::RequestSlots& request, WallTime now);
  [[nodiscard]] bool is_being_kept(const effects::RequestSlots& request);
  void find_slots(const effects::RequestSlots& request, WallTime now);
  void wait_for_slots(const effects::RequestSlots& request, WallTime now);
  /// For good: what could not be had at the start, or for so long, is no failure of the job's tasks.
  void refuse_slots(std::uint64_t version, Error cause, WallTime now);
  void tell(const JobStatusChanged& mail);
  void tell_result();

  // One a kind of effect; a request for slots is answered when the effects beside it are carried out.
  void carry_out(const effects::RequestSlots& effect) { open_request_ = effect; }
  void carry_out(const effects::DeployTask& effect);
  void carry_out(const effects::UpdatePartitionInfo& effect);
  void carry_out(const effects::CancelTask& effect);
  void carry_out(const effects::StopTask& effect);
  void carry_out(const effects::ReleasePartitions& effect);
  void carry_out(const effects::ReleaseSlot& effect) { slots_.release(effect.slot); }
  void carry_out(const effects::ScheduleRestart& effect);
  void carry_out(const effects::JobStatusChanged& effect);
  void carry_out(const effects::TaskStateChanged& effect);

  ExecutionGraph graph_;
  SlotQueue& slots_;
  const Duration slot_timeout_;
  JobManagerOutbox& out_;
  std::vector<Client> clients_;
  std::optional<effects::RequestSlots> open_request_;
  std::optional<effects::RequestSlots> unkept_request_;  // waits until its round is on record
  RoundId round_id_;                                     // the latest that is on record, or was asked to be
  std::uint64_t restore_number_ = 0;          // of the latest request
  std::optional<std::uint64_t> restart_due_;  // the version that waits for its state; none: the first start
  bool awaits_state_ = false;
  bool awaits_adoption_ = false;
  bool is_state_known_ = false;  // of the first start
  bool is_adopted_ = false;      // the current round
  bool leaves_tasks_ = false;
  std::string unreadable_;  // why the state that it awaits cannot be had now; empty: it can
  std::uint64_t round_ = 0;
  bool is_round_told_ = false;
  bool result_is_told_ = false;
};

/// All there is to see of the job.
[[nodiscard]] JobDetails describe(const ExecutionGraph& graph);

}  // namespace weir
