// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "test/sim/random.h"

namespace weir::sim {

enum class NodeId : std::uint32_t {};

/// What one schedule did, for its report.
struct Tally {
  std::uint64_t events = 0;
  std::uint64_t faults = 0;
  std::uint64_t leaders = 0;      // terms that were granted
  std::uint64_t checkpoints = 0;  // completed
  std::uint64_t restores = 0;
  std::uint64_t refused = 0;  // messages that a fence did not let through
};

/// Virtual time, and everything that happens in it, one event after the other. Events of a node (a process on
/// a machine of its own) are lost when it dies, and wait while it stands still.
///
/// Order:   events of one moment happen in the order in which they were asked for.
class World {
public:
  using Event = std::function<void()>;

  /// `tells`: keeps in mind what happens, in words, for who wants to read it.
  explicit World(std::uint64_t seed, bool tells = false) : random_(seed), tells_(tells) {}

  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] WallTime wall_now() const {
    return WallTime(std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()));
  }

  /// Happens whoever lives.
  void in(Duration delay, Event event) { push(now_ + delay, std::nullopt, std::move(event)); }
  /// Happens to this node, in the life that it leads now.
  void in(Duration delay, NodeId node, Event event) { push(now_ + delay, node, std::move(event)); }

  NodeId add_node(std::string name);
  void start(NodeId node) { state(node).is_alive = true; }
  void crash(NodeId node);
  void pause(NodeId node) {
    state(node).is_paused = true;
    ++state(node).pauses;
  }
  void resume(NodeId node);
  [[nodiscard]] bool is_alive(NodeId node) const { return nodes_[index(node)].is_alive; }
  [[nodiscard]] bool is_paused(NodeId node) const { return nodes_[index(node)].is_paused; }
  /// Counts the lives of this node.
  [[nodiscard]] std::uint32_t life(NodeId node) const { return nodes_[index(node)].life; }
  /// Counts how often it stood still.
  [[nodiscard]] std::uint32_t pauses(NodeId node) const { return nodes_[index(node)].pauses; }
  [[nodiscard]] const std::string& name(NodeId node) const { return nodes_[index(node)].name; }

  /// The next event. False: there is none.
  bool step();

  /// The promise that was broken first; empty: none.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  void violate(const std::string& what);

  [[nodiscard]] bool tells() const { return tells_; }
  void tell(const std::string& what);
  [[nodiscard]] const std::deque<std::string>& story() const { return story_; }
  /// Equal if everything happened alike.
  [[nodiscard]] std::uint64_t trace() const { return trace_; }
  /// Something happened that must be alike in every run of this seed.
  void mark(std::uint64_t what);

  Tally tally;

private:
  static constexpr std::size_t kToldLines = 400;
  /// Who asks for so many events without letting time pass turns round and round.
  static constexpr std::uint64_t kMostAtOnce = 100'000;

  struct Node {
    std::string name;
    bool is_alive = false;
    bool is_paused = false;
    std::uint32_t life = 0;
    std::uint32_t pauses = 0;
    std::vector<Event> held;
  };
  struct Entry {
    std::optional<NodeId> node;
    std::uint32_t life = 0;
    Event event;
  };
  /// When an entry is due, and where it lies: small, since a heap moves what it holds.
  struct Due {
    TimePoint due;
    std::uint64_t number = 0;
    std::size_t entry = 0;
  };
  struct Later {
    bool operator()(const Due& a, const Due& b) const {
      return a.due != b.due ? a.due > b.due : a.number > b.number;
    }
  };

  [[nodiscard]] static std::size_t index(NodeId node) { return static_cast<std::size_t>(node); }
  [[nodiscard]] Node& state(NodeId node) { return nodes_[index(node)]; }
  void push(TimePoint due, std::optional<NodeId> node, Event event);

  Random random_;
  const bool tells_;
  TimePoint now_{};
  std::uint64_t last_number_ = 0;
  std::uint64_t at_once_ = 0;  // events of this moment
  std::vector<Due> queue_;  // a heap
  std::vector<Entry> entries_;
  std::vector<std::size_t> free_entries_;
  std::vector<Node> nodes_;
  std::string violation_;
  std::deque<std::string> story_;
  std::uint64_t trace_ = 0;
};

/// The hands of a World.
class WorldClock final : public Clock {
public:
  explicit WorldClock(const World& world) : world_(world) {}
  [[nodiscard]] TimePoint now() const override { return world_.now(); }
  [[nodiscard]] WallTime wall_now() const override { return world_.wall_now(); }

private:
  const World& world_;
};

}  // namespace weir::sim
