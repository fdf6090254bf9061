// SPDX-License-Identifier: Apache-2.0
#include "test/sim/candidate.h"

#include <utility>
#include <vector>

#include "ha/leader_record.h"

namespace weir::sim {

Candidate::Candidate(Cluster& cluster, NodeId node, Events events)
    : cluster_(cluster),
      node_(node),
      events_(std::move(events)),
      zookeeper_(
          cluster.world, cluster.zookeeper, cluster.wires, node, cluster.settings.session_timeout,
          {.on_session =
               [this](ZkSessionState state, const ZkSession& session) {
                 post([this, state, session](TimePoint now) { logic_.on_session(state, session, now); });
               },
           .on_changed =
               [this](const std::string&) {
                 post([this](TimePoint now) { logic_.on_leader_changed(now); });
               }}),
      thread_(cluster.world, node) {}

void Candidate::post(std::function<void(TimePoint)> event) {
  thread_.post([this, event = std::move(event)] {
    // First, whatever it is: who slept too long has to know before it acts.
    const TimePoint now = cluster_.world.now();
    if (const auto due = logic_.next_tick(); due && *due <= now) logic_.on_tick(now);
    event(now);
    arm();
  });
}

void Candidate::arm() {
  const auto due = logic_.next_tick();
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  cluster_.world.in(std::max(*due - cluster_.world.now(), Duration::zero()), node_, [this, due] {
    if (armed_ == due) armed_.reset();
    post([](TimePoint) {});
  });
}

void Candidate::confirm(LeaderSessionId session) {
  post([this, session](TimePoint) {
    published_ = {.address = cluster_.world.name(node_), .session = session};
    logic_.on_confirm(session);
  });
}

void Candidate::look() {
  zookeeper_.ask({.kind = ZkRequest::Kind::Exists, .path = cluster_.paths.epoch()},
                 [this](const ZkAnswer& epoch) {
                   if (epoch.outcome == ZkOutcome::Done) return look_at_leader(epoch);
                   post([this, outcome = epoch.outcome](TimePoint now) { logic_.on_view(outcome, {}, now); });
                 });
}

void Candidate::look_at_leader(const ZkAnswer& epoch) {
  zookeeper_.ask({.kind = ZkRequest::Kind::Exists, .path = cluster_.paths.leader(), .watches = true},
                 [this, seen = epoch.node](const ZkAnswer& leader) {
                   const bool is_known =
                       leader.outcome == ZkOutcome::Done || leader.outcome == ZkOutcome::NoNode;
                   const ElectionView view{.epoch = seen.version,
                                           .epoch_created = seen.created,
                                           .leader_owner = leader.node.owner};
                   const ZkOutcome outcome = is_known ? ZkOutcome::Done : leader.outcome;
                   post([this, view, outcome](TimePoint now) { logic_.on_view(outcome, view, now); });
                 });
}

void Candidate::bid(std::int32_t epoch) {
  commit_bid(ZkOp::create_ephemeral(cluster_.paths.leader(), ""), epoch);
}

void Candidate::bid_again(std::int32_t epoch) { commit_bid(ZkOp::set(cluster_.paths.leader(), ""), epoch); }

void Candidate::commit_bid(ZkOp claim, std::int32_t epoch) {
  zookeeper_.ask({.kind = ZkRequest::Kind::Commit,
                  .steps = {ZkOp::set(cluster_.paths.epoch(), "", epoch), std::move(claim)}},
                 [this](const ZkAnswer& reply) {
                   post([this, outcome = reply.outcome](TimePoint now) { logic_.on_bid(outcome, now); });
                 });
}

bool Candidate::prepare() {
  const std::string path = cluster_.paths.epoch();
  TermTree tree(zookeeper_, {});
  for (auto end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const auto reply = tree.commit({ZkOp::create(path.substr(0, end), "")});
    if (!reply.is_done() && reply.outcome != ZkOutcome::NodeExists) return false;
    if (end == std::string::npos) return true;
  }
}

void Candidate::publish(std::int32_t epoch) {
  zookeeper_.ask({.kind = ZkRequest::Kind::Commit,
                  .steps = {ZkOp::check(cluster_.paths.epoch(), epoch),
                            ZkOp::set(cluster_.paths.leader(), encode_leader(published_))},
                  .term = published_.session},
                 [this](const ZkAnswer& reply) {
                   post([this, outcome = reply.outcome](TimePoint) { logic_.on_published(outcome); });
                 });
}

bool Candidate::renew_session() {
  if (cluster_.world.random().chance(5)) return false;
  zookeeper_.renew();
  return true;
}

// TermTree

ZkAnswer TermTree::ask(ZkRequest request) {
  Worker* thread = Worker::current();
  WEIR_CHECK(thread != nullptr, "only threads wait");
  request.term = term_;
  const auto answer = thread->await<ZkAnswer>(2 * zookeeper_.timeout(), [&](auto answered) {
    zookeeper_.ask(std::move(request), answered);
  });
  return answer.value_or(ZkAnswer{});
}

ZkReply<ZkNode> TermTree::exists(const std::string& path) {
  auto answer = ask({.kind = ZkRequest::Kind::Exists, .path = path});
  return {answer.outcome, std::move(answer.node)};
}

ZkReply<ZkNode> TermTree::get(const std::string& path) {
  auto answer = ask({.kind = ZkRequest::Kind::Get, .path = path});
  return {answer.outcome, std::move(answer.node)};
}

ZkReply<std::vector<std::string>> TermTree::children(const std::string& path) {
  auto answer = ask({.kind = ZkRequest::Kind::Children, .path = path});
  return {answer.outcome, std::move(answer.names)};
}

ZkReply<ZkCommit> TermTree::commit(std::vector<ZkOp> steps) {
  const auto answer = ask({.kind = ZkRequest::Kind::Commit, .steps = std::move(steps)});
  return {answer.outcome, answer.commit};
}

}  // namespace weir::sim
