// SPDX-License-Identifier: Apache-2.0
#include "test/sim/client_node.h"

#include "test/sim/job_manager_node.h"

namespace weir::sim {

ClientNode::ClientNode(Cluster& cluster, NodeId node)
    : cluster_(cluster),
      node_(node),
      logic_(cluster.plan.graph, {.listening = ListeningBehaviour::Result, .leader_timeout = 10min}, nullptr,
             *this),
      follower_(cluster, node,
                {.found = [this](LeaderSessionId session,
                                 ConnectionId leader) { on_new_leader(session, leader); },
                 .lost = [this](const std::string& reason) { on_leader_lost(reason); }}),
      from_system_(cluster.world, node) {}

void ClientNode::on_down(ConnectionId connection) {
  follower_.on_down(connection);
  from_system_.send([this, connection] {
    if (leader_ == connection) on_leader_lost("the connection to the JobManager was lost");
  });
}

void ClientNode::on_new_leader(LeaderSessionId session, ConnectionId leader) {
  leader_ = leader;
  fence_.open(session);
  logic_.on_leader_found();
}

void ClientNode::on_leader_lost(const std::string& reason) {
  leader_.reset();
  fence_.close();
  logic_.on_leader_lost(reason, now());
}

void ClientNode::on_result(LeaderSessionId session, const JobResult& mail) {
  if (!fence_.admits(session)) return;
  cluster_.promises.on_obeyed(node_, session);
  logic_.on_result(mail);
}

template <class Event, class OnReply>
void ClientNode::ask(Event event, OnReply on_reply) {
  const NodeId there = cluster_.post.other(*leader_, node_);
  const LeaderSessionId session = fence_.session();
  cluster_.post.ask<Outcome>(
      *leader_, node_,
      [&cluster = cluster_, there, session, event](Post::Reply<Outcome> reply) {
        event(cluster.job_manager(there), session, std::move(reply));
      },
      [this, session, on_reply](const std::optional<Outcome>& reply) {
        if (!fence_.admits(session)) return;
        if (reply) on_reply(*reply);
        else on_leader_lost("the JobManager is gone");
      });
}

void ClientNode::submit(const SubmitJob& mail) {
  ask(
      [mail, me = *leader_](JobManagerNode& leader, LeaderSessionId session, Post::Reply<Outcome> reply) {
        leader.on_submit(session, mail, me, std::move(reply));
      },
      [this](const Outcome& reply) { logic_.on_submit_reply(reply); });
}

void ClientNode::attach(const AttachToJob& mail) {
  ask([mail, me = *leader_](
          JobManagerNode& leader, LeaderSessionId session,
          const Post::Reply<Outcome>& reply) { leader.on_attach(session, mail, me, reply); },
      [this](const Outcome& reply) { logic_.on_attach_reply(reply); });
}

void ClientNode::cancel() {
  if (cluster_.promises.is_answered(job())) return;
  cluster_.world.in(500ms, node_, [this] { cancel(); });
  if (!leader_) return;
  const NodeId there = cluster_.post.other(*leader_, node_);
  cluster_.post.send(*leader_, node_, [&cluster = cluster_, there, session = fence_.session(), job = job()] {
    (void)cluster.job_manager(there).on_cancel(session, {job});
  });
}

void ClientNode::finish(Result<JobResult> result) { cluster_.promises.on_client_answered(job(), result); }

void ClientNode::wake_after(Duration delay) {
  cluster_.world.in(delay, node_, [this] { logic_.on_tick(now()); });
}

}  // namespace weir::sim
