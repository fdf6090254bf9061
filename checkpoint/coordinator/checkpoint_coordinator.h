// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "checkpoint/coordinator/checkpoint_round.h"
#include "checkpoint/coordinator/pending_checkpoint.h"
#include "checkpoint/coordinator/ports.h"
#include "checkpoint/snapshot/checkpoint_settings.h"
#include "checkpoint/snapshot/completed_checkpoint.h"

namespace weir {

/// Decides when a job takes a checkpoint, who must contribute, when it is complete and how long it is kept.
///
///     order to tasks -> acknowledgements -> all there -> write() -> on_written() -> notify_complete()
///          |                                                 |
///          +-- a task declines, time is up, the round ends   +-- the disk refuses
///              -> what was handed in is deleted, notify_aborted()
///
/// Tasks that have ended contribute the state they ended with. What is being written is neither aborted nor
/// forgotten: a job that restarts meanwhile waits for the outcome, because what a sink commits when the
/// checkpoint completes must not be read again. Who is deposed before that is known lets the job wait: the
/// next leader reads what became of it.
///
/// A round may be adopted: its tasks ran under another leader. That one may have died between completing a
/// checkpoint and telling them, so they are told again; and what was under way then is voided by a later id.
///
/// Tasks of a round may wait when they are open: they are told to begin when all are.
///
/// A savepoint that the job outlives commits nothing: the job may yet fall back behind it. One that ends the
/// job is what it starts from if it fails on its way out.
///
/// Threads: none. One caller at a time: the actor, or a test.
/// Time:    reads no clock; `now` comes with the call. Call on_time() at next_deadline().
/// Errors:  nothing that comes from a task is trusted to be in time, once, or of this round: it is counted
///          and its state deleted.
class CheckpointCoordinator {
public:
  struct Now {
    TimePoint time;
    WallTime wall;  // for people
  };
  struct Options {
    JobId job;
    CheckpointSettings settings;
    std::uint32_t retained = 1;  // completed checkpoints that are kept, at least one
    std::string root;            // of its checkpoints; empty: nothing is ever in a file
  };

  /// `out` outlives this. `recovered`, oldest first: what was completed before, by us or by whom we continue.
  CheckpointCoordinator(Options options, std::vector<CompletedCheckpoint> recovered, CheckpointOutbox& out);

  // From the job.
  void on_round_started(CheckpointPlan plan, Now now);
  void on_task_running(ExecutionAttemptId task, Now now);
  void on_task_finished(ExecutionAttemptId task, const TaskSnapshot& snapshot, Now now);
  /// The job runs no longer: it fails, restarts or ends. All that is not being written is given up.
  void on_round_ended(const std::string& reason);
  /// For good. What is kept then, the settings say.
  void on_job_over(JobEnd end);
  /// The job is about to start. Answered by CheckpointOutbox::restore() or refuse_restore(), once nothing is
  /// being written.
  void request_restore();

  // From tasks.
  void on_acknowledge(ExecutionAttemptId task, CheckpointId checkpoint, const TaskSnapshot& snapshot,
                      Now now);
  void on_decline(ExecutionAttemptId task, CheckpointId checkpoint, const std::string& reason, Now now);

  // From whoever keeps checkpoints.
  void on_id(const Result<CheckpointId>& id, Now now);
  void on_written(CheckpointId checkpoint, const Status& written, Now now);

  // From people and from time.
  /// Answered by CheckpointOutbox::answer(), sooner or later. Waits for no turn.
  void trigger_savepoint(SavepointRequest request);
  void on_time(Now now);
  /// None: nothing is due.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // What there is to see.
  [[nodiscard]] const std::deque<CompletedCheckpoint>& retained() const { return retained_; }
  /// Whether what it wrote is wanted when it ends: by who comes next, or by the user.
  [[nodiscard]] bool keeps_checkpoints() const;
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  /// Acknowledgements and declines of nothing that is under way.
  [[nodiscard]] std::uint64_t late_answers() const { return late_answers_; }

private:
  struct WantedId {
    std::uint64_t round = 0;
    std::optional<SavepointRequest> savepoint;  // none: a checkpoint
    bool only_voids = false;  // what was begun under lower ids; nothing is taken under this one
  };
  using Pending = std::map<CheckpointId, PendingCheckpoint>::iterator;

  void take_over(Now now);
  /// When all are open, if they wait for that.
  void have_tasks_begin();
  void void_older(CheckpointId id);
  void trigger_periodic(Now now);
  void run_queued(Now now);
  void begin(CheckpointId id, std::optional<SavepointRequest> request, Now now);
  void complete_if_all_answered(Pending pending, Now now);
  /// A later one is being written: if that succeeds nobody needs this one any more. Else it is written then,
  /// so that what completes has ever higher numbers.
  [[nodiscard]] bool is_overtaken(Pending pending) const;
  /// Why none can be taken now; empty: it can.
  [[nodiscard]] std::string obstacle() const;

  void on_completed(PendingCheckpoint checkpoint, Now now);
  void run_out(Now now);
  void subsume_before(CheckpointId id);
  void retain(const CompletedCheckpoint& checkpoint);
  /// The checkpoint failed by itself: too many of these fail the job.
  void fail(Pending pending, Error cause, Now now);
  void count_failure(const Error& cause);
  /// One failed, and when all sources have ended sinks wait for one: not for a whole interval.
  void hasten_last(Now now);
  void abort(Pending pending, const Error& cause);
  void abort_all(const Error& cause, bool savepoints_too);
  /// A savepoint that was to end the job will not.
  void undo_ending(const SavepointRequest& request, const Error& cause);
  void resume_periodic(TimePoint now);

  [[nodiscard]] bool is_ours(const CompletedCheckpoint& checkpoint) const;
  [[nodiscard]] bool is_shared_still(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> files_of(const OperatorSnapshot& state) const;
  [[nodiscard]] std::vector<std::string> files_of(const CompletedCheckpoint& checkpoint) const;
  void discard(const CompletedCheckpoint& checkpoint);
  void discard_late(CheckpointId id, const TaskSnapshot& snapshot);
  void drop_oldest();
  void remove(const CompletedCheckpoint& checkpoint);
  void restore_if_settled();

  const Options options_;
  CheckpointOutbox& out_;
  std::deque<CompletedCheckpoint> retained_;  // oldest first
  std::map<CheckpointId, PendingCheckpoint> pending_;
  std::deque<WantedId> wanted_ids_;  // in the order in which they were asked for
  std::optional<CheckpointRound> round_;
  std::uint64_t round_number_ = 0;
  std::optional<TimePoint> next_trigger_;
  std::optional<TimePoint> last_completed_;
  bool is_queued_ = false;  // one is due as soon as there is room
  bool is_ending_ = false;  // a savepoint that ends the job is under way, or complete and cancels it
  bool is_restore_wanted_ = false;
  std::optional<Error> doubt_;  // whether a checkpoint that may be restored was stored
  std::optional<JobEnd> end_;
  std::uint32_t failures_in_a_row_ = 0;
  std::uint64_t late_answers_ = 0;
};

}  // namespace weir
