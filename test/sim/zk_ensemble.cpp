// SPDX-License-Identifier: Apache-2.0
#include "test/sim/zk_ensemble.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::int64_t kStranger = 1;  // a session of somebody else
constexpr Duration kTick = 200ms;  // by which the servers look whose session is over

}  // namespace

ZkEnsemble::ZkEnsemble(World& world) : world_(world) {
  truth_.begin_session(kStranger);
  for (Member& member : members_) member.state.begin_session(kStranger);
}

void ZkEnsemble::tamper(ZkOp step) {
  if (!is_serving_) return;
  order([step = std::move(step)](ZkState& state) { (void)state.commit(kStranger, {step}); }, leader_, [] {});
}

ZkEnsemble::Welcome ZkEnsemble::connect(const WirePtr& wire, Duration timeout, std::int64_t seen,
                                        const std::vector<Watched>& watched) {
  Member& member = members_[wire->member];
  if (!is_serving_ || !member.is_up || member.state.last_change() < seen) return Welcome::NotServing;
  if (wire->session == 0) {
    wire->session = ++last_session_;
    sessions_[wire->session] = {.timeout = timeout, .ends = world_.now() + timeout};
    watch_expiry(wire->session);
    order([id = wire->session](ZkState& state) { state.begin_session(id); }, wire->member, [] {});
  } else if (!sessions_.contains(wire->session)) {
    return Welcome::Expired;
  }
  touch(wire->session);
  drop_wires_of(wire->session);
  for (Member& other : members_) other.state.forget_watches(wire->session);
  member.wires.push_back(wire);
  for (const Watched& each : watched) {
    if (member.state.has_changed(each.path, seen, each.was_there)) wire->changed(each.path);
    else (void)member.state.exists(each.path, wire->session);
  }
  return Welcome::Connected;
}

void ZkEnsemble::request(const WirePtr& wire, ZkRequest request, Answered answered) {
  if (!wire->is_open || !members_[wire->member].is_up || !is_serving_) return;
  touch(wire->session);
  wire->waiting.push_back([this, wire, request = std::move(request), answered = std::move(answered)] {
    answer(wire, request, answered);
  });
  if (!wire->is_busy) answer_next(wire);
}

void ZkEnsemble::answer_next(const WirePtr& wire) {
  wire->is_busy = !wire->waiting.empty();
  if (!wire->is_busy) return;
  const auto next = std::move(wire->waiting.front());
  wire->waiting.pop_front();
  next();
}

void ZkEnsemble::answer(const WirePtr& wire, const ZkRequest& request, const Answered& answered) {
  Member& member = members_[wire->member];
  if (request.kind == ZkRequest::Kind::Commit) {
    const auto result = std::make_shared<ZkAnswer>();
    const bool is_alive = sessions_.contains(wire->session);
    if (!is_alive) return;  // the server has closed the connection
    const auto change = [this, wire, steps = request.steps, term = request.term, result](ZkState& state) {
      const auto reply = state.commit(wire->session, steps);
      if (&state == &truth_) {
        result->outcome = reply.outcome;
        result->commit = reply.value;
        if (reply.is_done() && on_commit) on_commit(term, steps);
      }
    };
    return order(change, wire->member, [this, wire, result, answered] {
      result->change = members_[wire->member].state.last_change();
      if (wire->is_open) answered(*result);
      answer_next(wire);
    });
  }
  ZkAnswer result{.outcome = ZkOutcome::Done, .change = member.state.last_change()};
  if (request.kind == ZkRequest::Kind::Exists) {
    const auto reply = member.state.exists(request.path, request.watches ? wire->session : 0);
    result.outcome = reply.outcome;
    result.node = reply.value;
  } else if (request.kind == ZkRequest::Kind::Get) {
    const auto reply = member.state.get(request.path);
    result.outcome = reply.outcome;
    result.node = reply.value;
  } else if (request.kind == ZkRequest::Kind::Children) {
    auto reply = member.state.children(request.path);
    result.outcome = reply.outcome;
    result.names = std::move(reply.value);
  }
  answered(result);
  answer_next(wire);
}

void ZkEnsemble::order(std::function<void(ZkState&)> change, std::size_t of, std::function<void()> done) {
  change(truth_);
  (void)truth_.take_fired();
  const auto shared = std::make_shared<const std::function<void(ZkState&)>>(std::move(change));
  for (std::size_t i = 0; i < kMembers; ++i) {
    Member& member = members_[i];
    Duration delay = world_.random().between(200us, 1500us);
    if (i != leader_) delay += member.lag + world_.random().between(0us, 800us);
    member.knows_until = std::max(member.knows_until, world_.now() + delay);
    world_.in(member.knows_until - world_.now(),
              [this, i, shared, done = i == of ? std::move(done) : nullptr] {
                (*shared)(members_[i].state);
                tell_watchers(members_[i]);
                if (done) done();
              });
  }
}

void ZkEnsemble::tell_watchers(Member& member) {
  for (const ZkState::Fired& fired : member.state.take_fired())
    for (const WirePtr& wire : member.wires)
      if (wire->session == fired.session && wire->is_open) wire->changed(fired.path);
}

void ZkEnsemble::close(std::int64_t session) {
  if (!is_serving_ || sessions_.erase(session) == 0) return;
  order([session](ZkState& state) { state.end_session(session); }, leader_, [] {});
  drop_wires_of(session);
}

void ZkEnsemble::touch(std::int64_t session) {
  const auto known = sessions_.find(session);
  if (known != sessions_.end()) known->second.ends = world_.now() + known->second.timeout;
}

void ZkEnsemble::watch_expiry(std::int64_t session) {
  const auto known = sessions_.find(session);
  if (known == sessions_.end()) return;
  if (is_serving_ && world_.now() > known->second.ends) {
    if (world_.tells()) world_.tell("zk: session " + std::to_string(session) + " expires");
    return close(session);
  }
  const Duration left = known->second.ends - world_.now();
  world_.in(std::max(left, Duration(1)) + world_.random().between(Duration(1), kTick),
            [this, session] { watch_expiry(session); });
}

void ZkEnsemble::drop(const WirePtr& wire) {
  wire->is_open = false;
  wire->closed();
}

void ZkEnsemble::drop_wires(Member& member) {
  for (const WirePtr& wire : std::exchange(member.wires, {})) drop(wire);
}

void ZkEnsemble::drop_wires_of(std::int64_t session) {
  for (Member& member : members_)
    std::erase_if(member.wires, [&](const WirePtr& wire) {
      if (wire->session != session) return false;
      drop(wire);
      return true;
    });
}

void ZkEnsemble::stop(std::size_t index) {
  Member& member = members_[index];
  member.is_up = false;
  drop_wires(member);
  elect();
}

void ZkEnsemble::start(std::size_t index) {
  members_[index].is_up = true;
  elect();
}

/// With whom leads, or with too few: nobody is served until others have agreed on one.
void ZkEnsemble::elect() {
  const auto up = std::count_if(members_.begin(), members_.end(), [](const Member& m) { return m.is_up; });
  const bool has_quorum = up >= 2;
  if (is_serving_ && has_quorum && members_[leader_].is_up) return;
  if (is_serving_)
    for (Member& member : members_) drop_wires(member);
  is_serving_ = false;
  const std::uint64_t round = ++election_;
  if (!has_quorum) return;
  world_.in(world_.random().between(100ms, 600ms), [this, round] {
    if (round != election_) return;
    while (!members_[leader_].is_up) leader_ = (leader_ + 1) % kMembers;
    is_serving_ = true;
    for (auto& [id, session] : sessions_) session.ends = world_.now() + session.timeout;
  });
}

}  // namespace weir::sim
