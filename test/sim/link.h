// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "test/sim/world.h"

namespace weir::sim {

/// Who sends and receives: a node, or all servers of ZooKeeper together.
using End = std::optional<NodeId>;
inline constexpr End kZooKeeper = std::nullopt;

/// One direction of a connection: what is sent arrives in order, late, or, once it is broken, never. What
/// meets a cut waits until that heals, as TCP sends it again.
class Line {
public:
  void break_off() {
    is_broken_ = true;
    under_way_.clear();
  }
  [[nodiscard]] bool is_broken() const { return is_broken_; }

private:
  friend class Wires;

  struct Link {
    bool is_cut = false;
    std::vector<std::weak_ptr<Line>> lines;
  };

  Link* link_ = nullptr;
  End to_;
  std::uint32_t life_ = 0;  // of the receiver, when the connection was made
  TimePoint last_{};
  bool is_broken_ = false;
  std::deque<World::Event> under_way_;  // the first one is the next to arrive
  std::size_t held_ = 0;                // so many would have arrived, but for a cut
};
using LinePtr = std::shared_ptr<Line>;

/// The network between all ends: latencies, and cuts of single directions.
class Wires {
public:
  explicit Wires(World& world) : world_(world) {}

  [[nodiscard]] LinePtr line(End from, End to);
  void send(const LinePtr& line, World::Event event);

  void cut(End from, End to) { links_[{from, to}].is_cut = true; }
  void heal(End from, End to);
  [[nodiscard]] bool is_cut(End from, End to) const;
  /// From here on everything takes up to so much longer.
  void slow_down(Duration most) { slowness_ = most; }

private:
  void let_one_arrive(const LinePtr& line);
  void arrive(const LinePtr& line);

  World& world_;
  Duration slowness_{};
  std::map<std::pair<End, End>, Line::Link> links_;
};

}  // namespace weir::sim
