// SPDX-License-Identifier: Apache-2.0
#include "ha/retrieval.h"

#include <utility>

#include "ha/zk_leader.h"
#include "ha/zk_paths.h"

namespace weir {

ZkClient::Options client_options(const ZooKeeperOptions& zookeeper) {
  return {.hosts = zookeeper.hosts,
          .session_timeout = zookeeper.session_timeout,
          .secret = zookeeper.secret};
}

Result<std::unique_ptr<LeaderRetrieval>> make_retrieval(const std::optional<ZooKeeperOptions>& zookeeper,
                                                        const std::string& job_manager,
                                                        LeaderSessionId session) {
  using Retrieval = std::unique_ptr<LeaderRetrieval>;
  if (!zookeeper) return Retrieval(std::make_unique<StandaloneLeaderRetrieval>(job_manager, session));
  const auto paths = ZkPaths::make(zookeeper->root, zookeeper->cluster);
  if (!paths) return paths.error();
  auto made = ZkLeaderRetrieval::make({.zookeeper = client_options(*zookeeper), .paths = *paths});
  if (!made) return made.error();
  return Retrieval(*std::move(made));
}

}  // namespace weir
