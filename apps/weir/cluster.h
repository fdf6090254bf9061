// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "actors/client/cluster_connection.h"
#include "apps/command_line.h"
#include "apps/weir/job_manager_address.h"
#include "base/config.h"
#include "base/ids.h"
#include "base/result.h"

namespace weir {

/// The cluster that a verb speaks to.
struct Cluster {
  std::string job_manager;  // "host:port"
  std::unique_ptr<ClusterConnection> connection;

  [[nodiscard]] JobClient& client() const { return connection->client(); }
};

/// Reads the configuration and connects.
/// Errors: one line; where nobody listens it says how to get a cluster.
[[nodiscard]] Result<Cluster> open_cluster(const CommandLine& line);
[[nodiscard]] Result<Cluster> open_cluster(const CommandLine& line, const Config& config);

/// The job that somebody wrote the id of, or the beginning of its id.
[[nodiscard]] Result<JobId> job_named(const std::string& written, const Cluster& cluster);
/// The error, and if the cluster does not know the job which one was probably meant.
[[nodiscard]] Error explain(const Error& error, const std::string& job, const Cluster& cluster);

}  // namespace weir
