// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ha/election.h"
#include "ha/ports.h"
#include "test/sim/cluster.h"
#include "test/sim/worker.h"
#include "test/sim/zk_session.h"

namespace weir::sim {

/// A candidate's session with ZooKeeper, and the thread of its election: what ZkLeaderElection does.
class Candidate final : private ElectionOutbox {
public:
  struct Events {
    std::function<void(LeaderSessionId)> granted;
    std::function<void()> revoked;
  };

  Candidate(Cluster& cluster, NodeId node, Events events);

  void start() { zookeeper_.renew(); }
  void confirm(LeaderSessionId session);
  [[nodiscard]] ZkSessionClient& zookeeper() { return zookeeper_; }

private:
  void look() override;
  void bid(std::int32_t epoch) override;
  void bid_again(std::int32_t epoch) override;
  bool prepare() override;
  void publish(std::int32_t epoch) override;
  bool renew_session() override;
  void grant(LeaderSessionId term) override { events_.granted(term); }
  void revoke(std::string_view) override { events_.revoked(); }

  void post(std::function<void(TimePoint)> event);
  void arm();
  void commit_bid(ZkOp claim, std::int32_t epoch);
  void look_at_leader(const ZkAnswer& epoch);

  Cluster& cluster_;
  const NodeId node_;
  const Events events_;
  ZkSessionClient zookeeper_;
  Election logic_{*this};
  LeaderAddress published_;
  std::optional<TimePoint> armed_;
  Worker thread_;
};

/// ZooKeeper's tree as the threads of a leader ask it, under one term.
class TermTree final : public ZkTree {
public:
  TermTree(ZkSessionClient& zookeeper, LeaderSessionId term) : zookeeper_(zookeeper), term_(term) {}

  ZkReply<ZkNode> exists(const std::string& path) override;
  ZkReply<ZkNode> get(const std::string& path) override;
  ZkReply<std::vector<std::string>> children(const std::string& path) override;
  ZkReply<ZkCommit> commit(std::vector<ZkOp> steps) override;

private:
  [[nodiscard]] ZkAnswer ask(ZkRequest request);

  ZkSessionClient& zookeeper_;
  const LeaderSessionId term_;
};

}  // namespace weir::sim
