// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "test/sim/cluster.h"

namespace weir::sim {

/// Breaks things for a while, and then heals everything. Each schedule takes some of the kinds of faults
/// only, so that each kind is also seen without the noise of all others.
class Nemesis {
public:
  explicit Nemesis(Cluster& cluster);

  void start();
  /// Nothing is broken any more, and nothing will be.
  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] TimePoint healed_at() const { return healed_at_; }

private:
  using Fault = void (Nemesis::*)();

  void strike();
  void heal_all();
  void undo_in(Duration length, std::function<void()> undo);
  void say(const std::string& what) { cluster_.world.tell("fault: " + what); }

  void crash_job_manager();
  void crash_task_manager();
  void pause_job_manager();
  void pause_task_manager();
  void cut_job_manager_off_task_manager();
  void cut_task_managers();
  void cut_job_manager_off_zookeeper();
  void cut_follower_off_zookeeper();
  void cut_client_off();
  void reset_connection();
  void lose_zookeeper_connection();
  void end_leaders_session();
  void remove_leaders_node();
  /// Somewhere in the first steps of who has just begun to lead.
  void strike_at(NodeId new_leader);
  /// Who has just written and waits for the answer, now and then.
  void strike_at_write();
  void stop_zookeeper_member();
  void stop_zookeeper_quorum();
  void lag_zookeeper_member();
  void slow_disk();
  void fail_disk();
  void slow_network();

  void cut_for(End a, End b, Duration length);
  void crash_for(NodeId node, Duration length);
  [[nodiscard]] NodeId some_job_manager();
  [[nodiscard]] NodeId some_task_manager() { return pick(cluster_.task_managers); }
  [[nodiscard]] NodeId pick(const std::vector<NodeId>& nodes);
  [[nodiscard]] Random& random() { return cluster_.world.random(); }

  Cluster& cluster_;
  std::vector<Fault> faults_;  // of this schedule
  Duration pause_{};           // between two, at most
  bool has_guardian_ = false;
  bool strikes_new_leaders_ = false;
  bool strikes_writes_ = false;
  bool is_over_ = false;
  TimePoint ends_{};
  TimePoint healed_at_{};
};

}  // namespace weir::sim
