// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/job_manager/adoption.h"
#include "actors/job_manager/outbox.h"
#include "actors/job_manager/running_job.h"
#include "actors/job_manager/scheduler.h"
#include "actors/job_manager/slot_queue.h"
#include "base/ids.h"
#include "base/time.h"
#include "graph/failover.h"
#include "graph/state_defaults.h"
#include "messages/archive.h"
#include "messages/checkpoint.h"
#include "messages/coordination.h"
#include "messages/job.h"
#include "messages/outcome.h"
#include "messages/worker.h"

namespace weir {

/// Takes jobs, and brings each event to the job that it is about. What a job does then is decided by its
/// ExecutionGraph, where its tasks run by the Scheduler.
///
/// Threads: none. One caller at a time: the actor, or a test.
/// Time:    reads no clock; `now` comes with the call.
/// Errors:  a refusal is a reply; a message about a job or an attempt that is not here does nothing.
class JobManager : private AdoptionOutbox {
public:
  struct Options {
    RestartOptions restart;              // of jobs that say nothing else
    StateDefaults state;                 // the same
    Duration slot_request_timeout = 5min;  // a job that may wait for slots fails after it
    /// How long the tasks of a job that was left running are waited for. Zero: they are ended, and jobs start
    /// anew; and they end when we lose the lead.
    Duration adoption_timeout = Duration::zero();
    bool operator==(const Options&) const = default;
  };

  /// `out` outlives this.
  JobManager(Options options, JobManagerOutbox& out) : options_(options), out_(out) {}

  // From clients.
  /// Accepts the job, or says why not: the graph cannot run, or a job of this id is here. Nothing happens to
  /// it before on_kept() or on_not_kept().
  [[nodiscard]] Outcome on_submit(const SubmitJob& mail, ClientId client, WallTime now);
  [[nodiscard]] Outcome on_attach(const AttachToJob& mail, ClientId client);
  [[nodiscard]] Outcome on_cancel(JobId job, WallTime now);
  [[nodiscard]] Outcome on_stop(JobId job, WallTime now);
  /// Whether a savepoint of the job can be asked for. When it is complete, the job goes on, or ends.
  [[nodiscard]] Outcome on_savepoint(const TriggerSavepoint& mail) const;
  /// It listens no longer. Its jobs go on.
  void on_client_gone(ClientId client);

  // From whoever keeps jobs and their checkpoints.
  /// A job that a JobManager before us had accepted. It goes on as it runs, if all tasks of `round` are found
  /// running. Else it starts, as if submitted anew, but waits for slots, and goes on from its latest
  /// checkpoint.
  [[nodiscard]] Outcome on_recovered(JobGraph graph, const DeployedRound& round, WallTime now);
  /// The job survives us, its client knows that it was accepted: it starts with on_start_due().
  void on_kept(JobId job);
  /// The job could not be made to survive us: it is as if it had never been submitted.
  void on_not_kept(JobId job);
  /// What is about to be deployed for the job is on record, or is not.
  void on_round_kept(const DeployedRound& round, const Outcome& kept, WallTime now);
  void on_restored(const RestoredState& mail, WallTime now);
  void on_checkpoints_failed(const FailJob& mail, WallTime now);

  // From itself.
  void on_start_due(JobId job, WallTime now);
  void on_restart_due(JobId job, std::uint64_t version, WallTime now);
  void on_ask_for_state(JobId job, std::uint64_t number);
  void on_slots_overdue(JobId job, std::uint64_t version, WallTime now);
  /// The tasks of a job that was left running were waited for long enough.
  void on_adoption_overdue(JobId job, WallTime now) { adoptions_.on_overdue(job, now); }
  /// Leadership was lost: all jobs are suspended, all TaskManagers forgotten.
  void suspend_all(const std::string& reason, WallTime now);

  // From TaskManagers, and about them.
  void on_task_manager_joined(const RegisterTaskManager& task_manager, WallTime now);
  void on_task_manager_lost(TaskManagerId task_manager, const std::string& reason, WallTime now);
  /// False: nobody waits for this attempt; it should be ended.
  [[nodiscard]] bool on_task_state(const TaskExecutionState& report, WallTime now);
  /// As heartbeats tell it. What nobody waits for is no error here: it ended while the beat was under way.
  void on_task_progress(const std::vector<TaskProgress>& tasks);
  [[nodiscard]] NextInputSplit on_next_input_split(const RequestNextInputSplit& mail);
  void on_partition_consumable(const ScheduleOrUpdateConsumers& mail, WallTime now);
  void on_task_refused(JobId job, ExecutionAttemptId attempt, const Error& cause, WallTime now);

  // What there is to see: of jobs that are not over.
  /// Null: no such job.
  [[nodiscard]] const ExecutionGraph* find(JobId job) const;
  [[nodiscard]] std::optional<JobDetails> details(JobId job) const;
  [[nodiscard]] JobList running_jobs() const;
  [[nodiscard]] Scheduler::Slots slots() const { return scheduler_.slots(); }
  /// Reports of attempts that nobody waited for, and such attempts, of all jobs that ever were here.
  [[nodiscard]] std::uint64_t late_reports() const { return late_reports_ + adoptions_.unwanted(); }

private:
  [[nodiscard]] Outcome accept(const JobGraph& graph, WallTime now);
  [[nodiscard]] RunningJob* running(JobId job);
  /// After each event of a job: it may be over, and others may get its slots.
  void settle(JobId job, WallTime now);
  void forget_if_over(JobId job);
  void serve_waiting(WallTime now);

  // AdoptionOutbox
  void cancel_held(const HeldAttempt& attempt) override {
    out_.cancel_task(attempt.slot.task_manager, attempt.task.attempt);
  }
  void free_held(const AssignedSlot& slot) override { slots_.release(slot); }
  void adopt(JobId job, std::vector<HeldAttempt> attempts, WallTime now) override;
  void start_anew(JobId job, const std::string& why, WallTime now) override;

  const Options options_;
  JobManagerOutbox& out_;
  Scheduler scheduler_;
  SlotQueue slots_{scheduler_};
  std::map<JobId, RunningJob> jobs_;
  Adoptions adoptions_{*this};
  std::uint64_t late_reports_ = 0;
};

}  // namespace weir
