// SPDX-License-Identifier: Apache-2.0
#include "test/sim/schedule.h"

#include <exception>
#include <optional>

#include "test/sim/client_node.h"
#include "test/sim/cluster.h"
#include "test/sim/entropy.h"
#include "test/sim/job_manager_node.h"
#include "test/sim/nemesis.h"

namespace weir::sim {

namespace {

/// From the moment when everything is healed to the end of the job: longer than all timers that have to run
/// out, and all events that are still to come.
constexpr Duration kPatience = 60s;
/// Behind the client's answer: what happens then must not undo it.
constexpr Duration kAftermath = 1s;

/// Who leads, and is awake.
void watch_leaders(Cluster& cluster) {
  for (const NodeId node : cluster.job_managers) {
    const bool is_awake = cluster.world.is_alive(node) && !cluster.world.is_paused(node);
    cluster.promises.on_seen_leading(node, is_awake ? cluster.job_manager(node).term() : LeaderSessionId{});
  }
  cluster.world.in(250ms, [&cluster] { watch_leaders(cluster); });
}

void run(Cluster& cluster, Nemesis& nemesis) {
  const JobId job = cluster.plan.graph.id;
  std::optional<TimePoint> answered;
  nemesis.start();
  watch_leaders(cluster);
  if (cluster.world.random().chance(15)) {
    cluster.world.in(cluster.world.random().between(500ms, 6s), [&] {
      cluster.world.tell("the client cancels the job");
      cluster.client().cancel();
    });
  }
  while (cluster.world.violation().empty()) {
    if (!cluster.world.step()) return cluster.world.violate("nothing happens any more");
    if (!answered && cluster.promises.is_answered(job)) answered = cluster.world.now();
    if (answered && cluster.world.now() > *answered + kAftermath) return;
    if (nemesis.is_over() && !answered && cluster.world.now() > nemesis.healed_at() + kPatience)
      cluster.world.violate("liveness: the client has no answer; " + cluster.describe());
  }
}

}  // namespace

std::uint64_t seed_of(std::uint64_t seed, std::uint64_t schedule) {
  return Random(seed * 0x9e37'79b9'7f4a'7c15U + schedule).next();
}

Verdict run_schedule(std::uint64_t seed, bool tells) {
  Verdict verdict{.seed = seed};
  Cluster cluster(seed, tells);
  World& world = cluster.world;
  if (tells)
    log_to([&](std::string_view logger, std::string_view message) {
      world.tell(std::string(logger) + ": " + std::string(message));
    });
  Nemesis nemesis(cluster);
  try {
    run(cluster, nemesis);
  } catch (const CheckFailed& failed) {
    world.violate(std::string("a check: ") + failed.what());
  } catch (const std::exception& thrown) {
    world.violate(std::string("an exception: ") + thrown.what());
  }
  log_to(nullptr);
  verdict.violation = world.violation();
  verdict.trace = world.trace();
  verdict.simulated = world.now() - TimePoint{};
  verdict.tally = world.tally;
  verdict.story.assign(world.story().begin(), world.story().end());
  return verdict;
}

}  // namespace weir::sim
