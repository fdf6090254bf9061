// SPDX-License-Identifier: Apache-2.0
// Harm that is done to ZooKeeper, and to the links of a cluster.
#include <csignal>
#include <utility>

#include "apps/drill/nemesis.h"
#include "ha/zk_client.h"

namespace weir::drill {

namespace {

constexpr Duration kPatience = 10s;

Error unable(std::string what) {
  return {ErrorCode::NotFound, std::move(what), Blame::Environment, Retry::Later};
}

}  // namespace

std::string session_password(std::int64_t id) {
  // java.util.Random, begun with the id and a number that is the same in every server.
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1;
  constexpr std::uint64_t kFactor = 0x5DEECE66D;
  constexpr std::uint64_t kServersNumber = 0xB3415C00;
  constexpr std::size_t kLength = 16;
  std::uint64_t state = ((static_cast<std::uint64_t>(id) ^ kServersNumber) ^ kFactor) & kMask;
  std::string password;
  while (password.size() < kLength) {
    state = (state * kFactor + 0xB) & kMask;
    const auto word = static_cast<std::uint32_t>(state >> 16);
    for (const int shift : {0, 8, 16, 24}) password.push_back(static_cast<char>(word >> shift));
  }
  return password;
}

Nemesis::Injected Nemesis::zookeeper_fault(Fault fault) {
  if (stage_.zookeeper == nullptr) return unable("only servers of the drill's own are harmed");
  if (fault == Fault::SessionExpiry) return expire_session();
  Ensemble& servers = *stage_.zookeeper;
  const auto leader = servers.leader();
  if (!leader) return leader.error();
  const bool is_follower = fault == Fault::ZooKeeperFollowerKill;
  if (fault != Fault::ZooKeeperLeaderKill && fault != Fault::ZooKeeperLeaderFreeze && !is_follower)
    return lose_quorum();
  const std::size_t victim = is_follower ? (*leader + 1) % servers.size() : *leader;
  const std::string name = "zookeeper-" + std::to_string(victim + 1);
  if (fault == Fault::ZooKeeperLeaderFreeze) {
    servers.process(victim).signal(SIGSTOP);
    return injected(name, [&servers, victim] {
      servers.process(victim).signal(SIGCONT);
      return Status::ok();
    });
  }
  servers.kill(victim);
  return injected(name, [&servers, victim] {
    servers.restart(victim);
    return servers.await_serving(victim);
  });
}

Nemesis::Injected Nemesis::lose_quorum() {
  Ensemble& servers = *stage_.zookeeper;
  for (const std::size_t server : {0, 1}) servers.kill(server);
  return injected("two of ZooKeeper's servers", [&servers] {
    for (const std::size_t server : {0, 1}) servers.restart(server);
    for (const std::size_t server : {0, 1})
      if (Status serves = servers.await_serving(server); !serves) return serves;
    return Status::ok();
  });
}

Nemesis::Injected Nemesis::expire_session() {
  const auto leads = leader();
  if (!leads) return leads.error();
  const std::int64_t id = stage_.observer->leader_session();
  if (id == 0) return unable("no session holds the lead");
  const Status ended = ZkClient::end_session(
      stage_.zookeeper->hosts(),
      {.id = id, .password = session_password(id), .timeout = DrillTimes::kSession}, kPatience);
  if (!ended) return ended.error();
  return injected((*leads)->name, [] { return Status::ok(); });
}

Nemesis::Injected Nemesis::cut_pairs(const std::vector<std::pair<const Place*, const Place*>>& pairs,
                                     const std::string& target) {
  for (const auto& [from, to] : pairs)
    if (Status cut = stage_.network.cut(*from, *to); !cut) return cut.error();
  return injected(target, [this, pairs] {
    for (const auto& [from, to] : pairs)
      if (Status healed = stage_.network.heal(*from, *to); !healed) return healed;
    return Status::ok();
  });
}

Nemesis::Injected Nemesis::cut(Fault fault) {
  if (!stage_.network.can_cut()) return unable(stage_.network.why_whole());
  const auto leads = leader();
  if (!leads) return leads.error();
  const auto busy_ones = busy();
  if (!busy_ones) return busy_ones.error();
  const Node& victim = *(*busy_ones)[random_() % busy_ones->size()];
  const Place* const of_leader = &(*leads)->place;
  const Place* const its = &victim.place;
  const std::string pair = (*leads)->name + ", " + victim.name;
  switch (fault) {
    case Fault::CutLeaderTaskManager: return cut_pairs({{of_leader, its}, {its, of_leader}}, pair);
    case Fault::CutLeaderToTaskManager: return cut_pairs({{of_leader, its}}, pair);
    case Fault::CutTaskManagerToLeader: return cut_pairs({{its, of_leader}}, pair);
    case Fault::CutTaskManagers: return cut_task_managers(*busy_ones);
    default: break;
  }
  const bool is_leaders = fault == Fault::CutLeaderZooKeeper;
  const Place* const here = is_leaders ? of_leader : its;
  std::vector<std::pair<const Place*, const Place*>> pairs;
  for (std::size_t i = 0; i < stage_.zookeeper->size(); ++i) {
    pairs.emplace_back(here, &stage_.zookeeper->place(i));
    pairs.emplace_back(&stage_.zookeeper->place(i), here);
  }
  auto made = cut_pairs(pairs, (is_leaders ? (*leads)->name : victim.name) + ", zookeeper");
  if (!made || !is_leaders) return made;
  made->heal = [this, made = *made] {
    speak_for_deposed(made);  // which was heard all the time, but by ZooKeeper
    return made.heal();
  };
  return made;
}

Nemesis::Injected Nemesis::cut_task_managers(const Nodes& busy_ones) {
  if (busy_ones.size() < 2) return unable("all tasks of the job are on one TaskManager");
  const Place* const one = &busy_ones[0]->place;
  const Place* const other = &busy_ones[1]->place;
  return cut_pairs({{one, other}, {other, one}}, busy_ones[0]->name + ", " + busy_ones[1]->name);
}

}  // namespace weir::drill
