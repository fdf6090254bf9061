// SPDX-License-Identifier: Apache-2.0
#include "test/sim/cluster.h"

#include <algorithm>

#include "test/sim/client_node.h"
#include "test/sim/entropy.h"
#include "test/sim/job_manager_node.h"
#include "test/sim/task_manager_node.h"

namespace weir::sim {

namespace {

ZkPaths paths_of_cluster() {
  auto paths = ZkPaths::make("/weir", "sim");
  WEIR_CHECK(paths, "the names are right");
  return *std::move(paths);
}

std::size_t position(const std::vector<NodeId>& nodes, NodeId node) {
  return static_cast<std::size_t>(std::find(nodes.begin(), nodes.end(), node) - nodes.begin());
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, bool tells)
    : world(seed, tells),
      zookeeper(world),
      wires(world),
      post(world, wires),
      disk(world),
      paths(paths_of_cluster()),
      promises(world, zookeeper, paths) {
  seed_entropy(world.random().next());
  plan = plan_job(world.random());
  promises.expect(plan.graph.id, plan.events_per_source);
  zookeeper.on_commit = [this](LeaderSessionId term, const std::vector<ZkOp>& steps) {
    promises.on_zookeeper_commit(term, steps);
    if (!term.is_none() && on_write) on_write();
  };
  disk.on_remove = [this](const std::string& path) { promises.on_file_removed(path); };
  for (std::size_t i = 0; i < kJobManagers; ++i)
    job_managers.push_back(world.add_node("jobmanager-" + std::to_string(i)));
  for (std::size_t i = 0; i < kTaskManagers; ++i)
    task_managers.push_back(world.add_node("taskmanager-" + std::to_string(i)));
  client_node = world.add_node("client");
  running_job_managers_.resize(kJobManagers);
  running_task_managers_.resize(kTaskManagers);
  for (const NodeId node : job_managers) start(node);
  for (const NodeId node : task_managers) start(node);
  start(client_node);
}

Cluster::~Cluster() = default;

NodeId Cluster::node_of(const std::string& address) const {
  for (std::uint32_t i = 0; i < kJobManagers + kTaskManagers; ++i)
    if (world.name(NodeId(i)) == address) return NodeId(i);
  WEIR_CHECK(false, "an address is that of a node");
  return {};
}

JobManagerNode& Cluster::job_manager(NodeId node) {
  return *running_job_managers_[position(job_managers, node)];
}
TaskManagerNode& Cluster::task_manager(NodeId node) {
  return *running_task_managers_[position(task_managers, node)];
}

void Cluster::start(NodeId node) {
  if (world.is_alive(node)) return;
  world.tell(world.name(node) + " starts");
  world.start(node);
  if (node == client_node) {
    client_ = std::make_unique<ClientNode>(*this, node);
    post.listen(node, [this](ConnectionId connection) { client_->on_down(connection); });
    return client_->start();
  }
  if (const auto i = position(task_managers, node); i < kTaskManagers) {
    running_task_managers_[i] = std::make_unique<TaskManagerNode>(*this, node);
    post.listen(node, [this, i](ConnectionId connection) { running_task_managers_[i]->on_down(connection); });
    return running_task_managers_[i]->start();
  }
  const auto i = position(job_managers, node);
  running_job_managers_[i] = std::make_unique<JobManagerNode>(*this, node);
  post.listen(node, [this, i](ConnectionId connection) { running_job_managers_[i]->on_down(connection); });
  running_job_managers_[i]->start();
}

void Cluster::crash(NodeId node) {
  if (!world.is_alive(node)) return;
  world.tell(world.name(node) + " dies");
  world.crash(node);
  post.on_crash(node);
  if (world.random().chance(30)) disk.lose_unsynced(node);
  if (const auto i = position(job_managers, node); i < kJobManagers) running_job_managers_[i].reset();
  else running_task_managers_[position(task_managers, node)].reset();
}

void Cluster::pause(NodeId node) {
  if (!world.is_alive(node) || world.is_paused(node)) return;
  world.tell(world.name(node) + " stands still");
  world.pause(node);
  post.on_pause(node);
}

void Cluster::resume(NodeId node) {
  if (world.is_paused(node)) promises.on_resumed(node);
  world.resume(node);
}

void Cluster::on_granted(NodeId node) {
  for (const NodeId other : job_managers) {
    const bool is_awake = other != node && world.is_alive(other) && !world.is_paused(other);
    if (is_awake && job_manager(other).leads()) promises.on_two_lead(other, node);
  }
  if (on_new_leader) on_new_leader(node);
}

bool Cluster::is_wanted(JobId job, ExecutionAttemptId attempt) {
  return std::any_of(job_managers.begin(), job_managers.end(), [&](NodeId node) {
    return world.is_alive(node) && job_manager(node).term() == promises.current_term() &&
           job_manager(node).runs(job, attempt);
  });
}

void Cluster::remove_leaders_node() {
  for (const NodeId node : job_managers) promises.on_session_taken(node);
  zookeeper.tamper(ZkOp::remove(paths.leader()));
}

void Cluster::cut(End from, End to) {
  wires.cut(from, to);
  if (from && to) post.on_cut(*from, *to);
}

void Cluster::lose_zookeeper(NodeId node) {
  if (!world.is_alive(node)) return;
  if (node == client_node) client_->lose_zookeeper();
  else if (position(job_managers, node) < kJobManagers) job_manager(node).lose_zookeeper();
  else task_manager(node).lose_zookeeper();
}

void Cluster::end_session(NodeId node) {
  promises.on_session_taken(node);
  zookeeper.close(job_manager(node).session());
}

std::string Cluster::describe() const { return promises.state_of(plan.graph.id); }

}  // namespace weir::sim
