// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "test/support/leader_watch.h"
#include "test/support/process.h"
#include "test/support/temporary_directory.h"
#include "test/support/test_cluster.h"
#include "test/support/zookeeper_process.h"

namespace weir::testing {

/// A cluster of real processes with several JobManagers that meet in a real ZooKeeper: one leads and all
/// TaskManagers are registered with it when the constructor returns.
///
/// Threads: one.
class HaCluster {
public:
  struct Options {
    std::size_t servers = 1;  // of ZooKeeper
    ZooKeeperProcess* shared_zookeeper = nullptr;  // another cluster's, outlives this; null: one of its own
    std::string cluster = "test";
    std::string secret_file;  // of ZooKeeper; empty: none
    std::size_t job_managers = 2;
    std::size_t task_managers = 2;
    std::size_t slots = 2;  // of each
    Duration session_timeout = 2s;
    bool has_guardians = true;
    std::vector<std::string> settings;  // "key=value", of every process
  };

  explicit HaCluster(Options options);

  [[nodiscard]] ZooKeeperProcess& zookeeper() { return zookeeper_; }
  [[nodiscard]] ZkPaths paths() const { return *ZkPaths::make("/weir", options_.cluster); }
  [[nodiscard]] LeaderWatch& leaders() { return leaders_; }
  [[nodiscard]] bool has_guardians() const { return options_.has_guardians; }
  /// Which JobManager is at that address.
  [[nodiscard]] std::size_t job_manager_at(const std::string& address) const;
  /// The one that a JobManager's guardian started; a JobManager without a guardian itself.
  [[nodiscard]] Process& job_manager(std::size_t index) { return *job_managers_[index].process; }
  [[nodiscard]] Process& task_manager(std::size_t index) { return *task_managers_[index]; }
  /// The one that serves data there.
  [[nodiscard]] std::size_t task_manager_at(const std::string& data_address);
  void signal_job_manager(std::size_t index, int number);
  /// Returns when the guardian has started another in the place of the one that was killed.
  void await_restart(std::size_t index);
  /// One more. `settings` are its own.
  std::size_t start_job_manager(const std::string& zookeeper_hosts = "",
                                const std::vector<std::string>& settings = {});

  /// Attaches to a job; what it says are the lines of `weir run`.
  [[nodiscard]] std::unique_ptr<Process> start(const Submission& job);
  /// Any verb of the command line.
  [[nodiscard]] Finished weir(const std::string& verb, std::vector<std::string> words = {});
  [[nodiscard]] nlohmann::json status(const std::string& job = "");
  [[nodiscard]] const TemporaryDirectory& files() const { return files_; }
  /// Of all jobs: the files that make them what they are.
  [[nodiscard]] std::vector<std::string> completed_checkpoints() const;

private:
  struct JobManager {
    std::unique_ptr<Process> process;
    std::string address;
    pid_t pid = -1;  // of the JobManager itself, below its guardian
  };

  [[nodiscard]] std::unique_ptr<Process> begin(const std::string& program,
                                               std::vector<std::string> arguments,
                                               const std::vector<std::string>& own_settings = {});
  void await_ready(JobManager& job_manager);
  /// How a process finds the cluster.
  [[nodiscard]] std::vector<std::string> place() const;

  const Options options_;
  const TemporaryDirectory files_;
  const std::unique_ptr<ZooKeeperProcess> own_zookeeper_;  // null: it is another's
  ZooKeeperProcess& zookeeper_;
  LeaderWatch leaders_;
  std::vector<JobManager> job_managers_;
  std::vector<std::unique_ptr<Process>> task_managers_;
};

}  // namespace weir::testing
