// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "ha/ports.h"
#include "ha/standalone.h"
#include "ha/zk_client.h"
#include "ha/zookeeper_options.h"

namespace weir {

/// How a connection to these servers is made.
[[nodiscard]] ZkClient::Options client_options(const ZooKeeperOptions& zookeeper);

/// Follows the leader in ZooKeeper, or where there is none the one JobManager at "host:port" under `session`.
/// Errors: what is wrong with the hosts, or with the names of root and cluster.
[[nodiscard]] Result<std::unique_ptr<LeaderRetrieval>> make_retrieval(
    const std::optional<ZooKeeperOptions>& zookeeper, const std::string& job_manager,
    LeaderSessionId session = kStandaloneSession);

}  // namespace weir
