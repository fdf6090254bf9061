// SPDX-License-Identifier: Apache-2.0
// What becomes of tasks that a JobManager before us left running.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "graph/deployed_round.h"
#include "graph/execution_effects.h"
#include "messages/worker.h"

namespace weir {

/// A task that a TaskManager brought along when it registered, and the slot that it is in.
struct HeldAttempt {
  HeldTask task;
  AssignedSlot slot;
  bool operator==(const HeldAttempt&) const = default;
};

struct AdoptionVerdict {
  enum class Kind : std::uint8_t {
    Wait,      // some may yet be found
    Adopt,     // all of them run, and they are the right ones
    StartAnew  // something disagrees, and nothing that may still come will mend it
  };
  Kind kind = Kind::Wait;
  std::string why;  // it is not Adopt
  bool operator==(const AdoptionVerdict&) const = default;
};

/// Whether a job can be taken over as it runs: `round` was deployed for it last of all, and each of its tasks
/// runs. What `held` has of other rounds is of no account.
[[nodiscard]] AdoptionVerdict judge_adoption(const JobGraph& job, const DeployedRound& round,
                                             const std::vector<HeldAttempt>& held);

/// What Adoptions asks of the JobManager.
///
/// Order:   called back from within the call of Adoptions that caused it, as its last step for that job.
class AdoptionOutbox {
public:
  virtual ~AdoptionOutbox() = default;
  /// Its end comes as Adoptions::on_task_state().
  virtual void cancel_held(const HeldAttempt& attempt) = 0;
  /// The last task there has ended.
  virtual void free_held(const AssignedSlot& slot) = 0;
  /// By vertex and subtask, in the order of the graph. They are the job's from here on.
  virtual void adopt(JobId job, std::vector<HeldAttempt> attempts, WallTime now) = 0;
  /// None of its tasks runs any more.
  virtual void start_anew(JobId job, const std::string& why, WallTime now) = 0;
};

/// Holds what TaskManagers have brought along until each task is adopted by its job or has ended. A job that
/// was recovered is adopted as soon as all of its tasks were found running. If something disagrees, or they
/// are not found in time, those that were found are ended first, then it starts anew.
///
///     gathering --all found, state known--> adopted
///         |
///         +--a task has ended, is another's, is missing in the end--> ending --all ended--> starts anew
///
/// Tasks of jobs that await none are ended at once.
///
/// Threads: none. One caller at a time: the JobManager.
/// Time:    reads no clock; on_overdue() comes from whoever has one.
class Adoptions {
public:
  /// `out` outlives this.
  explicit Adoptions(AdoptionOutbox& out) : out_(out) {}

  /// The job was recovered: `round` was deployed for it last of all.
  void await(const JobGraph& job, const DeployedRound& round);
  /// What the job goes on from is known: it can be adopted.
  void on_state_known(JobId job, WallTime now);
  /// A TaskManager joined with these.
  void on_joined(std::vector<HeldAttempt> attempts, WallTime now);
  /// False: it is none of those that are held.
  [[nodiscard]] bool on_task_state(const TaskExecutionState& report, WallTime now);
  void on_task_manager_lost(TaskManagerId task_manager, WallTime now);
  /// The tasks of that job were waited for long enough.
  void on_overdue(JobId job, WallTime now);
  /// The job awaits none any more: it is over, or goes its own way. What is held of it is ended.
  void give_up(JobId job);
  /// Nobody is told: leadership was lost.
  void forget_all();

  [[nodiscard]] bool awaits(JobId job) const { return waiting_.contains(job); }
  /// Tasks that have not ended, of all jobs.
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  /// Tasks that were ever brought though no job awaited them: of a TaskManager that had been given up, say.
  [[nodiscard]] std::uint64_t unwanted() const { return unwanted_; }

private:
  struct Waiting {
    JobGraph job;
    DeployedRound round;
    bool is_state_known = false;
    std::string start_anew_because;  // empty: it is gathering
  };

  void decide(JobId job, WallTime now);
  void refuse(JobId job, std::string why, WallTime now);
  void start_if_all_ended(JobId job, WallTime now);
  void cancel_all_of(JobId job);
  /// The attempt ends, as far as slots and tables go.
  void drop(ExecutionAttemptId attempt);
  [[nodiscard]] std::vector<HeldAttempt> held_of(JobId job) const;

  AdoptionOutbox& out_;
  std::map<JobId, Waiting> waiting_;
  std::map<ExecutionAttemptId, HeldAttempt> held_;
  std::uint64_t unwanted_ = 0;
};

}  // namespace weir
