// SPDX-License-Identifier: Apache-2.0
#include "ha/zk_term.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "ha/election.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "HighAvailability";

Error refused(const std::string& path, ZkOutcome outcome) {
  return {ErrorCode::IoFailure, "ZooKeeper: " + path + ": " + std::string(name_of(outcome)),
          Blame::Environment, Retry::Later};
}

/// Asking again can help: something changed meanwhile, or nobody knows.
bool may_be_asked_again(ZkOutcome outcome) {
  return outcome == ZkOutcome::Unknown || outcome == ZkOutcome::NoNode || outcome == ZkOutcome::NodeExists ||
         outcome == ZkOutcome::BadVersion;
}

/// Asks until there is an answer. None: patience was over first, or the session was.
template <class Ask>
auto ask_until_known(const Clock& clock, Duration patience, Ask ask) -> std::optional<decltype(ask())> {
  const TimePoint give_up = clock.now() + patience;
  do {
    auto reply = ask();
    if (reply.outcome == ZkOutcome::SessionOver) return std::nullopt;
    if (reply.outcome != ZkOutcome::Unknown) return reply;
  } while (clock.now() < give_up);
  return std::nullopt;
}

bool is_planned(const std::vector<ZkOp>& steps, const std::string& path) {
  return std::any_of(steps.begin(), steps.end(), [&](const ZkOp& step) {
    return step.kind == ZkOp::Kind::Create && step.path == path;
  });
}

}  // namespace

Error ZkTerm::deposed(const std::string& what) const {
  return {ErrorCode::NotLeader,
          "term " + std::to_string(epoch_of(options_.session)) + " is over: " + what, Blame::Environment,
          Retry::Later};
}

Status ZkTerm::apply(const std::vector<Change>& changes) {
  const std::string& path = changes.front().path;
  const TimePoint give_up = clock_.now() + options_.patience;
  do {
    auto steps = plan(changes);
    ZkOutcome outcome = steps.outcome;
    if (steps.is_done()) {
      const auto reply = tree_.commit(std::move(steps.value));
      if (reply.is_done()) return Status::ok();
      const bool is_fenced = reply.value.failed_op == 0 && (reply.outcome == ZkOutcome::BadVersion ||
                                                            reply.outcome == ZkOutcome::NoNode);
      if (is_fenced) return deposed("another JobManager was elected; " + path + " is not written");
      outcome = reply.outcome;
    }
    if (outcome == ZkOutcome::SessionOver) return deposed("its session with ZooKeeper is");
    if (!may_be_asked_again(outcome)) return refused(path, outcome);
  } while (clock_.now() < give_up);
  return deposed("ZooKeeper does not answer, and whether " + path + " was written is not known");
}

ZkReply<std::vector<ZkOp>> ZkTerm::plan(const std::vector<Change>& changes) {
  std::vector<ZkOp> steps{ZkOp::check(paths().epoch(), epoch_of(options_.session))};
  for (const Change& change : changes) {
    const ZkOutcome found = tree_.exists(change.path).outcome;
    if (found != ZkOutcome::Done && found != ZkOutcome::NoNode) return {found, {}};
    const bool is_there = found == ZkOutcome::Done;
    if (!change.content) {
      if (is_there) steps.push_back(ZkOp::remove(change.path));
    } else if (is_there) {
      steps.push_back(ZkOp::set(change.path, *change.content));
    } else {
      const ZkOutcome above = plan_parents(change.path, steps);
      if (above != ZkOutcome::Done) return {above, {}};
      steps.push_back(ZkOp::create(change.path, *change.content));
    }
  }
  return {ZkOutcome::Done, std::move(steps)};
}

ZkOutcome ZkTerm::plan_parents(const std::string& path, std::vector<ZkOp>& steps) {
  std::vector<std::string> missing;
  std::string above = path.substr(0, path.rfind('/'));
  while (!above.empty() && !is_planned(steps, above)) {
    const ZkOutcome found = tree_.exists(above).outcome;
    if (found == ZkOutcome::Done) break;
    if (found != ZkOutcome::NoNode) return found;
    missing.push_back(above);
    above.resize(above.rfind('/'));
  }
  for (auto next = missing.rbegin(); next != missing.rend(); ++next) steps.push_back(ZkOp::create(*next, ""));
  return ZkOutcome::Done;
}

Status ZkTerm::quarantine(const std::string& path, const std::string& content, const Error& why) {
  log::error(kLogger, why.what + "; renamed to " + path + ".corrupt");
  return apply({{path + ".corrupt", content}, {path, std::nullopt}});
}

Result<std::optional<std::string>> ZkTerm::get(const std::string& path) {
  auto reply = ask_until_known(clock_, options_.patience, [&] { return tree_.get(path); });
  if (!reply) return deposed(path + " could not be read");
  if (reply->outcome == ZkOutcome::NoNode) return std::optional<std::string>();
  if (!reply->is_done()) return refused(path, reply->outcome);
  return std::optional(std::move(reply->value.data));
}

Result<std::vector<std::string>> ZkTerm::children(const std::string& path) {
  auto reply = ask_until_known(clock_, options_.patience, [&] { return tree_.children(path); });
  if (!reply) return deposed(path + " could not be read");
  if (reply->outcome == ZkOutcome::NoNode) return std::vector<std::string>();
  if (!reply->is_done()) return refused(path, reply->outcome);
  return std::move(reply->value);
}

}  // namespace weir
