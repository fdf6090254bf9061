// SPDX-License-Identifier: Apache-2.0
#include "test/sim/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::sim {

NodeId World::add_node(std::string name) {
  nodes_.push_back({.name = std::move(name)});
  return NodeId(static_cast<std::uint32_t>(nodes_.size() - 1));
}

void World::crash(NodeId node) {
  Node& dead = state(node);
  dead.is_alive = dead.is_paused = false;
  ++dead.life;
  dead.held.clear();
}

void World::resume(NodeId node) {
  Node& awake = state(node);
  if (!std::exchange(awake.is_paused, false)) return;
  for (Event& event : std::exchange(awake.held, {})) push(now_, node, std::move(event));
}

void World::push(TimePoint due, std::optional<NodeId> node, Event event) {
  if (free_entries_.empty()) {
    free_entries_.push_back(entries_.size());
    entries_.emplace_back();
  }
  const std::size_t entry = free_entries_.back();
  free_entries_.pop_back();
  entries_[entry] = {.node = node, .life = node ? state(*node).life : 0, .event = std::move(event)};
  queue_.push_back({.due = due, .number = ++last_number_, .entry = entry});
  std::push_heap(queue_.begin(), queue_.end(), Later{});
}

bool World::step() {
  if (queue_.empty()) return false;
  std::pop_heap(queue_.begin(), queue_.end(), Later{});
  const Due first = queue_.back();
  queue_.pop_back();
  at_once_ = first.due == now_ ? at_once_ + 1 : 0;
  if (at_once_ > kMostAtOnce) violate("time stands still: somebody does the same for ever");
  now_ = first.due;
  Entry next = std::move(entries_[first.entry]);
  free_entries_.push_back(first.entry);
  if (next.node) {
    Node& node = state(*next.node);
    if (!node.is_alive || node.life != next.life) return true;
    if (node.is_paused) {
      node.held.push_back(std::move(next.event));
      return true;
    }
  }
  ++tally.events;
  mark(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  mark(next.node ? static_cast<std::uint64_t>(*next.node) + 1 : 0);
  next.event();
  return true;
}

void World::mark(std::uint64_t what) {
  trace_ = (trace_ ^ what) * 0x0000'0100'0000'01b3U;
  trace_ ^= trace_ >> 29;
}

void World::violate(const std::string& what) {
  if (!violation_.empty()) return;
  violation_ = what;
  if (tells_) tell("VIOLATION: " + what);
}

void World::tell(const std::string& what) {
  if (!tells_) return;
  char time[32];
  std::snprintf(time, sizeof time, "%10.4f  ",
                std::chrono::duration<double>(now_.time_since_epoch()).count());
  story_.push_back(time + what);
  if (story_.size() > kToldLines) story_.pop_front();
}

}  // namespace weir::sim
