// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <utility>

#include "test/sim/world.h"

namespace weir::sim {

/// From one actor to another of the same process: in order, and a moment later.
class Mailbox {
public:
  Mailbox(World& world, NodeId node) : world_(world), node_(node) {}

  void send(World::Event event) {
    last_ = std::max(last_, world_.now() + world_.random().between(1us, 60us));
    world_.in(last_ - world_.now(), node_, std::move(event));
  }

private:
  World& world_;
  const NodeId node_;
  TimePoint last_{};
};

}  // namespace weir::sim
