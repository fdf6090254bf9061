// SPDX-License-Identifier: Apache-2.0
#include "test/sim/instances_node.h"

#include "test/sim/task_manager_node.h"

namespace weir::sim {

void InstancesNode::grant(LeaderSessionId session) {
  mail_.send([this, session] { fence_.open(session); });
}

void InstancesNode::revoke() {
  mail_.send([this] {
    logic_.dismiss_all("the JobManager lost its leadership");
    fence_.close();
  });
}

void InstancesNode::on_register(LeaderSessionId session, const RegisterTaskManager& mail, ConnectionId sender,
                                Post::Reply<RegistrationReply> reply) {
  mail_.send([this, session, mail, sender, reply = std::move(reply)] {
    if (!fence_.admits(session))
      return reply({.kind = RegistrationReply::Kind::Refused, .reason = "this JobManager does not lead now"});
    registering_ = sender;
    reply(logic_.on_register(mail, now()));
  });
}

void InstancesNode::on_heartbeat(LeaderSessionId session, const Heartbeat& mail,
                                 Post::Reply<HeartbeatReply> reply) {
  mail_.send([this, session, mail, reply = std::move(reply)] {
    if (!fence_.admits(session)) return reply({.known = false, .leads = false});
    reply({.known = logic_.on_heartbeat(mail.instance, now())});
  });
}

void InstancesNode::on_down(ConnectionId connection) {
  mail_.send([this, connection] {
    for (const auto& [instance, handle] : handles_) {
      if (handle != connection) continue;
      const InstanceId id = instance;  // the entry goes away with it
      return logic_.on_down(id, "the connection to it was lost");
    }
  });
}

void InstancesNode::joined(const TaskManagerJoined& mail) {
  handles_[mail.instance] = registering_;
  if (!cluster_.post.is_open(registering_, node_)) on_down(registering_);  // it is watched too late
  events_.joined(fence_.session(), mail, registering_);
}

void InstancesNode::dismiss(const Disconnect& mail) {
  const auto handle = handles_.extract(mail.instance);
  const NodeId there = cluster_.post.other(handle.mapped(), node_);
  cluster_.post.send(handle.mapped(), node_, [&cluster = cluster_, there, session = fence_.session(), mail] {
    cluster.task_manager(there).on_disconnect(session, mail);
  });
}

void InstancesNode::wake_after(Duration delay) {
  cluster_.world.in(delay, node_, [this] { logic_.on_tick(now()); });
}

}  // namespace weir::sim
