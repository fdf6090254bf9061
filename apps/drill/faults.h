// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace weir::drill {

/// What a drill can do to a cluster.
enum class Fault : std::uint8_t {
  LeaderKill,
  LeaderFreeze,
  LeaderPause,
  AllJobManagersKill,
  StandbyKill,
  StandbyFreeze,
  StandbyJoin,
  LeaderKillTwice,
  TaskManagerKill,
  TaskManagerFreeze,
  TaskManagerFreezeLong,
  AllTaskManagersKill,
  TaskThrows,
  SubmitterKill,
  ClientKill,
  ZooKeeperFollowerKill,
  ZooKeeperLeaderKill,
  ZooKeeperLeaderFreeze,
  QuorumLost1s,
  QuorumLost10s,
  QuorumLost60s,
  SessionExpiry,
  CutLeaderTaskManager,
  CutLeaderToTaskManager,
  CutTaskManagerToLeader,
  CutTaskManagers,
  CutLeaderZooKeeper,
  CutTaskManagerZooKeeper,
};

/// What a fault does to a job that runs.
enum class Effect : std::uint8_t {
  Nothing,    // the job goes on, under the same leader, with the same attempts
  NoRestart,  // the same attempts go on, whoever leads
  NewLeader,  // another term begins
  Recovers,   // whatever it does, output goes on
};

/// What is known of a fault beforehand.
struct FaultKind {
  Fault fault;
  std::string_view name;  // on the command line and in reports
  unsigned row;           // of the failure model
  std::string_view text;  // one sentence
  Effect effect = Effect::Recovers;
  Duration hold{};                  // until it is healed
  Duration output{};                // bound: until output goes on
  bool is_counted_from_heal = false;  // else from the fault
  Duration leader{};                // bound: until another leads; 0: none
  bool expects_refusal = false;     // one comes back who has no say any more
  bool keeps_tasks = false;  // another leader takes the tasks over as they run; in drills' own clusters
  bool cuts = false;                // needs a network that can be cut
  bool is_for_any_cluster = false;  // needs no more than processes to signal
};

[[nodiscard]] std::span<const FaultKind> fault_kinds();
[[nodiscard]] const FaultKind& kind_of(Fault fault);
[[nodiscard]] std::string_view name_of(Fault fault);

/// One fault of a plan.
struct Planned {
  Fault fault = Fault::LeaderKill;
  Duration after{};  // the one before was injected
  Duration hold{};   // until it is healed
  bool operator==(const Planned&) const = default;
};

/// What one drill does, to one cluster with one job.
struct Plan {
  std::string name;  // by which it can be asked for again
  std::uint64_t seed = 0;
  std::vector<Planned> faults;
  bool operator==(const Plan&) const = default;
};

/// Scenarios that are more than one fault.
struct Combination {
  std::string_view name;
  unsigned row;
  std::string_view text;
};
[[nodiscard]] std::span<const Combination> combinations();

/// The drill of that name. Errors: there is none; the nearest name. The same seed gives the same plan.
[[nodiscard]] Result<Plan> plan_of(std::string_view name, std::uint64_t seed);
/// A drill of random faults, one behind or amid the other, for about so long. `can_cut`: links may be among
/// them. The same seed gives the same plan.
[[nodiscard]] Plan random_plan(std::uint64_t seed, Duration length, bool can_cut);

}  // namespace weir::drill
