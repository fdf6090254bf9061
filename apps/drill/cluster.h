// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/drill/network.h"
#include "apps/drill/own_cluster.h"
#include "apps/drill/process.h"
#include "base/result.h"
#include "base/time.h"

namespace weir::drill {

/// One process of a cluster, and the one below it if a guardian was started.
struct Node {
  std::string name;  // "jobmanager-2"
  Place place;
  std::unique_ptr<Process> process;  // null: its operator has started it
  std::string address;  // as it said when it was ready: of a JobManager rpc, of a TaskManager data
  pid_t pid = -1;       // of the JobManager below its guardian, or of the process
  pid_t guardian = -1;  // of an operator's JobManager, or of the process

  /// Nothing if it is gone.
  void signal(int number) const;
  [[nodiscard]] bool is_alive() const;
};

/// Settings that drills run under: life signs every 200 ms, a session of two seconds.
struct DrillTimes {
  static constexpr Duration kSession = 2s;
  static constexpr Duration kHeartbeat = 200ms;
  static constexpr Duration kHeartbeatTimeout = 1s;
};

/// JobManagers under guardians and TaskManagers, all real processes of this machine, that meet in a
/// ZooKeeper. Every process is gone when this ends.
///
/// Threads: one.
class Cluster {
public:
  struct Options {
    std::string id = "drill";  // of the cluster in ZooKeeper
    std::string folder;        // is there
    std::string programs;      // where weir, weir-jobmanager and weir-taskmanager are
    std::string zookeeper;     // hosts
    std::string job_manager;   // where there is no ZooKeeper: "host:port"
    std::size_t job_managers = 3;
    std::size_t task_managers = 3;
    std::size_t slots = 2;  // of each
    Network* network = nullptr;  // outlives this
  };

  /// All processes are ready, and all TaskManagers registered.
  [[nodiscard]] static Result<std::unique_ptr<Cluster>> start(Options options);

  /// One that is there. It is left as it is: nothing of it is started again or ended by us.
  [[nodiscard]] static std::unique_ptr<Cluster> adopt(Options options, const std::vector<OwnNode>& nodes);

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] std::deque<Node>& job_managers() { return job_managers_; }
  [[nodiscard]] std::deque<Node>& task_managers() { return task_managers_; }
  /// The JobManager at that address; none: nobody of ours.
  [[nodiscard]] Node* job_manager_at(const std::string& address);
  /// The TaskManager that serves data there.
  [[nodiscard]] Node* task_manager_at(const std::string& address);

  /// One more of each, ready.
  [[nodiscard]] Status start_job_manager();
  [[nodiscard]] Status start_task_manager();

  /// Returns when a JobManager is ready that its guardian started in the place of one that was killed, or at
  /// once if that one lives.
  [[nodiscard]] Status await_restart(Node& node);

  /// Any verb of the command line, spoken to this cluster.
  [[nodiscard]] std::vector<std::string> words(const std::string& verb) const;
  [[nodiscard]] Finished weir(const std::string& verb, const std::vector<std::string>& words) const;

  /// What each that lives has: of a JobManager the process below its guardian.
  struct Use {
    std::string who;
    pid_t pid;
    bool is_job_manager;
    ProcessUse has;
  };
  [[nodiscard]] std::vector<Use> uses() const;

  /// Asks all to end, and says which did not do so well.
  [[nodiscard]] std::vector<std::string> stop();
  /// Every process that there ever was.
  [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }
  /// What all processes wrote, each into a file of its name.
  void write_logs(const std::string& folder) const;
  [[nodiscard]] std::string logs() const;

private:
  explicit Cluster(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Status begin();
  [[nodiscard]] Result<Node> launch(const std::string& program, const std::string& name,
                                    std::vector<std::string> arguments);
  [[nodiscard]] Result<Node> launch_task_manager();
  [[nodiscard]] Result<Node> launch_job_manager();
  [[nodiscard]] Status await_ready(Node& node);
  void keep(std::deque<Node>& nodes, Node node);

  const Options options_;
  bool is_own_ = true;  // else an operator's
  std::deque<Node> job_managers_;
  std::deque<Node> task_managers_;
  std::vector<pid_t> pids_;
};

}  // namespace weir::drill
