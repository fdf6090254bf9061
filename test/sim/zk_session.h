// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "ha/zk_client.h"
#include "test/sim/link.h"
#include "test/sim/world.h"
#include "test/sim/zk_ensemble.h"

namespace weir::sim {

/// What ZooKeeper's C library does for one process: connects, again and again; asks; takes what was not
/// answered when a connection breaks for unknown; hears of the end of its session only from a server.
///
/// Threads: none. One a life of a process.
class ZkSessionClient {
public:
  using Answered = ZkEnsemble::Answered;
  struct Events {
    std::function<void(ZkSessionState, const ZkSession&)> on_session;
    std::function<void(const std::string& path)> on_changed;
  };

  ZkSessionClient(World& world, ZkEnsemble& ensemble, Wires& wires, NodeId node, Duration timeout,
                  Events events)
      : world_(world),
        ensemble_(ensemble),
        wires_(wires),
        node_(node),
        timeout_(timeout),
        events_(std::move(events)) {}

  /// Begins a session, and gives up the one that there was.
  void renew();
  void ask(ZkRequest request, Answered answered);
  /// Breaks the connection, as networks do.
  void disconnect();
  [[nodiscard]] std::int64_t session() const { return session_; }
  [[nodiscard]] Duration timeout() const { return timeout_; }

private:
  enum class Phase : std::uint8_t { Over, Connecting, Connected };
  struct Asked {
    ZkRequest request;
    Answered answered;
  };

  void connect();
  void connect_after(Duration pause);
  void on_welcome(std::uint64_t attempt, ZkEnsemble::Welcome welcome, std::int64_t session);
  void fail_asked(ZkOutcome outcome);
  void send(const ZkRequest& request);
  void on_answer(std::uint64_t attempt, const ZkAnswer& answer);
  void on_change(std::uint64_t attempt, const std::string& path);
  void beat(std::uint64_t attempt);
  void tell(ZkSessionState state);

  World& world_;
  ZkEnsemble& ensemble_;
  Wires& wires_;
  const NodeId node_;
  const Duration timeout_;
  const Events events_;

  Phase phase_ = Phase::Over;
  std::int64_t session_ = 0;
  std::int64_t seen_ = 0;  // the latest change that a server told of
  std::uint64_t attempt_ = 0;
  ZkEnsemble::WirePtr wire_;
  LinePtr up_;
  LinePtr down_;
  TimePoint heard_{};
  std::deque<Asked> asked_;
  std::map<std::string, bool> watches_;  // paths, and whether the node was there
};

}  // namespace weir::sim
