// SPDX-License-Identifier: Apache-2.0
#include "test/sim/zk_state.h"

#include <algorithm>

namespace weir::sim {

void ZkState::begin_session(std::int64_t session) {
  ++change_;
  sessions_.insert(session);
}

void ZkState::end_session(std::int64_t session) {
  ++change_;
  sessions_.erase(session);
  forget_watches(session);
  std::vector<std::string> gone;
  for (const auto& [path, node] : nodes_)
    if (node.owner == session) gone.push_back(path);
  for (const std::string& path : gone) {
    nodes_.erase(path);
    fire(path);
  }
}

void ZkState::forget_watches(std::int64_t session) {
  for (auto& [path, watchers] : watches_) watchers.erase(session);
}

ZkNode ZkState::seen(const Node& node, bool with_data) {
  return {.data = with_data ? node.data : "",
          .version = node.version,
          .created = node.created,
          .owner = node.owner};
}

ZkReply<ZkNode> ZkState::get(const std::string& path) const {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return {ZkOutcome::NoNode, {}};
  return {ZkOutcome::Done, seen(found->second, true)};
}

ZkReply<std::vector<std::string>> ZkState::children(const std::string& path) const {
  if (!nodes_.contains(path)) return {ZkOutcome::NoNode, {}};
  ZkReply<std::vector<std::string>> reply{ZkOutcome::Done, {}};
  const std::string below = path + "/";
  for (auto next = nodes_.lower_bound(below); next != nodes_.end() && next->first.starts_with(below); ++next)
    if (next->first.find('/', below.size()) == std::string::npos)
      reply.value.push_back(next->first.substr(below.size()));
  std::sort(reply.value.begin(), reply.value.end());
  return reply;
}

ZkReply<ZkNode> ZkState::exists(const std::string& path, std::int64_t watcher) {
  if (watcher != 0) watches_[path].insert(watcher);
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return {ZkOutcome::NoNode, {}};
  return {ZkOutcome::Done, seen(found->second, false)};
}

bool ZkState::has_changed(const std::string& path, std::int64_t since, bool was_there) const {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return was_there;
  return !was_there || found->second.modified > since;
}

ZkReply<ZkCommit> ZkState::commit(std::int64_t session, const std::vector<ZkOp>& steps) {
  if (!has_session(session)) return {ZkOutcome::SessionOver, {}};
  ++change_;  // also of what fails
  std::vector<std::pair<std::string, std::optional<Node>>> before;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (const ZkOutcome may = check(steps[i]); may != ZkOutcome::Done) {
      for (auto undo = before.rbegin(); undo != before.rend(); ++undo) restore(undo->first, undo->second);
      return {may, {i}};
    }
    if (steps[i].kind == ZkOp::Kind::Check) continue;
    const auto known = nodes_.find(steps[i].path);
    before.emplace_back(steps[i].path, known == nodes_.end() ? std::nullopt : std::optional(known->second));
    carry_out(steps[i], session);
  }
  for (const ZkOp& step : steps)
    if (step.kind != ZkOp::Kind::Check) fire(step.path);
  return {ZkOutcome::Done, {}};
}

ZkOutcome ZkState::check(const ZkOp& step) const {
  const auto found = nodes_.find(step.path);
  if (step.kind == ZkOp::Kind::Create || step.kind == ZkOp::Kind::CreateEphemeral) {
    const std::string above = step.path.substr(0, step.path.rfind('/'));
    const auto parent = nodes_.find(above);
    if (!above.empty() && parent == nodes_.end()) return ZkOutcome::NoNode;
    if (found != nodes_.end()) return ZkOutcome::NodeExists;
    return !above.empty() && parent->second.owner != 0 ? ZkOutcome::NotAllowed : ZkOutcome::Done;
  }
  if (found == nodes_.end()) return ZkOutcome::NoNode;
  if (step.version != ZkOp::kAnyVersion && step.version != found->second.version)
    return ZkOutcome::BadVersion;
  const bool is_in_the_way = step.kind == ZkOp::Kind::Remove && has_children(step.path);
  return is_in_the_way ? ZkOutcome::NotEmpty : ZkOutcome::Done;
}

void ZkState::carry_out(const ZkOp& step, std::int64_t session) {
  switch (step.kind) {
    case ZkOp::Kind::Create:
    case ZkOp::Kind::CreateEphemeral:
      nodes_[step.path] = {.data = step.data,
                          .created = change_,
                          .modified = change_,
                          .owner = step.kind == ZkOp::Kind::CreateEphemeral ? session : 0};
      return;
    case ZkOp::Kind::Set: {
      Node& node = nodes_[step.path];
      node.data = step.data;
      node.modified = change_;
      ++node.version;
      return;
    }
    case ZkOp::Kind::Remove: nodes_.erase(step.path); return;
    case ZkOp::Kind::Check: return;
  }
}

void ZkState::fire(const std::string& path) {
  const auto watched = watches_.extract(path);
  if (watched.empty()) return;
  for (const std::int64_t session : watched.mapped()) fired_.push_back({session, path});
}

void ZkState::restore(const std::string& path, const std::optional<Node>& before) {
  if (before) nodes_[path] = *before;
  else nodes_.erase(path);
}

bool ZkState::has_children(const std::string& path) const {
  const auto next = nodes_.lower_bound(path + "/");
  return next != nodes_.end() && next->first.starts_with(path + "/");
}

}  // namespace weir::sim
