// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "checkpoint/coordinator/checkpoint_coordinator.h"
#include "checkpoint/coordinator/ports.h"
#include "checkpoint/snapshot/checkpoint_settings.h"
#include "messages/checkpoint.h"
#include "messages/coordination.h"
#include "messages/job.h"

namespace weir {

/// What a CoordinatedJob asks of the world. The actor sends mail; a test writes it down.
///
/// Order:   mail to one receiver arrives in the order of the calls. None calls back before it returns.
/// Errors:  mail to a task that is gone vanishes.
class CoordinatedJobOutbox {
public:
  virtual ~CoordinatedJobOutbox() = default;

  virtual void to_task(const BeginTask& mail) = 0;
  virtual void to_task(const TriggerCheckpoint& mail) = 0;
  virtual void to_task(const NotifyCheckpointComplete& mail) = 0;
  virtual void to_task(const NotifyCheckpointAborted& mail) = 0;

  // To whoever keeps the job's checkpoints; the first four are answered.
  virtual void to_keeper(const RecoverCheckpoints& mail) = 0;
  virtual void to_keeper(const CheckFiles& mail) = 0;
  virtual void to_keeper(const NextCheckpointId& mail) = 0;
  virtual void to_keeper(const WriteCheckpoint& mail) = 0;
  virtual void to_keeper(const RemoveCheckpoint& mail) = 0;
  virtual void to_keeper(const DiscardCheckpoint& mail) = 0;
  virtual void to_keeper(const SweepCheckpoints& mail) = 0;
  virtual void to_keeper(const CloseKeeper& mail) = 0;

  virtual void to_job_manager(const RestoredState& mail) = 0;
  virtual void to_job_manager(const FailJob& mail) = 0;
  virtual void to_job_manager(const CancelJob& mail) = 0;

  /// The only answer to this request.
  virtual void answer(SavepointRequestId request, const SavepointReply& reply) = 0;
  /// Call on_tick() then. Several may be under way; an early one does no harm.
  virtual void wake_at(TimePoint due) = 0;
  /// Nothing is left to do.
  virtual void quit() = 0;
};

/// One job's checkpoints from its first start to its end: finds out what the job goes on from, then lets a
/// CheckpointCoordinator decide.
///
///     asked for state -> recovering -> known: CheckpointCoordinator -> over, nothing is being written: quit
///
/// Threads: none. One caller at a time: the actor, or a test.
/// Time:    reads no clock; `now` comes with the call.
class CoordinatedJob : private CheckpointOutbox {
public:
  using Now = CheckpointCoordinator::Now;
  struct Options {
    CheckpointCoordinator::Options coordinator;
    RestoreSettings restore;
    std::string savepoint_directory;  // where savepoints go whose asker names no place; empty: nowhere
  };

  /// `out` outlives this.
  CoordinatedJob(Options options, CoordinatedJobOutbox& out) : options_(std::move(options)), out_(out) {}

  // From the JobManager.
  void on_restore_wanted(const RequestRestore& mail, Now now);
  void on_round_started(const StartCheckpointRound& mail, Now now);
  void on_task_running(const TaskIsRunning& mail, Now now);
  void on_task_finished(const TaskHasFinished& mail, Now now);
  void on_round_ended(const EndCheckpointRound& mail, Now now);
  void on_close(JobEnd end, Now now);
  // From tasks.
  void on_acknowledge(const AcknowledgeCheckpoint& mail, Now now);
  void on_decline(const DeclineCheckpoint& mail, Now now);
  // From people. The asker numbers the request.
  void on_savepoint(SavepointRequestId request, const TriggerSavepoint& mail, Now now);
  // From the keeper.
  void on_recovered(const RecoveredCheckpoints& mail, Now now);
  void on_files_checked(const FilesChecked& mail, Now now);
  void on_id(const CheckpointIdReply& mail, Now now);
  void on_written(const CheckpointWritten& mail, Now now);
  // From itself.
  void on_tick(Now now);

private:
  // CheckpointOutbox
  void trigger(ExecutionAttemptId task, const CheckpointOrder& order) override;
  void begin(ExecutionAttemptId task) override { out_.to_task(BeginTask{task}); }
  void notify_complete(ExecutionAttemptId task, CheckpointId checkpoint) override {
    out_.to_task(NotifyCheckpointComplete{task, checkpoint});
  }
  void notify_aborted(ExecutionAttemptId task, CheckpointId checkpoint) override {
    out_.to_task(NotifyCheckpointAborted{task, checkpoint});
  }
  void request_id(const std::string& savepoint) override { out_.to_keeper(NextCheckpointId{savepoint}); }
  void write(const CompletedCheckpoint& checkpoint, bool may_be_restored) override {
    out_.to_keeper(WriteCheckpoint{checkpoint, may_be_restored});
  }
  void remove(const CompletedCheckpoint& checkpoint, const std::vector<std::string>& files) override {
    out_.to_keeper(RemoveCheckpoint{checkpoint, files});
  }
  void discard(const std::string& root, const std::string& directory,
               const std::vector<std::string>& files) override {
    out_.to_keeper(DiscardCheckpoint{root, directory, files});
  }
  void sweep() override { out_.to_keeper(SweepCheckpoints{}); }
  void fail_job(const Error& cause) override {
    out_.to_job_manager(FailJob{.job = job(), .round = round_, .cause = cause});
  }
  void answer(SavepointRequestId request, const Result<std::string>& path) override;
  void restore(const CompletedCheckpoint* latest) override;
  void refuse_restore(const Error& cause) override;

  /// Whose files are there.
  void deal(const CompletedCheckpoint* latest);

  // Each is one event of the logic, which may set or move a deadline.
  template <class Event>
  void take(Event&& event) {
    if (!logic_) return;
    event(*logic_);
    arm();
    quit_if_done();
  }
  using RoundEvent = std::function<void(CheckpointCoordinator& logic, Now now)>;
  /// What happens to a round of attempts, now or as soon as it is known what the job goes on from: tasks that
  /// a leader found running do not wait for that.
  void of_round(RoundEvent event, Now now);
  void recover();
  void arm();
  void quit_if_done();
  [[nodiscard]] Result<SavepointRequest> request_of(SavepointRequestId id,
                                                    const TriggerSavepoint& mail) const;
  [[nodiscard]] JobId job() const { return options_.coordinator.job; }

  const Options options_;
  CoordinatedJobOutbox& out_;
  std::optional<CheckpointCoordinator> logic_;  // none: it is not known yet what the job goes on from
  bool is_recovering_ = false;
  std::vector<RoundEvent> early_;         // of the round that there is, before logic_
  std::optional<RequestRestore> wanted_;  // the latest
  bool tasks_wait_ = false;               // of what was said to it
  bool is_just_read_ = false;             // what it goes on from, with all files that it names
  std::optional<JobEnd> end_;
  std::uint64_t round_ = 0;
  std::map<SavepointRequestId, AfterSavepoint> asked_;  // what becomes of the job then
  std::optional<TimePoint> armed_;                      // a tick comes then
};

}  // namespace weir
