// SPDX-License-Identifier: Apache-2.0
#include "test/sim/post.h"

#include <memory>
#include <vector>

namespace weir::sim {

std::optional<ConnectionId> Post::between(NodeId a, NodeId b) const {
  for (const auto& [id, each] : connections_)
    if (each.is_open[0] && each.is_open[1] &&
        ((each.ends[0] == a && each.ends[1] == b) || (each.ends[0] == b && each.ends[1] == a)))
      return id;
  return std::nullopt;
}

NodeId Post::other(ConnectionId connection, NodeId end) const {
  const Connection& known = connections_.at(connection);
  return known.ends[0] == end ? known.ends[1] : known.ends[0];
}

bool Post::is_open(ConnectionId connection, NodeId end) const {
  const auto known = connections_.find(connection);
  return known != connections_.end() && known->second.is_open[side(known->second, end)];
}

void Post::connect(NodeId from, NodeId to, std::function<void(std::optional<ConnectionId>)> done) {
  if (const auto known = between(from, to)) {
    world_.in(Duration::zero(), from, [done, known] { done(known); });
    return;
  }
  const auto is_done = std::make_shared<bool>(false);
  const auto finish = [done, is_done](std::optional<ConnectionId> found) {
    if (!std::exchange(*is_done, true)) done(found);
  };
  const LinePtr out = wires_.line(from, to);
  const LinePtr back = wires_.line(to, from);
  if (!world_.is_alive(to)) {  // its machine refuses
    world_.in(soon(), from, [finish] { finish(std::nullopt); });
    return;
  }
  wires_.send(out, [this, from, to, out, back, finish, life = world_.life(from)] {
    if (!world_.is_alive(from) || world_.life(from) != life) return;  // who asked is dead
    const ConnectionId id{++last_};
    connections_[id] = {.ends = {from, to}, .to = {back, out}};
    wires_.send(back, [finish, id] { finish(id); });
  });
  world_.in(kSilence, from, [finish] { finish(std::nullopt); });
}

void Post::send(ConnectionId connection, NodeId from, World::Event event) {
  const auto known = connections_.find(connection);
  if (known == connections_.end()) return;
  Connection& here = known->second;
  if (!here.is_open[side(here, from)]) return;
  wires_.send(here.to[1 - side(here, from)], std::move(event));
}

void Post::close(ConnectionId id, NodeId end, Duration delay) {
  const auto known = connections_.find(id);
  if (known == connections_.end()) return;
  for (const LinePtr& line : known->second.to) line->break_off();
  if (!world_.is_alive(end)) {
    known->second.is_open[side(known->second, end)] = false;
    return;
  }
  world_.in(delay, end, [this, id, end] {
    const auto still = connections_.find(id);
    if (still == connections_.end() || !std::exchange(still->second.is_open[side(still->second, end)], false))
      return;
    fail_asked(id, end);
    if (listeners_[end]) listeners_[end](id);
  });
}

void Post::fail_asked(ConnectionId connection, NodeId end) {
  std::vector<std::function<void()>> broken;
  std::erase_if(asked_, [&](auto& each) {
    if (each.second.connection != connection || each.second.from != end) return false;
    broken.push_back(std::move(each.second.broken));
    return true;
  });
  for (const auto& tell : broken) tell();
}

void Post::on_crash(NodeId node) {
  listeners_.erase(node);
  std::erase_if(asked_, [&](const auto& each) { return each.second.from == node; });
  for (const auto& [id, known] : connections_) {
    if (!known.is_open[0] && !known.is_open[1]) continue;
    if (known.ends[0] != node && known.ends[1] != node) continue;
    const NodeId peer = other(id, node);
    close(id, node, Duration::zero());
    close(id, peer, wires_.is_cut(node, peer) ? kSilence + soon() : soon());
  }
}

void Post::on_pause(NodeId node) {
  world_.in(kSilence + world_.random().between(0ms, 200ms), [this, node, pause = world_.pauses(node)] {
    if (!world_.is_paused(node) || world_.pauses(node) != pause) return;
    for (const auto& [id, known] : connections_) {
      if (known.ends[0] != node && known.ends[1] != node) continue;
      close(id, other(id, node), Duration::zero());
      close(id, node, soon());  // when it is awake
    }
  });
}

void Post::on_cut(NodeId from, NodeId to) {
  world_.in(kSilence + world_.random().between(0ms, 200ms), [this, from, to] {
    if (!wires_.is_cut(from, to)) return;
    for (const auto& [id, known] : connections_) {
      const bool is_it = (known.ends[0] == from && known.ends[1] == to) ||
                         (known.ends[1] == from && known.ends[0] == to);
      if (!is_it) continue;
      close(id, to, Duration::zero());
      // The other end is told, if it can be; else it falls silent too.
      close(id, from, wires_.is_cut(to, from) ? world_.random().between(0ms, 400ms) : soon());
    }
  });
}

void Post::reset(NodeId a, NodeId b) {
  const auto id = between(a, b);
  if (!id) return;
  close(*id, a, soon());
  close(*id, b, soon());
}

}  // namespace weir::sim
