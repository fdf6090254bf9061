// SPDX-License-Identifier: Apache-2.0
#include "test/sim/nemesis.h"

#include <array>
#include <utility>

#include "test/sim/job_manager_node.h"

namespace weir::sim {

Nemesis::Nemesis(Cluster& cluster) : cluster_(cluster) {
  static constexpr std::array kAll = {
      &Nemesis::crash_job_manager,
      &Nemesis::crash_task_manager,
      &Nemesis::pause_job_manager,
      &Nemesis::pause_task_manager,
      &Nemesis::cut_job_manager_off_task_manager,
      &Nemesis::cut_task_managers,
      &Nemesis::cut_job_manager_off_zookeeper,
      &Nemesis::cut_follower_off_zookeeper,
      &Nemesis::cut_client_off,
      &Nemesis::reset_connection,
      &Nemesis::lose_zookeeper_connection,
      &Nemesis::end_leaders_session,
      &Nemesis::remove_leaders_node,
      &Nemesis::stop_zookeeper_member,
      &Nemesis::stop_zookeeper_quorum,
      &Nemesis::lag_zookeeper_member,
      &Nemesis::slow_disk,
      &Nemesis::fail_disk,
      &Nemesis::slow_network,
  };
  const unsigned share = 15 + static_cast<unsigned>(random().below(50));
  for (const Fault fault : kAll)
    if (random().chance(share)) faults_.push_back(fault);
  if (faults_.empty()) faults_.push_back(kAll[random().below(kAll.size())]);
  pause_ = random().between(200ms, 2s);
  has_guardian_ = random().chance(50);
  strikes_new_leaders_ = random().chance(30);
  strikes_writes_ = random().chance(20);
  ends_ = TimePoint{} + random().between(2s, 8s);
}

void Nemesis::start() {
  if (strikes_new_leaders_) cluster_.on_new_leader = [this](NodeId node) { strike_at(node); };
  if (strikes_writes_) cluster_.on_write = [this] { strike_at_write(); };
  cluster_.world.in(random().between(0ms, 1500ms), [this] { strike(); });
  cluster_.world.in(ends_ - cluster_.world.now(), [this] { heal_all(); });
}

void Nemesis::strike() {
  if (is_over_) return;
  ++cluster_.world.tally.faults;
  (this->*faults_[random().below(faults_.size())])();
  cluster_.world.in(random().between(10ms, pause_), [this] { strike(); });
}

void Nemesis::undo_in(Duration length, std::function<void()> undo) {
  cluster_.world.in(length, [this, undo = std::move(undo)] {
    if (!is_over_) undo();
  });
}

void Nemesis::heal_all() {
  is_over_ = true;
  healed_at_ = cluster_.world.now();
  cluster_.world.tell("everything is healed");
  cluster_.on_healed();
  std::vector<End> ends{kZooKeeper, cluster_.client_node};
  ends.insert(ends.end(), cluster_.job_managers.begin(), cluster_.job_managers.end());
  ends.insert(ends.end(), cluster_.task_managers.begin(), cluster_.task_managers.end());
  for (const End from : ends)
    for (const End to : ends)
      if (cluster_.wires.is_cut(from, to)) cluster_.heal(from, to);
  for (const End end : ends) {
    if (!end) continue;
    cluster_.resume(*end);
    cluster_.start(*end);
  }
  for (std::size_t member = 0; member < ZkEnsemble::kMembers; ++member) {
    cluster_.zookeeper.start(member);
    cluster_.zookeeper.lag(member, {});
  }
  cluster_.disk.be_slow({});
  cluster_.disk.fail(0);
  cluster_.wires.slow_down({});
}

NodeId Nemesis::pick(const std::vector<NodeId>& nodes) { return nodes[random().below(nodes.size())]; }

/// Most often one that leads: nobody misses the others.
NodeId Nemesis::some_job_manager() {
  if (random().chance(75))
    for (const NodeId node : cluster_.job_managers)
      if (cluster_.world.is_alive(node) && cluster_.job_manager(node).leads()) return node;
  return pick(cluster_.job_managers);
}

void Nemesis::crash_for(NodeId node, Duration length) {
  cluster_.crash(node);
  undo_in(length, [this, node] { cluster_.start(node); });
}

void Nemesis::crash_job_manager() {
  const NodeId node = some_job_manager();
  if (!cluster_.world.is_alive(node)) return;
  const std::int64_t session = cluster_.job_manager(node).session();
  crash_for(node, random().between(20ms, 1500ms));
  if (has_guardian_)
    cluster_.world.in(random().between(5ms, 40ms), [this, session] { cluster_.zookeeper.close(session); });
}

void Nemesis::crash_task_manager() { crash_for(some_task_manager(), random().between(20ms, 1500ms)); }

void Nemesis::pause_job_manager() {
  const NodeId node = some_job_manager();
  cluster_.pause(node);
  undo_in(random().spread(50ms, 5s), [this, node] { cluster_.resume(node); });
}

void Nemesis::pause_task_manager() {
  const NodeId node = some_task_manager();
  cluster_.pause(node);
  undo_in(random().spread(50ms, 4s), [this, node] { cluster_.resume(node); });
}

void Nemesis::cut_for(End a, End b, Duration length) {
  const auto name = [&](End end) { return end ? cluster_.world.name(*end) : std::string("zookeeper"); };
  const std::uint64_t ways = random().below(3);  // one way, the other, both
  if (cluster_.world.tells())
    say("cut " + name(a) + (ways == 0 ? " -> " : ways == 1 ? " <- " : " <-> ") + name(b));
  if (ways != 1) cluster_.cut(a, b);
  if (ways != 0) cluster_.cut(b, a);
  undo_in(length, [this, a, b] {
    cluster_.heal(a, b);
    cluster_.heal(b, a);
  });
}

void Nemesis::cut_job_manager_off_task_manager() {
  cut_for(some_job_manager(), some_task_manager(), random().spread(100ms, 4s));
}

void Nemesis::cut_task_managers() {
  const NodeId a = some_task_manager();
  const NodeId b = some_task_manager();
  if (a != b) cut_for(a, b, random().spread(100ms, 4s));
}

void Nemesis::cut_job_manager_off_zookeeper() {
  cut_for(some_job_manager(), kZooKeeper, random().spread(100ms, 5s));
}

void Nemesis::cut_follower_off_zookeeper() {
  cut_for(random().chance(80) ? some_task_manager() : cluster_.client_node, kZooKeeper,
          random().spread(200ms, 6s));
}

void Nemesis::cut_client_off() {
  cut_for(some_job_manager(), cluster_.client_node, random().spread(100ms, 4s));
}

void Nemesis::reset_connection() {
  const NodeId node = some_job_manager();
  const NodeId peer = random().chance(80) ? some_task_manager() : cluster_.client_node;
  if (cluster_.world.tells()) say("reset " + cluster_.world.name(node) + " - " + cluster_.world.name(peer));
  cluster_.post.reset(node, peer);
}

void Nemesis::lose_zookeeper_connection() {
  const NodeId node = random().chance(70) ? some_job_manager() : some_task_manager();
  if (cluster_.world.tells()) say(cluster_.world.name(node) + " loses its connection to zookeeper");
  cluster_.lose_zookeeper(node);
}

void Nemesis::end_leaders_session() {
  const NodeId node = some_job_manager();
  if (!cluster_.world.is_alive(node)) return;
  if (cluster_.world.tells()) say("the session of " + cluster_.world.name(node) + " is ended");
  cluster_.end_session(node);
}

void Nemesis::remove_leaders_node() {
  say("somebody removes the leader's node");
  cluster_.remove_leaders_node();
}

void Nemesis::strike_at(NodeId node) {
  if (is_over_ || random().chance(40)) return;
  const std::uint64_t kind = random().below(4);
  cluster_.world.in(random().between(0us, 12ms), node, [this, node, kind] {
    if (is_over_) return;
    ++cluster_.world.tally.faults;
    say("the new leader is struck");
    if (kind < 2) return cluster_.lose_zookeeper(node);
    cluster_.world.in(Duration::zero(), [this, node, kind] {
      if (kind == 2) return crash_for(node, random().between(20ms, 1500ms));
      cluster_.pause(node);
      // Often just long enough for another to take over.
      undo_in(random().chance(50) ? random().between(2200ms, 4s) : random().spread(50ms, 2s),
              [this, node] { cluster_.resume(node); });
    });
  });
}

void Nemesis::strike_at_write() {
  if (is_over_ || !random().chance(5)) return;
  const NodeId node = some_job_manager();
  const std::uint64_t kind = random().below(4);
  ++cluster_.world.tally.faults;
  cluster_.world.in(Duration::zero(), [this, node, kind] {
    say("a write is struck");
    if (kind == 0) return crash_for(node, random().between(20ms, 1500ms));
    if (kind == 1 && cluster_.world.is_alive(node)) cluster_.end_session(node);
    if (kind == 2) crash_task_manager();
    cluster_.lose_zookeeper(node);
  });
}

void Nemesis::stop_zookeeper_member() {
  const std::size_t member = random().below(ZkEnsemble::kMembers);
  say("a zookeeper server dies");
  cluster_.zookeeper.stop(member);
  undo_in(random().between(100ms, 2s), [this, member] { cluster_.zookeeper.start(member); });
}

void Nemesis::stop_zookeeper_quorum() {
  const std::size_t survivor = random().below(ZkEnsemble::kMembers);
  const Duration length = random().spread(200ms, 6s);
  say("two zookeeper servers die");
  for (std::size_t member = 0; member < ZkEnsemble::kMembers; ++member) {
    if (member == survivor) continue;
    cluster_.zookeeper.stop(member);
    undo_in(length, [this, member] { cluster_.zookeeper.start(member); });
  }
}

void Nemesis::lag_zookeeper_member() {
  const std::size_t member = random().below(ZkEnsemble::kMembers);
  say("a zookeeper server lags behind");
  cluster_.zookeeper.lag(member, random().spread(20ms, 1s));
  undo_in(random().between(200ms, 3s), [this, member] { cluster_.zookeeper.lag(member, {}); });
}

void Nemesis::slow_disk() {
  say("the disk is slow");
  cluster_.disk.be_slow(random().spread(20ms, 2s));
  // What is written then is still being written when the job starts again.
  if (random().chance(30)) undo_in(random().between(0ms, 500ms), [this] { crash_task_manager(); });
  undo_in(random().between(200ms, 3s), [this] { cluster_.disk.be_slow({}); });
}

void Nemesis::fail_disk() {
  say("the disk fails");
  cluster_.disk.fail(5 + static_cast<unsigned>(random().below(95)), random().chance(50));
  undo_in(random().between(100ms, 2s), [this] { cluster_.disk.fail(0); });
}

void Nemesis::slow_network() {
  say("the network is slow");
  cluster_.wires.slow_down(random().spread(2ms, 200ms));
  undo_in(random().between(200ms, 3s), [this] { cluster_.wires.slow_down({}); });
}

}  // namespace weir::sim
