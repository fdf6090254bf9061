// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/task_manager/registration.h"
#include "actors/task_manager/task_runner.h"
#include "base/ids.h"
#include "base/time.h"
#include "messages/checkpoint.h"
#include "messages/outcome.h"
#include "messages/worker.h"

namespace weir {

/// What the TaskManager asks of the world. The actor sends mail; a test writes it down.
class TaskManagerOutbox {
public:
  virtual ~TaskManagerOutbox() = default;

  // To the leader.
  /// Comes back as on_registration_reply(), or not at all.
  virtual void register_at_leader(const RegisterTaskManager& mail) = 0;
  /// Comes back as on_heartbeat_reply(), or not at all.
  virtual void heartbeat(const Heartbeat& mail) = 0;
  /// Comes back as on_report_reply().
  virtual void report(const UpdateTaskExecutionState& mail) = 0;

  // To its own process.
  virtual void registered(InstanceId instance, const ClusterAccess& access) = 0;
  /// Told nothing by the leader for too long. Comes back as on_leader_lost().
  virtual void leader_is_silent(const std::string& reason) = 0;
  /// Nobody took us in for so long that the process should end.
  virtual void give_up(const std::string& reason) = 0;
  /// Call on_tick() then. Several may be under way; an early one does no harm.
  virtual void wake_after(Duration delay) = 0;
};

/// Stands between a leader and the machinery that runs tasks: registers, beats, hands tasks down and their
/// states up.
///
/// Threads: none. One caller at a time: the actor, or a test.
/// Time:    reads no clock; `now` comes with the call and never goes back.
/// Errors:  a task that cannot run is refused by reply. Tasks outlive their leader for `adoption_grace`: the
///          next one is told of them when we register, and says which of them are to end. Those whose leader
///          gave us up, or that no leader came for in time, fail.
class TaskManager {
public:
  struct Options {
    RegisterTaskManager self;
    Registration::Options registration;
    Duration heartbeat_interval = 10s;
    Duration heartbeat_timeout = 50s;  // silence of the leader longer than this means that it is lost
    Duration adoption_grace = Duration::zero();  // how long tasks run without a leader
  };

  /// `tasks` and `out` outlive this.
  TaskManager(Options options, TaskRunner& tasks, TaskManagerOutbox& out)
      : options_(std::move(options)), tasks_(tasks), out_(out), registration_(options_.registration) {}

  // Leadership and registration.
  /// Before anything else: no leader is known.
  void start(TimePoint now);
  void on_new_leader(TimePoint now);
  void on_leader_lost(const std::string& reason, TimePoint now);
  void on_registration_reply(const RegistrationReply& reply, TimePoint now);
  /// The leader gave us up. It may be about an earlier registration: then it means nothing.
  void on_disconnect(const Disconnect& mail, TimePoint now);
  void on_heartbeat_reply(InstanceId instance, const HeartbeatReply& reply, TimePoint now);
  void on_tick(TimePoint now);

  // Tasks.
  [[nodiscard]] Outcome on_submit(const SubmitTask& mail, LeaderSessionId leader);
  void on_cancel(const CancelTask& mail);
  void on_stop(const StopTask& mail);
  void on_partition_update(const UpdatePartitionInfo& mail) { tasks_.update_partitions(mail); }
  void on_release(const ReleasePartitions& mail) { tasks_.release_partitions(mail.attempt); }
  void on_begin(const BeginTask& mail) { tasks_.begin(mail.attempt); }
  void on_trigger_checkpoint(const TriggerCheckpoint& mail);
  void on_checkpoint_complete(const NotifyCheckpointComplete& mail) {
    tasks_.notify_checkpoint_complete(mail);
  }
  void on_checkpoint_aborted(const NotifyCheckpointAborted& mail) { tasks_.notify_checkpoint_aborted(mail); }
  void on_input_split(ExecutionAttemptId attempt, const NextInputSplit& answer) {
    tasks_.on_input_split(attempt, answer);
  }
  void on_task_state(const TaskExecutionState& state);
  /// Refused: the leader does not know the attempt, or did not answer.
  void on_report_refused(ExecutionAttemptId attempt, const std::string& cause);

  /// None: not registered.
  [[nodiscard]] InstanceId instance() const { return instance_; }

private:
  void start_registration(TimePoint now);
  void ask_to_join();
  void wait_for_leader(TimePoint now);
  void beat(TimePoint now);
  /// Of as many tasks as a heartbeat may carry, beginning behind the last one of the beat before.
  [[nodiscard]] std::vector<TaskProgress> some_progress();
  void register_anew(const std::string& reason, TimePoint now);
  /// Nobody takes them over.
  void fail_tasks(const std::string& cause);
  /// Null: it has ended, and whoever had to know it does.
  [[nodiscard]] HeldTask* held(ExecutionAttemptId attempt);
  void forget_ended();

  const Options options_;
  TaskRunner& tasks_;
  TaskManagerOutbox& out_;
  Registration registration_;
  bool has_leader_ = false;
  InstanceId instance_;    // none: not registered
  TimePoint next_beat_{};    // while registered
  TimePoint last_heard_{};   // from the leader, while registered
  ExecutionAttemptId last_told_;  // in a beat that could not carry all tasks

  std::map<ExecutionAttemptId, HeldTask> held_;  // and those that ended while nobody was there to be told
  std::vector<TaskExecutionState> unsaid_;       // since we were registered last
  std::optional<TimePoint> grace_ends_;          // while the tasks have no leader
};

}  // namespace weir
