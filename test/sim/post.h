// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "test/sim/link.h"
#include "test/sim/world.h"

namespace weir::sim {

/// One connection between two processes; 0: none.
enum class ConnectionId : std::uint64_t {};

/// The mail between processes, as the actor system carries it: one connection for all that two of them say to
/// each other. It breaks when one of them dies, falls silent for too long, or is cut off; each end hears of
/// that in its own time, and what was under way is lost.
class Post {
public:
  static constexpr Duration kSilence = 1200ms;  // of the peer, until it counts as gone

  Post(World& world, Wires& wires) : world_(world), wires_(wires) {}

  /// How the life of `node` that begins now hears that a connection is gone.
  void listen(NodeId node, std::function<void(ConnectionId)> on_down) {
    listeners_[node] = std::move(on_down);
  }
  /// The one that there is, or a new one. None, after a while: `to` could not be reached.
  void connect(NodeId from, NodeId to, std::function<void(std::optional<ConnectionId>)> done);
  /// Runs `event` at the other end of the connection, or never.
  void send(ConnectionId connection, NodeId from, World::Event event);

  /// The same with an answer: `event` is given how to answer; `done` gets that, or none if the connection
  /// broke first.
  template <class Answer>
  using Reply = std::function<void(const Answer&)>;
  template <class Answer>
  void ask(ConnectionId connection, NodeId from, std::function<void(Reply<Answer>)> event,
           std::function<void(std::optional<Answer>)> done);

  /// Whether `end` has not heard yet that it is gone.
  [[nodiscard]] bool is_open(ConnectionId connection, NodeId end) const;
  [[nodiscard]] NodeId other(ConnectionId connection, NodeId end) const;

  // Faults, behind those of the World.
  void on_crash(NodeId node);
  void on_pause(NodeId node);
  void on_cut(NodeId from, NodeId to);
  /// Some connection between the two breaks for no reason.
  void reset(NodeId a, NodeId b);

private:
  struct Connection {
    std::array<NodeId, 2> ends{};
    std::array<LinePtr, 2> to;  // to[i]: to ends[i]
    std::array<bool, 2> is_open{true, true};
  };
  struct Asked {
    ConnectionId connection{};
    NodeId from{};
    std::function<void()> broken;
  };

  [[nodiscard]] static std::size_t side(const Connection& connection, NodeId end) {
    return connection.ends[0] == end ? 0 : 1;
  }
  [[nodiscard]] std::optional<ConnectionId> between(NodeId a, NodeId b) const;
  /// `end` notices, after `delay`.
  void close(ConnectionId connection, NodeId end, Duration delay);
  void fail_asked(ConnectionId connection, NodeId end);
  [[nodiscard]] Duration soon() { return world_.random().between(1ms, 4ms); }

  World& world_;
  Wires& wires_;
  std::map<NodeId, std::function<void(ConnectionId)>> listeners_;
  std::map<ConnectionId, Connection> connections_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_ = 0;
};

template <class Answer>
void Post::ask(ConnectionId connection, NodeId from, std::function<void(Reply<Answer>)> event,
               std::function<void(std::optional<Answer>)> done) {
  const std::uint64_t number = ++last_;
  const auto known = connections_.find(connection);
  if (known == connections_.end() || !known->second.is_open[side(known->second, from)]) {
    world_.in(Duration::zero(), from, [done] { done(std::nullopt); });
    return;
  }
  asked_[number] = {connection, from, [done] { done(std::nullopt); }};
  send(connection, from, [this, connection, from, number, event = std::move(event), done] {
    event([this, connection, from, number, done](const Answer& answer) {
      send(connection, other(connection, from), [this, number, done, answer] {
        if (asked_.erase(number) > 0) done(answer);
      });
    });
  });
}

}  // namespace weir::sim
