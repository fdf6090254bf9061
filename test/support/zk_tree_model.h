// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ha/zk_tree.h"

namespace weir::testing {

/// A tree of nodes in memory with the rules of ZooKeeper's, and a connection that breaks when the test says
/// so.
///
/// Threads: one.
class ZkTreeModel final : public ZkTree {
public:
  /// What becomes of one request.
  enum class Luck {
    Answered,
    LostBefore,  // it never arrives
    LostAfter,   // it is done, and nobody is told
  };
  /// Asked before each request.
  std::function<Luck()> luck = [] { return Luck::Answered; };
  /// Counts requests that changed something.
  int commits = 0;

  ZkReply<ZkNode> exists(const std::string& path) override {
    auto reply = get(path);
    reply.value.data.clear();
    return reply;
  }
  ZkReply<ZkNode> get(const std::string& path) override {
    if (luck() != Luck::Answered) return {};
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) return {ZkOutcome::NoNode, {}};
    return {ZkOutcome::Done, found->second};
  }
  ZkReply<std::vector<std::string>> children(const std::string& path) override {
    if (luck() != Luck::Answered) return {};
    if (!is_there(path)) return {ZkOutcome::NoNode, {}};
    return {ZkOutcome::Done, names_below(path)};
  }
  ZkReply<ZkCommit> commit(std::vector<ZkOp> steps) override {
    const Luck now = luck();
    if (now == Luck::LostBefore) return {};
    const auto before = nodes_;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const ZkOutcome outcome = carry_out(steps[i]);
      if (outcome == ZkOutcome::Done) continue;
      nodes_ = before;
      if (now == Luck::LostAfter) return {};
      return {outcome, {i}};
    }
    ++commits;
    if (now == Luck::LostAfter) return {};
    return {ZkOutcome::Done, {}};
  }

  /// Makes a node with all above it, or changes it, whoever leads.
  void write(const std::string& path, const std::string& data) {
    for (auto end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
      nodes_.try_emplace(path.substr(0, end));
    const auto [node, is_new] = nodes_.try_emplace(path);
    node->second.data = data;
    if (!is_new) ++node->second.version;
  }
  [[nodiscard]] std::string data(const std::string& path) const { return nodes_.at(path).data; }
  [[nodiscard]] bool is_there(const std::string& path) const { return path == "/" || nodes_.contains(path); }

private:
  [[nodiscard]] std::vector<std::string> names_below(const std::string& path) const {
    std::vector<std::string> names;
    for (const auto& [other, node] : nodes_)
      if (other.starts_with(path + "/") && other.find('/', path.size() + 1) == std::string::npos)
        names.push_back(other.substr(path.size() + 1));
    return names;
  }
  ZkOutcome carry_out(const ZkOp& step) {
    if (step.kind == ZkOp::Kind::Create || step.kind == ZkOp::Kind::CreateEphemeral) return create(step);
    const auto found = nodes_.find(step.path);
    if (found == nodes_.end()) return ZkOutcome::NoNode;
    if (step.version != ZkOp::kAnyVersion && step.version != found->second.version)
      return ZkOutcome::BadVersion;
    if (step.kind == ZkOp::Kind::Set) {
      found->second.data = step.data;
      ++found->second.version;
    } else if (step.kind == ZkOp::Kind::Remove) {
      if (!names_below(step.path).empty()) return ZkOutcome::NotEmpty;
      nodes_.erase(found);
    }
    return ZkOutcome::Done;
  }
  ZkOutcome create(const ZkOp& step) {
    const std::string above = step.path.substr(0, step.path.rfind('/'));
    if (!above.empty() && !is_there(above)) return ZkOutcome::NoNode;
    const auto [node, is_new] = nodes_.try_emplace(step.path, ZkNode{.data = step.data, .created = ++last_});
    return is_new ? ZkOutcome::Done : ZkOutcome::NodeExists;
  }

  std::map<std::string, ZkNode> nodes_;
  std::int64_t last_ = 0;
};

}  // namespace weir::testing
