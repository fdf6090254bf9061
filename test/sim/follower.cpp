// SPDX-License-Identifier: Apache-2.0
#include "test/sim/follower.h"

#include <utility>

#include "ha/leader_record.h"

namespace weir::sim {

Follower::Follower(Cluster& cluster, NodeId node, Events events)
    : cluster_(cluster),
      node_(node),
      events_(std::move(events)),
      zookeeper_(cluster.world, cluster.zookeeper, cluster.wires, node,
                 cluster.settings.follower_session_timeout,
                 {.on_session = [this](ZkSessionState state, const ZkSession&) { on_session(state); },
                  .on_changed = [this](const std::string&) { read_leader(); }}),
      search_({}, *this),
      to_finder_(cluster.world, node),
      to_owner_(cluster.world, node) {}

void Follower::on_session(ZkSessionState state) {
  if (state == ZkSessionState::Connected) read_leader();
  if (state == ZkSessionState::Expired) zookeeper_.renew();
}

void Follower::read_leader() {
  // The watch first: what changes behind it is told.
  zookeeper_.ask({.kind = ZkRequest::Kind::Exists, .path = cluster_.paths.leader(), .watches = true},
                 [this](const ZkAnswer& seen) {
                   if (seen.outcome == ZkOutcome::NoNode) on_read({});
                   else if (seen.outcome == ZkOutcome::Done) read_address();
                 });
}

void Follower::read_address() {
  zookeeper_.ask({.kind = ZkRequest::Kind::Get, .path = cluster_.paths.leader()},
                 [this](const ZkAnswer& read) {
                   if (read.outcome != ZkOutcome::Done) return;
                   if (read.node.data.empty()) return on_read({});
                   const auto leader = decode_leader(read.node.data, cluster_.paths.leader());
                   if (leader) on_read(*leader);
                 });
}

void Follower::on_read(const LeaderAddress& leader) {
  const auto news = sight_.on_read(leader);
  if (!news) return;
  to_finder_.send([this, news = *news] { search_.on_leader_at({news.address, news.session}, now()); });
}

void Follower::connect(const LeaderAt& leader) {
  cluster_.post.connect(node_, cluster_.node_of(leader.address),
                        [this, session = leader.session](std::optional<ConnectionId> found) {
                          if (!found) return search_.on_failed(session, "nobody answers", now());
                          leader_ = found;
                          search_.on_connected(session, now());
                        });
}

void Follower::found(LeaderSessionId session) {
  to_owner_.send([this, session, leader = *leader_] { events_.found(session, leader); });
}

void Follower::lost(const std::string& reason) {
  to_owner_.send([this, reason] { events_.lost(reason); });
  leader_.reset();
}

void Follower::wake_after(Duration delay) {
  cluster_.world.in(delay, node_, [this] { search_.on_tick(now()); });
}

void Follower::on_down(ConnectionId connection) {
  to_finder_.send([this, connection] {
    if (leader_ == connection) search_.on_lost("the connection to the JobManager was lost", now());
  });
}

void Follower::on_lost(const std::string& reason) {
  to_finder_.send([this, reason] { search_.on_lost(reason, now()); });
}

}  // namespace weir::sim
