// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "graph/stream_graph.h"

namespace weir {

/// What can be said of one operator. Each call returns the stream, so that calls chain. `Self` has node().
template <class Self>
class OperatorSettings {
public:
  /// How many subtasks run it. Default: the program's.
  Self& parallelism(std::uint32_t subtasks) { return set([&](StreamNode& n) { n.parallelism = subtasks; }); }
  /// The number of key groups, and so the most subtasks that it can ever be rescaled to.
  Self& max_parallelism(std::uint32_t groups) {
    return set([&](StreamNode& n) { n.max_parallelism = groups; });
  }
  /// What people see.
  Self& name(std::string name) { return set([&](StreamNode& n) { n.name = std::move(name); }); }
  /// By this its state is found again in a savepoint, whatever else of the program has changed. Give one to
  /// each operator with state.
  Self& uid(std::string uid) { return set([&](StreamNode& n) { n.uid = std::move(uid); }); }
  /// An older generated id (32 hex) under which savepoints know its state.
  Self& uid_hash(std::string hex) { return set([&](StreamNode& n) { n.uid_hash = std::move(hex); }); }
  /// Subtasks of one group may share a slot; of two groups never. Default: the inputs' group.
  Self& slot_sharing_group(std::string group) {
    return set([&](StreamNode& n) { n.slot_sharing_group = std::move(group); });
  }
  /// Subtask i of each operator of one group runs in the same slot. They must have the same parallelism and
  /// slot sharing group.
  Self& co_location_group(std::string group) {
    return set([&](StreamNode& n) { n.co_location_group = std::move(group); });
  }
  /// Never in one task with its neighbours.
  Self& disable_chaining() { return set([](StreamNode& n) { n.chaining = ChainingStrategy::Never; }); }
  /// Not in one task with the operator before it.
  Self& start_new_chain() { return set([](StreamNode& n) { n.chaining = ChainingStrategy::Head; }); }
  /// How long a record may wait in a half-filled buffer: 0 not at all, kNoBufferTimeout until it is full.
  Self& buffer_timeout(std::chrono::milliseconds longest) {
    return set([&](StreamNode& n) { n.buffer_timeout = longest; });
  }

  /// How much of its slot's managed memory the operator gets beside the others that want some. For sorts,
  /// joins and groups of bounded streams; default: 1.
  Self& managed_memory_weight(std::uint32_t weight) {
    return set([&](StreamNode& n) { n.managed_memory_weight = weight; });
  }

private:
  template <class Change>
  Self& set(Change&& change) {
    auto& self = static_cast<Self&>(*this);
    change(self.node());
    return self;
  }
};

}  // namespace weir
