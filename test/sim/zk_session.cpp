// SPDX-License-Identifier: Apache-2.0
#include "test/sim/zk_session.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace weir::sim {

void ZkSessionClient::renew() {
  if (phase_ == Phase::Connected)
    wires_.send(up_, [this, old = session_, &zk = ensemble_] { zk.close(old); });
  session_ = 0;
  seen_ = 0;  // the new handle may meet a server that knows less
  watches_.clear();
  fail_asked(ZkOutcome::SessionOver);
  phase_ = Phase::Connecting;
  connect();
}

void ZkSessionClient::connect() {
  const std::uint64_t attempt = ++attempt_;
  wire_ = std::make_shared<ZkEnsemble::Wire>();
  wire_->session = session_;
  wire_->member = world_.random().below(ZkEnsemble::kMembers);
  up_ = wires_.line(node_, kZooKeeper);
  down_ = wires_.line(kZooKeeper, node_);
  const auto say = [&wires = wires_, down = down_](World::Event event) {
    wires.send(down, std::move(event));
  };
  wire_->changed = [this, attempt, say](const std::string& path) {
    say([this, attempt, path] { on_change(attempt, path); });
  };
  wire_->closed = [this, attempt, say] {
    say([this, attempt] {
      if (attempt == attempt_ && phase_ == Phase::Connected) disconnect();
    });
  };
  std::vector<ZkEnsemble::Watched> watched;
  for (const auto& [path, was_there] : watches_) watched.push_back({path, was_there});
  wires_.send(up_, [this, &zk = ensemble_, wire = wire_, timeout = timeout_, seen = seen_, watched, say,
                    attempt] {
    const auto welcome = zk.connect(wire, timeout, seen, watched);
    say([this, attempt, welcome, session = wire->session] { on_welcome(attempt, welcome, session); });
  });
  world_.in(timeout_ / 3, node_, [this, attempt] {
    if (attempt != attempt_ || phase_ != Phase::Connecting) return;
    fail_asked(ZkOutcome::Unknown);
    connect_after(Duration::zero());
  });
}

void ZkSessionClient::connect_after(Duration pause) {
  up_->break_off();
  down_->break_off();
  const std::uint64_t attempt = ++attempt_;
  world_.in(pause, node_, [this, attempt] {
    if (attempt == attempt_ && phase_ == Phase::Connecting) connect();
  });
}

void ZkSessionClient::on_welcome(std::uint64_t attempt, ZkEnsemble::Welcome welcome, std::int64_t session) {
  if (attempt != attempt_ || phase_ != Phase::Connecting) return;
  if (welcome == ZkEnsemble::Welcome::NotServing) {
    fail_asked(ZkOutcome::Unknown);
    return connect_after(world_.random().between(20ms, 200ms));
  }
  if (welcome == ZkEnsemble::Welcome::Expired) {
    phase_ = Phase::Over;
    ++attempt_;
    fail_asked(ZkOutcome::SessionOver);
    return tell(ZkSessionState::Expired);
  }
  phase_ = Phase::Connected;
  session_ = session;
  heard_ = world_.now();
  for (const Asked& asked : asked_) send(asked.request);
  beat(attempt);
  tell(ZkSessionState::Connected);
}

void ZkSessionClient::tell(ZkSessionState state) {
  if (world_.tells())
    world_.tell(world_.name(node_) + ": zk " +
                (state == ZkSessionState::Connected   ? "connected"
                 : state == ZkSessionState::Suspended ? "suspended"
                                                      : "expired"));
  events_.on_session(state, {.id = session_, .password = "", .timeout = timeout_});
}

void ZkSessionClient::ask(ZkRequest request, Answered answered) {
  if (phase_ == Phase::Over) return answered({.outcome = ZkOutcome::SessionOver});
  asked_.push_back({std::move(request), std::move(answered)});
  if (phase_ == Phase::Connected) send(asked_.back().request);
}

void ZkSessionClient::send(const ZkRequest& request) {
  wires_.send(up_, [this, &zk = ensemble_, &wires = wires_, wire = wire_, down = down_, attempt = attempt_,
                    request] {
    zk.request(wire, request, [this, &wires, down, attempt](const ZkAnswer& answer) {
      wires.send(down, [this, attempt, answer] { on_answer(attempt, answer); });
    });
  });
}

void ZkSessionClient::on_answer(std::uint64_t attempt, const ZkAnswer& answer) {
  if (attempt != attempt_ || asked_.empty()) return;
  heard_ = world_.now();
  seen_ = std::max(seen_, answer.change);
  const Asked asked = std::move(asked_.front());
  asked_.pop_front();
  if (asked.request.watches) watches_[asked.request.path] = answer.outcome == ZkOutcome::Done;
  if (asked.answered) asked.answered(answer);
}

void ZkSessionClient::on_change(std::uint64_t attempt, const std::string& path) {
  if (attempt != attempt_) return;
  heard_ = world_.now();
  if (watches_.erase(path) > 0) events_.on_changed(path);
}

void ZkSessionClient::disconnect() {
  if (phase_ != Phase::Connected) return;
  phase_ = Phase::Connecting;
  connect_after(world_.random().between(1ms, 50ms));
  fail_asked(ZkOutcome::Unknown);
  tell(ZkSessionState::Suspended);
}

void ZkSessionClient::fail_asked(ZkOutcome outcome) {
  for (const Asked& asked : std::exchange(asked_, {}))
    if (asked.answered) asked.answered({.outcome = outcome});
}

void ZkSessionClient::beat(std::uint64_t attempt) {
  if (attempt != attempt_ || phase_ != Phase::Connected) return;
  if (world_.now() - heard_ > timeout_ * 2 / 3) return disconnect();
  if (asked_.empty()) ask({.kind = ZkRequest::Kind::Ping}, nullptr);
  world_.in(timeout_ / 3, node_, [this, attempt] { beat(attempt); });
}

}  // namespace weir::sim
