// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "actors/system/leader_search.h"
#include "ha/leader_sight.h"
#include "test/sim/cluster.h"
#include "test/sim/mailbox.h"
#include "test/sim/zk_session.h"

namespace weir::sim {

/// How a TaskManager or a client finds the leader: what ZkLeaderRetrieval and the leader finder do.
class Follower final : private LeaderSearchOutbox {
public:
  struct Events {
    std::function<void(LeaderSessionId, ConnectionId)> found;
    std::function<void(const std::string& reason)> lost;
  };

  Follower(Cluster& cluster, NodeId node, Events events);

  void start() { zookeeper_.renew(); }
  void on_down(ConnectionId connection);
  /// Somebody thinks that the leader is gone.
  void on_lost(const std::string& reason);
  void lose_zookeeper() { zookeeper_.disconnect(); }

private:
  void connect(const LeaderAt& leader) override;
  void found(LeaderSessionId session) override;
  void lost(const std::string& reason) override;
  void wake_after(Duration delay) override;

  void on_session(ZkSessionState state);
  void read_leader();
  void read_address();
  void on_read(const LeaderAddress& leader);
  [[nodiscard]] TimePoint now() const { return cluster_.world.now(); }

  Cluster& cluster_;
  const NodeId node_;
  const Events events_;
  ZkSessionClient zookeeper_;
  LeaderSight sight_;
  LeaderSearch search_;
  std::optional<ConnectionId> leader_;
  Mailbox to_finder_;
  Mailbox to_owner_;
};

}  // namespace weir::sim
