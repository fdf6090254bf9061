// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>

#include "actors/instance_manager/instance_manager.h"
#include "actors/system/fence.h"
#include "test/sim/cluster.h"
#include "test/sim/mailbox.h"

namespace weir::sim {

/// The InstanceManager in the process of a JobManager: the real one, in a skin that is made of events.
class InstancesNode final : private InstanceOutbox {
public:
  struct Events {
    std::function<void(LeaderSessionId, const TaskManagerJoined&, ConnectionId)> joined;
    std::function<void(LeaderSessionId, const TaskManagerLost&)> lost;
  };

  InstancesNode(Cluster& cluster, NodeId node, Events events)
      : cluster_(cluster),
        node_(node),
        events_(std::move(events)),
        mail_(cluster.world, node),
        logic_({.heartbeat_timeout = cluster.settings.heartbeat_timeout, .access = {}}, *this) {}

  // All of it is mail from the JobManager's actor, or from the system.
  void grant(LeaderSessionId session);
  void revoke();
  void on_register(LeaderSessionId session, const RegisterTaskManager& mail, ConnectionId sender,
                   Post::Reply<RegistrationReply> reply);
  void on_heartbeat(LeaderSessionId session, const Heartbeat& mail, Post::Reply<HeartbeatReply> reply);
  void on_down(ConnectionId connection);

private:
  void joined(const TaskManagerJoined& mail) override;
  void lost(const TaskManagerLost& mail) override { events_.lost(fence_.session(), mail); }
  void dismiss(const Disconnect& mail) override;
  void wake_after(Duration delay) override;

  [[nodiscard]] TimePoint now() const { return cluster_.world.now(); }

  Cluster& cluster_;
  const NodeId node_;
  const Events events_;
  Mailbox mail_;
  Fence fence_;
  InstanceManager logic_;
  ConnectionId registering_{};  // whose request is being handled
  std::map<InstanceId, ConnectionId> handles_;
};

}  // namespace weir::sim
