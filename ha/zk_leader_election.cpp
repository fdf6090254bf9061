// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <utility>

#include "base/log.h"
#include "ha/leader_record.h"
#include "ha/zk_leader.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "LeaderElection";

}  // namespace

Result<std::unique_ptr<ZkLeaderElection>> ZkLeaderElection::make(Options options) {
  std::unique_ptr<ZkLeaderElection> election(new ZkLeaderElection(std::move(options)));
  auto client = ZkClient::open(election->options_.zookeeper, *election);
  if (!client) return client.error();
  election->client_ = *std::move(client);
  return election;
}

ZkLeaderElection::~ZkLeaderElection() {
  stop();
  client_.reset();  // first of all members: until it is gone ZooKeeper's threads may post events
}

void ZkLeaderElection::start(LeaderContender& contender) {
  WEIR_CHECK(contender_ == nullptr, "an election is started once");
  contender_ = &contender;
  thread_ = Thread("election", [this] { run(); });
}

void ZkLeaderElection::confirm(LeaderSessionId session, const std::string& address) {
  post([this, session, address](TimePoint) {
    published_ = {.address = address, .session = session};
    logic_.on_confirm(session);
  });
}

void ZkLeaderElection::stop() {
  {
    const MutexLock lock(lock_);
    is_over_ = true;
    posted_.notify_all();
  }
  thread_.join();
  if (std::exchange(contender_, nullptr) == nullptr) return;
  client_->close();
}

void ZkLeaderElection::post(Event event) {
  const MutexLock lock(lock_);
  events_.push_back(std::move(event));
  posted_.notify_all();
}

void ZkLeaderElection::run() {
  while (true) {
    const auto event = next_event(logic_.next_tick());
    if (event && !*event) return logic_.on_stop();
    const TimePoint now = std::chrono::steady_clock::now();
    // First, whatever it is: who slept too long has to know before it acts.
    if (const auto due = logic_.next_tick(); due && *due <= now) logic_.on_tick(now);
    if (event) (*event)(now);
  }
}

std::optional<ZkLeaderElection::Event> ZkLeaderElection::next_event(std::optional<TimePoint> deadline) {
  const MutexLock lock(lock_);
  while (events_.empty() && !is_over_) {
    if (!deadline) posted_.wait(lock_);
    else if (!posted_.wait_until(lock_, *deadline)) return std::nullopt;
  }
  if (is_over_) return Event();
  Event next = std::move(events_.front());
  events_.pop_front();
  return next;
}

void ZkLeaderElection::on_session(ZkSessionState state, const ZkSession& session) {
  post([this, state, session](TimePoint now) {
    if (state == ZkSessionState::AuthFailed) log::error(kLogger, "ZooKeeper does not take our secret");
    if (state == ZkSessionState::Connected && std::exchange(announced_session_, session.id) != session.id) {
      log::info(kLogger, "Session with ZooKeeper: time-out " +
                             std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                session.timeout).count()) +
                             " ms");
      options_.on_session(session);
    }
    logic_.on_session(state, session, now);
  });
}

void ZkLeaderElection::on_changed(const std::string&) {
  post([this](TimePoint now) { logic_.on_leader_changed(now); });
}

void ZkLeaderElection::look() {
  client_->exists(options_.paths.epoch(), false, [this](const ZkReply<ZkNode>& epoch) {
    if (epoch.is_done()) return look_at_leader(epoch);
    post([this, outcome = epoch.outcome](TimePoint now) { logic_.on_view(outcome, {}, now); });
  });
}

void ZkLeaderElection::look_at_leader(const ZkReply<ZkNode>& epoch) {
  client_->exists(options_.paths.leader(), true, [this, seen = epoch.value](const ZkReply<ZkNode>& leader) {
    const bool is_known = leader.is_done() || leader.outcome == ZkOutcome::NoNode;
    const ElectionView view{
        .epoch = seen.version, .epoch_created = seen.created, .leader_owner = leader.value.owner};
    post([this, view, outcome = is_known ? ZkOutcome::Done : leader.outcome](TimePoint now) {
      logic_.on_view(outcome, view, now);
    });
  });
}

void ZkLeaderElection::bid(std::int32_t epoch) {
  commit_bid(ZkOp::create_ephemeral(options_.paths.leader(), ""), epoch);
}

void ZkLeaderElection::bid_again(std::int32_t epoch) {
  // Nobody reads there any more the address of a term that is over.
  commit_bid(ZkOp::set(options_.paths.leader(), ""), epoch);
}

void ZkLeaderElection::commit_bid(ZkOp claim, std::int32_t epoch) {
  client_->commit({ZkOp::set(options_.paths.epoch(), "", epoch), std::move(claim)},
                  [this](const ZkReply<ZkCommit>& reply) {
                    post([this, outcome = reply.outcome](TimePoint now) { logic_.on_bid(outcome, now); });
                  });
}

bool ZkLeaderElection::prepare() {
  const ZkOutcome made = client_->make_path(options_.paths.epoch());
  if (made == ZkOutcome::Done) return true;
  log::warn(kLogger, options_.paths.epoch() + " could not be made: " + std::string(name_of(made)));
  return false;
}

void ZkLeaderElection::publish(std::int32_t epoch) {
  client_->commit({ZkOp::check(options_.paths.epoch(), epoch),
                   ZkOp::set(options_.paths.leader(), encode_leader(published_))},
                  [this](const ZkReply<ZkCommit>& reply) {
                    post([this, outcome = reply.outcome](TimePoint) { logic_.on_published(outcome); });
                  });
}

bool ZkLeaderElection::renew_session() {
  log::warn(kLogger, "The session with ZooKeeper is over; another is begun");
  const Status begun = client_->renew();
  if (!begun) log::error(kLogger, begun.error().what);
  return begun.has_value();
}

void ZkLeaderElection::grant(LeaderSessionId term) {
  log::info(kLogger, "Elected for term " + std::to_string(epoch_of(term)));
  contender_->grant_leadership(term);
}

void ZkLeaderElection::revoke(std::string_view reason) {
  log::warn(kLogger, "Steps down: " + std::string(reason));
  contender_->revoke_leadership();
}

}  // namespace weir
