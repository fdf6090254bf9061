// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "graph/deployed_round.h"
#include "graph/deployment.h"
#include "messages/archive.h"
#include "messages/job.h"

namespace weir {

/// One who listens to jobs, as the JobManager numbers them.
enum class ClientId : std::uint64_t {};

/// What the JobManager asks of the world. The actor sends mail; a test writes it down.
///
/// Order:   mail to one receiver arrives in the order of the calls.
/// Errors:  mail to a TaskManager that is gone vanishes; its loss is told to the JobManager by itself.
class JobManagerOutbox {
public:
  virtual ~JobManagerOutbox() = default;

  // To a TaskManager.
  /// A refusal, or no answer in time, comes back as on_task_refused().
  virtual void submit_task(TaskManagerId to, const TaskDeploymentDescriptor& task) = 0;
  virtual void cancel_task(TaskManagerId to, ExecutionAttemptId attempt) = 0;
  virtual void stop_task(TaskManagerId to, ExecutionAttemptId attempt) = 0;
  /// Where something is that the attempt reads and that had no place when it was submitted.
  virtual void update_partition(TaskManagerId, ExecutionAttemptId, const InputChannelDescriptor&) {}
  virtual void release_partitions(TaskManagerId to, ExecutionAttemptId attempt) = 0;

  // To a client.
  virtual void tell(ClientId to, const JobStatusChanged& mail) = 0;
  virtual void tell(ClientId to, const ExecutionStateChanged& mail) = 0;
  /// The last word to this client about this job.
  virtual void tell(ClientId to, const JobResult& mail) = 0;

  // To whoever keeps the libraries of programs. In a process that loads them from their paths, nobody does.
  /// The library that a job's program names stays until release_library(). Errors: it is not there.
  [[nodiscard]] virtual Status keep_library(JobId, const std::string&) { return Status::ok(); }
  virtual void release_library(JobId) {}

  // To the job's CheckpointCoordinator: what CheckpointCoordinator wants to know of the job, word by word.
  /// Comes back as on_restored() with that number.
  virtual void request_restore(const JobGraph& job, std::uint64_t number,
                               const std::vector<CheckpointedVertex>& vertices) = 0;
  /// `task_managers`: where the tasks run, in the order of the plan.
  virtual void checkpoint_round_started(JobId, std::uint64_t, const CheckpointPlan&,
                                        const std::vector<TaskManagerId>&) {}
  virtual void checkpointed_task_runs(JobId, ExecutionAttemptId) {}
  virtual void checkpointed_task_finished(JobId, ExecutionAttemptId, const TaskSnapshot&) {}
  virtual void checkpoint_round_ended(JobId, const std::string&) {}
  virtual void checkpoints_over(JobId, JobEnd) {}

  // To whoever keeps jobs.
  /// These attempts are about to be deployed for the job (by us: outbox fills that in). Comes back as
  /// on_round_kept(). False: what is ours ends with us, and nobody is to find its tasks.
  [[nodiscard]] virtual bool keep_round(const DeployedRound&) { return false; }

  // To the archivist, and to itself.
  virtual void archive(const JobDetails& job) = 0;
  /// Comes back as on_start_due(), after whatever is answered now.
  virtual void start_soon(JobId job) = 0;
  /// Comes back as on_restart_due().
  virtual void restart_after(Duration delay, JobId job, std::uint64_t version) = 0;
  /// Comes back as on_adoption_overdue().
  virtual void adoption_due_after(Duration, JobId) {}
  /// Comes back as on_ask_for_state().
  virtual void ask_for_state_after(Duration delay, JobId job, std::uint64_t number) = 0;
  /// Comes back as on_slots_overdue().
  virtual void slots_due_after(Duration delay, JobId job, std::uint64_t version) = 0;
};

}  // namespace weir
