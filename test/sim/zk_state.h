// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ha/zk_tree.h"

namespace weir::sim {

/// What a ZooKeeper server knows, and by what rules it changes: nodes, sessions, and watches that fire once.
/// A real server is asked the same questions in zk_state_test.
///
/// Threads: none. It knows no time: who uses it says when a session ends.
class ZkState {
public:
  struct Fired {
    std::int64_t session = 0;
    std::string path;
    auto operator<=>(const Fired&) const = default;
  };

  void begin_session(std::int64_t session);
  /// Its nodes go with it.
  void end_session(std::int64_t session);
  [[nodiscard]] bool has_session(std::int64_t session) const { return sessions_.contains(session); }
  /// The server forgets who watches, as when a client connects to another one.
  void forget_watches(std::int64_t session);

  [[nodiscard]] ZkReply<ZkNode> get(const std::string& path) const;
  [[nodiscard]] ZkReply<std::vector<std::string>> children(const std::string& path) const;
  /// With a session, that is told once when the node is made, changed or removed.
  [[nodiscard]] ZkReply<ZkNode> exists(const std::string& path, std::int64_t watcher = 0);
  ZkReply<ZkCommit> commit(std::int64_t session, const std::vector<ZkOp>& steps);

  [[nodiscard]] std::vector<Fired> take_fired() { return std::exchange(fired_, {}); }
  /// The number of the latest change.
  [[nodiscard]] std::int64_t last_change() const { return change_; }
  /// Whether the node was made, changed or removed behind that change. A removal it does not remember: then
  /// `was_there` tells.
  [[nodiscard]] bool has_changed(const std::string& path, std::int64_t since, bool was_there) const;

private:
  struct Node {
    std::string data;
    std::int32_t version = 0;
    std::int64_t created = 0;
    std::int64_t modified = 0;
    std::int64_t owner = 0;
  };
  [[nodiscard]] ZkOutcome check(const ZkOp& step) const;
  void carry_out(const ZkOp& step, std::int64_t session);
  void restore(const std::string& path, const std::optional<Node>& before);
  void fire(const std::string& path);
  [[nodiscard]] bool has_children(const std::string& path) const;
  [[nodiscard]] static ZkNode seen(const Node& node, bool with_data);

  std::map<std::string, Node> nodes_;
  std::set<std::int64_t> sessions_;
  std::map<std::string, std::set<std::int64_t>> watches_;
  std::vector<Fired> fired_;
  std::int64_t change_ = 0;
};

}  // namespace weir::sim
