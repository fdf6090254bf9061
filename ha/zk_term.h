// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "ha/zk_paths.h"
#include "ha/zk_tree.h"

namespace weir {

/// ZooKeeper as the leader of one term writes to it. Each of its writes begins with a check that no later
/// term was begun, so what a deposed leader writes is refused, whatever it believes.
///
/// Threads: any. Its calls wait.
/// Errors:  NotLeader: a later term was begun, or so long nobody answered that it must be taken for that.
///          Then it is not known whether a write was done, and nothing may be deleted that it speaks of. All
///          other errors of a write mean that it was not done.
class ZkTerm {
public:
  struct Options {
    ZkPaths paths;
    LeaderSessionId session;
    Duration patience = 12s;  // for an answer; longer than the leader leads without one
  };

  /// `tree`, and `clock` where one is given, outlive this.
  ZkTerm(ZkTree& tree, Options options) : ZkTerm(tree, std::move(options), machine_) {}
  ZkTerm(ZkTree& tree, Options options, const Clock& clock)
      : tree_(tree), options_(std::move(options)), clock_(clock) {}
  ZkTerm(const ZkTerm&) = delete;
  ZkTerm& operator=(const ZkTerm&) = delete;

  [[nodiscard]] const ZkPaths& paths() const { return options_.paths; }
  [[nodiscard]] LeaderSessionId session() const { return options_.session; }

  /// What is to be at a path: this content, or nothing. The nodes above it are made.
  struct Change {
    std::string path;
    std::optional<std::string> content;  // none: no such node
  };
  /// Makes all of it so, or nothing. An answer that is lost is asked for again: to do it twice does no harm.
  [[nodiscard]] Status apply(const std::vector<Change>& changes);
  [[nodiscard]] Status put(const std::string& path, std::string content) {
    return apply({{path, std::move(content)}});
  }
  [[nodiscard]] Status remove(const std::string& path) { return apply({{path, std::nullopt}}); }
  /// Out of the way, but there for who wants to know: renames the node to `<path>.corrupt`, and says so.
  [[nodiscard]] Status quarantine(const std::string& path, const std::string& content, const Error& why);

  /// None: no such node.
  [[nodiscard]] Result<std::optional<std::string>> get(const std::string& path);
  /// Names, not paths, sorted; none if there is no such node.
  [[nodiscard]] Result<std::vector<std::string>> children(const std::string& path);

private:
  /// The steps that make it so from how things are now.
  [[nodiscard]] ZkReply<std::vector<ZkOp>> plan(const std::vector<Change>& changes);
  [[nodiscard]] ZkOutcome plan_parents(const std::string& path, std::vector<ZkOp>& steps);
  [[nodiscard]] Error deposed(const std::string& what) const;

  const SystemClock machine_;
  ZkTree& tree_;
  const Options options_;
  const Clock& clock_;
};

}  // namespace weir
