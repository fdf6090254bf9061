// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/faults.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

#include "apps/command_line.h"

namespace weir::drill {

namespace {

constexpr FaultKind kKinds[] = {
    {.fault = Fault::LeaderKill, .name = "leader-kill", .row = 1,
     .text = "The JobManager that leads is killed; its guardian ends its session.",
     .effect = Effect::NewLeader, .output = 1s, .leader = 100ms,
     .keeps_tasks = true, .is_for_any_cluster = true},
    {.fault = Fault::LeaderFreeze, .name = "leader-freeze", .row = 2,
     .text = "The leader is stopped beyond its session, and goes on when another leads.",
     .effect = Effect::NewLeader, .hold = 3500ms, .output = 3500ms, .leader = 2500ms,
     .expects_refusal = true, .keeps_tasks = true, .is_for_any_cluster = true},
    {.fault = Fault::LeaderPause, .name = "leader-pause", .row = 2,
     .text = "The leader is stopped for a moment, shorter than anybody's patience.",
     .effect = Effect::Nothing, .hold = 300ms, .output = 1500ms, .is_for_any_cluster = true},
    {.fault = Fault::AllJobManagersKill, .name = "all-jobmanagers-kill", .row = 3,
     .text = "All JobManagers and their guardians are killed, and others started after 5 s.",
     .effect = Effect::NewLeader, .hold = 5s, .output = 3s, .is_counted_from_heal = true,
     .keeps_tasks = true},
    {.fault = Fault::StandbyKill, .name = "standby-kill", .row = 4,
     .text = "A JobManager that stands by is killed.",
     .effect = Effect::Nothing, .output = 1s, .is_for_any_cluster = true},
    {.fault = Fault::StandbyFreeze, .name = "standby-freeze", .row = 4,
     .text = "A JobManager that stands by is stopped beyond its session.",
     .effect = Effect::Nothing, .hold = 3s, .output = 1s, .is_for_any_cluster = true},
    {.fault = Fault::StandbyJoin, .name = "standby-join", .row = 4,
     .text = "One more JobManager comes late.", .effect = Effect::Nothing, .output = 1s},
    {.fault = Fault::LeaderKillTwice, .name = "second-leader-kill", .row = 5,
     .text = "The leader is killed, and the next one as soon as it was elected, amid its recovery.",
     .effect = Effect::NewLeader, .output = 2s, .keeps_tasks = true},
    {.fault = Fault::TaskManagerKill, .name = "taskmanager-kill", .row = 6,
     .text = "A TaskManager with tasks is killed; others have slots to spare.",
     .output = 1s, .is_for_any_cluster = true},
    {.fault = Fault::TaskManagerFreeze, .name = "taskmanager-freeze", .row = 7,
     .text = "A TaskManager with tasks is stopped until it was replaced, and goes on as if nothing was.",
     .hold = 1600ms, .output = 2s, .expects_refusal = true, .is_for_any_cluster = true},
    {.fault = Fault::TaskManagerFreezeLong, .name = "taskmanager-freeze-long", .row = 7,
     .text = "The same for so long that it gives up its leader, too, when it goes on.",
     .hold = 4s, .output = 2s, .expects_refusal = true, .is_for_any_cluster = true},
    {.fault = Fault::AllTaskManagersKill, .name = "all-taskmanagers-kill", .row = 8,
     .text = "All TaskManagers are killed; the job waits for slots, which come back one by one.",
     .hold = 3s, .output = 1500ms, .is_counted_from_heal = true},
    {.fault = Fault::TaskThrows, .name = "task-throws", .row = 9,
     .text = "A task throws; the client is told why, and the job restarts.", .output = 500ms},
    {.fault = Fault::SubmitterKill, .name = "submitter-kill", .row = 14,
     .text = "A client is killed amid the submission of another job, which is then submitted again.",
     .effect = Effect::Nothing, .output = 1s},
    {.fault = Fault::ClientKill, .name = "client-kill", .row = 14,
     .text = "The client that waits for the job is killed; the job goes on and can be asked for.",
     .effect = Effect::Nothing, .output = 1s},
    {.fault = Fault::ZooKeeperFollowerKill, .name = "zookeeper-follower-kill", .row = 15,
     .text = "A ZooKeeper server that follows is killed, and comes back.",
     .effect = Effect::NoRestart, .hold = 2s, .output = 1500ms},
    {.fault = Fault::ZooKeeperLeaderKill, .name = "zookeeper-leader-kill", .row = 15,
     .text = "The ZooKeeper server that leads the others is killed, and comes back.",
     .effect = Effect::NoRestart, .hold = 2s, .output = 1500ms},
    {.fault = Fault::ZooKeeperLeaderFreeze, .name = "zookeeper-leader-freeze", .row = 16,
     .text = "The ZooKeeper server that leads the others is stopped, and goes on when another leads them.",
     .effect = Effect::Recovers, .hold = 7s, .output = 6s},
    {.fault = Fault::QuorumLost1s, .name = "quorum-lost-1s", .row = 17,
     .text = "Two of three ZooKeeper servers are killed, and come back after 1 s.",
     .hold = 1s, .output = 5s, .is_counted_from_heal = true},
    {.fault = Fault::QuorumLost10s, .name = "quorum-lost-10s", .row = 17,
     .text = "The same for 10 s: the leader steps down.",
     .effect = Effect::NewLeader, .hold = 10s, .output = 5s, .is_counted_from_heal = true},
    {.fault = Fault::QuorumLost60s, .name = "quorum-lost-60s", .row = 17,
     .text = "The same for 60 s.",
     .effect = Effect::NewLeader, .hold = 60s, .output = 5s, .is_counted_from_heal = true},
    {.fault = Fault::SessionExpiry, .name = "session-expiry", .row = 18,
     .text = "The session of a healthy leader is ended.",
     .effect = Effect::NewLeader, .output = 2500ms, .keeps_tasks = true},
    {.fault = Fault::CutLeaderTaskManager, .name = "cut-leader-taskmanager", .row = 24,
     .text = "Leader and a TaskManager with tasks hear nothing of each other.",
     .hold = 3s, .output = 2s, .cuts = true},
    {.fault = Fault::CutLeaderToTaskManager, .name = "cut-leader-to-taskmanager", .row = 24,
     .text = "A TaskManager with tasks hears nothing of the leader, which hears it.",
     .hold = 3s, .output = 2s, .cuts = true},
    {.fault = Fault::CutTaskManagerToLeader, .name = "cut-taskmanager-to-leader", .row = 24,
     .text = "The leader hears nothing of a TaskManager with tasks, which hears it.",
     .hold = 3s, .output = 2s, .cuts = true},
    {.fault = Fault::CutTaskManagers, .name = "cut-taskmanagers", .row = 25,
     .text = "Two TaskManagers with tasks hear nothing of each other; the leader hears both.",
     .hold = 6s, .output = 4s, .is_counted_from_heal = true, .cuts = true},
    {.fault = Fault::CutLeaderZooKeeper, .name = "cut-leader-zookeeper", .row = 26,
     .text = "The leader hears nothing of ZooKeeper, and TaskManagers still hear it.",
     .effect = Effect::NewLeader, .hold = 4s, .output = 3500ms, .leader = 2500ms,
     .expects_refusal = true, .keeps_tasks = true, .cuts = true},
    {.fault = Fault::CutTaskManagerZooKeeper, .name = "cut-taskmanager-zookeeper", .row = 27,
     .text = "A TaskManager with tasks hears nothing of ZooKeeper; the leader hears it.",
     .effect = Effect::Nothing, .hold = 4s, .output = 1s, .cuts = true},
};

constexpr Combination kCombinations[] = {
    {"pair", 35, "Two faults of the list at once, chosen by the seed."},
    {"kill-whatever-recovers", 35,
     "A TaskManager, the leader, the next leader and another TaskManager, each killed on the heels of the "
     "one before."},
};

using Random = std::mt19937_64;

Duration between(Random& random, std::chrono::milliseconds least, std::chrono::milliseconds most) {
  const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + std::chrono::milliseconds(random() % span);
}

/// What may come along with others: each leaves the cluster as it was, takes no minute, and can be brought
/// about wherever tasks have been put.
bool is_sociable(const FaultKind& kind) {
  constexpr std::array kAlone{Fault::QuorumLost10s, Fault::QuorumLost60s, Fault::ClientKill,
                              Fault::SubmitterKill, Fault::AllJobManagersKill, Fault::CutTaskManagers};
  return std::ranges::find(kAlone, kind.fault) == kAlone.end();
}

std::vector<Fault> sociable(bool can_cut) {
  std::vector<Fault> all;
  for (const FaultKind& kind : kKinds)
    if (is_sociable(kind) && (can_cut || !kind.cuts)) all.push_back(kind.fault);
  return all;
}

/// Faults that touch different processes: no two of them undo each other.
std::vector<Planned> pair_of(Random& random) {
  const auto all = sociable(false);
  const Fault first = all[random() % all.size()];
  Fault second = first;
  while (kind_of(second).row == kind_of(first).row) second = all[random() % all.size()];
  return {{first, {}, kind_of(first).hold}, {second, between(random, 0ms, 1500ms), kind_of(second).hold}};
}

std::vector<Planned> on_the_heels(Random& random) {
  return {{Fault::TaskManagerKill, {}, {}},
          {Fault::LeaderKill, between(random, 50ms, 400ms), {}},
          {Fault::LeaderKill, between(random, 100ms, 600ms), {}},
          {Fault::TaskManagerKill, between(random, 50ms, 400ms), {}}};
}

}  // namespace

std::span<const FaultKind> fault_kinds() { return kKinds; }
std::span<const Combination> combinations() { return kCombinations; }

const FaultKind& kind_of(Fault fault) { return *std::ranges::find(kKinds, fault, &FaultKind::fault); }
std::string_view name_of(Fault fault) { return kind_of(fault).name; }

Result<Plan> plan_of(std::string_view name, std::uint64_t seed) {
  Random random(seed);
  Plan plan{.name = std::string(name), .seed = seed, .faults = {}};
  std::vector<std::string_view> names;
  for (const FaultKind& kind : kKinds) {
    names.push_back(kind.name);
    if (kind.name == name) plan.faults = {{kind.fault, between(random, 0ms, 200ms), kind.hold}};
  }
  for (const Combination& combination : kCombinations) names.push_back(combination.name);
  if (name == "pair") plan.faults = pair_of(random);
  if (name == "kill-whatever-recovers") plan.faults = on_the_heels(random);
  if (!plan.faults.empty()) return plan;
  const std::string hint = did_you_mean(name, names);
  return Error{ErrorCode::BadArgument, "there is no drill '" + std::string(name) + "'" +
                                           (hint.empty() ? "; weir drill list shows all" : hint)};
}

Plan random_plan(std::uint64_t seed, Duration length, bool can_cut) {
  Random random(seed);
  // Some classes alone: what a fault does shows best beside few others.
  auto classes = sociable(can_cut);
  std::ranges::shuffle(classes, random);
  classes.resize(3 + random() % (classes.size() - 2));
  Plan plan{.name = "random", .seed = seed, .faults = {}};
  for (Duration at{}; at < length;) {
    const Fault fault = classes[random() % classes.size()];
    const Duration after = between(random, 0ms, 5s);
    const Duration hold = kind_of(fault).hold == Duration::zero() ? Duration::zero()
                                                                  : between(random, 50ms, 7s);
    plan.faults.push_back({fault, after, hold});
    at += after + hold / 2;
  }
  return plan;
}

}  // namespace weir::drill
