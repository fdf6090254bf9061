// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "ha/zk_paths.h"
#include "test/sim/disk.h"
#include "test/sim/job.h"
#include "test/sim/link.h"
#include "test/sim/post.h"
#include "test/sim/promises.h"
#include "test/sim/world.h"
#include "test/sim/zk_ensemble.h"

namespace weir::sim {

class JobManagerNode;
class TaskManagerNode;
class ClientNode;

/// How long things take to be noticed: those of the drills.
struct Settings {
  Duration session_timeout = 2s;
  Duration follower_session_timeout = 4s;
  Duration heartbeat_interval = 300ms;
  Duration heartbeat_timeout = 1s;
  std::uint32_t slots = 2;  // of a TaskManager
};

/// All machines of one schedule, and what is between them.
class Cluster {
public:
  static constexpr std::size_t kJobManagers = 3;
  static constexpr std::size_t kTaskManagers = 3;

  Cluster(std::uint64_t seed, bool tells);
  ~Cluster();

  // Faults.
  void crash(NodeId node);
  void start(NodeId node);
  void pause(NodeId node);
  void resume(NodeId node);
  void cut(End from, End to);
  void heal(End from, End to) { wires.heal(from, to); }
  void lose_zookeeper(NodeId node);
  /// Ends the session that this process has, whatever it says.
  void end_session(NodeId node);
  /// Removes the node of who leads, as no client of ours does.
  void remove_leaders_node();
  /// A node is granted a term; `on_new_leader` is for who strikes at what has just begun.
  void on_granted(NodeId node);
  std::function<void(NodeId)> on_new_leader;
  /// A leader's write was just done, and it does not know yet; for who wants to take the answer from it.
  std::function<void()> on_write;
  /// Nothing is broken any more.
  void on_healed() { healed_at_ = world.now(); }
  /// Who leads now waits for this attempt: it was not given up, nor was the job.
  [[nodiscard]] bool is_wanted(JobId job, ExecutionAttemptId attempt);
  /// And a checkpoint was taken since.
  [[nodiscard]] bool has_recovered() const { return healed_at_ && promises.completed_at() > *healed_at_; }

  /// The process that runs on a node now.
  [[nodiscard]] JobManagerNode& job_manager(NodeId node);
  [[nodiscard]] TaskManagerNode& task_manager(NodeId node);
  [[nodiscard]] ClientNode& client() { return *client_; }
  [[nodiscard]] NodeId node_of(const std::string& address) const;
  [[nodiscard]] std::string describe() const;

  World world;
  ZkEnsemble zookeeper;
  Wires wires;
  Post post;
  Disk disk;
  const ZkPaths paths;
  Promises promises;
  const Settings settings;
  JobPlan plan;
  std::vector<NodeId> job_managers;
  std::vector<NodeId> task_managers;
  NodeId client_node{};

private:
  std::optional<TimePoint> healed_at_;
  std::vector<std::unique_ptr<JobManagerNode>> running_job_managers_;    // by index; null: dead
  std::vector<std::unique_ptr<TaskManagerNode>> running_task_managers_;  // the same
  std::unique_ptr<ClientNode> client_;
};

}  // namespace weir::sim
