// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "actors/system/fence.h"
#include "actors/task_manager/task_manager.h"
#include "messages/checkpoint.h"
#include "messages/worker.h"
#include "test/sim/cluster.h"
#include "test/sim/follower.h"
#include "test/sim/mailbox.h"
#include "test/sim/tasks.h"

namespace weir::sim {

/// The process of a TaskManager: the real TaskManager, in a skin that is made of events.
class TaskManagerNode final : private TaskManagerOutbox {
public:
  TaskManagerNode(Cluster& cluster, NodeId node);

  void start();
  void on_down(ConnectionId connection);
  void lose_zookeeper() { follower_.lose_zookeeper(); }

  // From the leader.
  [[nodiscard]] Outcome on_submit(LeaderSessionId session, const SubmitTask& mail);
  void on_cancel(LeaderSessionId session, const CancelTask& mail);
  void on_release(LeaderSessionId session, const ReleasePartitions& mail);
  void on_checkpoint(LeaderSessionId session, const BeginTask& mail);
  void on_checkpoint(LeaderSessionId session, const TriggerCheckpoint& mail);
  void on_checkpoint(LeaderSessionId session, const NotifyCheckpointComplete& mail);
  void on_checkpoint(LeaderSessionId session, const NotifyCheckpointAborted& mail);
  void on_disconnect(LeaderSessionId session, const Disconnect& mail);

  // From other TaskManagers.
  [[nodiscard]] Tasks& tasks() { return tasks_; }

private:
  // TaskManagerOutbox
  void register_at_leader(const RegisterTaskManager& mail) override;
  void heartbeat(const Heartbeat& mail) override;
  void report(const UpdateTaskExecutionState& mail) override;
  void registered(InstanceId, const ClusterAccess&) override {}
  void leader_is_silent(const std::string& reason) override;
  void give_up(const std::string& reason) override;
  void wake_after(Duration delay) override;

  void on_new_leader(LeaderSessionId session, ConnectionId leader);
  void on_leader_lost(const std::string& reason);
  [[nodiscard]] bool admits(LeaderSessionId session);
  [[nodiscard]] TimePoint now() const { return cluster_.world.now(); }
  /// Runs `event` with the leader's process and our term, there.
  template <class Event>
  void send_to_leader(Event event);

  Cluster& cluster_;
  const NodeId node_;
  Mailbox from_tasks_;
  Mailbox from_system_;
  Tasks tasks_;
  Fence fence_;
  TaskManager logic_;
  Follower follower_;
  std::optional<ConnectionId> leader_;
};

}  // namespace weir::sim
