// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::drill {

/// A process of a cluster that its operator has started.
struct OwnNode {
  std::string name;  // begins with "jobmanager" or "taskmanager"
  pid_t pid = -1;
  std::string address;  // of a JobManager rpc, of a TaskManager data; empty: unknown
  bool operator==(const OwnNode&) const = default;

  [[nodiscard]] bool is_job_manager() const { return name.starts_with("jobmanager"); }
};

/// A cluster that is there: its processes, and how clients find it.
struct OwnCluster {
  std::vector<OwnNode> nodes;
  std::string job_manager;  // "host:port"; empty: by ZooKeeper
  std::string zookeeper;    // hosts; empty: there is one JobManager
  std::string id = "default";
};

/// The value of `name=value` in a line, empty if there is none.
[[nodiscard]] std::string value_in(const std::string& line, const std::string& name);
/// Lines of `NAME PID [ADDRESS]`; what follows a # is said to people. Errors: which line, and why.
[[nodiscard]] Result<std::vector<OwnNode>> parse_pids(std::string_view text);
/// What `scripts/cluster up --dir FOLDER` has left there. Errors: no cluster is up there.
[[nodiscard]] Result<OwnCluster> read_cluster(const std::string& folder);

/// Whether each is a process of Weir's, so that nobody else is hit. Errors: which is not.
[[nodiscard]] Status check_processes(const OwnCluster& cluster);

}  // namespace weir::drill
