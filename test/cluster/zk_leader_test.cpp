// SPDX-License-Identifier: Apache-2.0
// Candidates and followers against real servers.
#include "ha/zk_leader.h"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "test/support/zookeeper_process.h"

namespace weir::testing {
namespace {

constexpr Duration kPatience = 30s;
constexpr Duration kSession = 2s;

/// Values that threads put and the test takes, one after the other.
template <class T>
class Inbox {
public:
  void put(T value) {
    const MutexLock lock(lock_);
    values_.push_back(std::move(value));
    arrived_.notify_all();
  }
  [[nodiscard]] std::optional<T> take(Duration patience = kPatience) {
    const TimePoint deadline = std::chrono::steady_clock::now() + patience;
    const MutexLock lock(lock_);
    while (values_.empty())
      if (!arrived_.wait_until(lock_, deadline)) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

private:
  Mutex lock_;
  CondVar arrived_;
  std::deque<T> values_;
};

ZkPaths paths() { return *ZkPaths::make("/weir", "test"); }

ZkClient::Options client_of(const std::string& hosts, Duration session = kSession) {
  return {.hosts = hosts, .session_timeout = session};
}

/// One who wants to lead, and publishes as soon as it does.
class Candidate final : public LeaderContender {
public:
  Candidate(const std::string& hosts, std::string address, Duration session = kSession)
      : address_(std::move(address)) {
    auto election = ZkLeaderElection::make({.zookeeper = client_of(hosts, session), .paths = paths()});
    REQUIRE(election);
    election_ = *std::move(election);
    election_->start(*this);
  }
  ~Candidate() override { stop(); }

  void grant_leadership(LeaderSessionId session) override {
    election_->confirm(session, address_);
    granted.put(session);
  }
  void revoke_leadership() override { revoked.put(std::chrono::steady_clock::now()); }
  void stop() { election_->stop(); }
  [[nodiscard]] ZkClient& client() { return election_->client(); }

  Inbox<LeaderSessionId> granted;
  Inbox<TimePoint> revoked;

private:
  const std::string address_;
  std::unique_ptr<ZkLeaderElection> election_;
};

class Follower final : public LeaderListener {
public:
  explicit Follower(const std::string& hosts, Duration session = kSession) {
    auto retrieval = ZkLeaderRetrieval::make({.zookeeper = client_of(hosts, session), .paths = paths()});
    REQUIRE(retrieval);
    retrieval_ = *std::move(retrieval);
    retrieval_->start(*this);
  }
  ~Follower() override { retrieval_->stop(); }
  void on_leader(const LeaderAddress& leader) override { told.put(leader); }
  /// The next one that is found; what is told of no leader in between is passed.
  [[nodiscard]] LeaderAddress leader() {
    while (true) {
      const auto next = told.take();
      REQUIRE(next);
      if (!next->address.empty()) return *next;
    }
  }

  Inbox<LeaderAddress> told;

private:
  std::unique_ptr<ZkLeaderRetrieval> retrieval_;
};

TEST_CASE("of several one leads; when it ends another does, and whoever follows is told") {
  const ZooKeeperProcess zookeeper;
  Follower follower(zookeeper.hosts());
  std::optional<Candidate> first(std::in_place, zookeeper.hosts(), "a:1");
  const auto first_term = first->granted.take();
  REQUIRE(first_term);
  CHECK(follower.leader() == LeaderAddress{.address = "a:1", .session = *first_term});

  Candidate second(zookeeper.hosts(), "b:1");
  Candidate third(zookeeper.hosts(), "c:1");
  CHECK(!second.granted.take(500ms));
  CHECK(!third.granted.take(0ms));
  first->stop();
  CHECK(first->revoked.take(0ms));
  const LeaderAddress next = follower.leader();
  Candidate& winner = next.address == "b:1" ? second : third;
  CHECK(winner.granted.take() == next.session);
  CHECK(first_term->high == next.session.high);
  CHECK(first_term->low < next.session.low);
  CHECK(!second.granted.take(0ms));
  CHECK(!third.granted.take(0ms));

  // What the first would still write under its term is refused.
  const auto late = winner.client().commit({ZkOp::check(paths().epoch(), epoch_of(*first_term))});
  CHECK(late.outcome == ZkOutcome::BadVersion);
  CHECK(winner.client().commit({ZkOp::check(paths().epoch(), epoch_of(next.session))}).is_done());
}

TEST_CASE("who follows late finds the leader that is there") {
  const ZooKeeperProcess zookeeper;
  Candidate one(zookeeper.hosts(), "a:1");
  REQUIRE(one.granted.take());
  Follower early(zookeeper.hosts());
  CHECK(early.leader().address == "a:1");
  Follower late(zookeeper.hosts());
  CHECK(late.leader().address == "a:1");
}

TEST_CASE("servers that are away for a moment cost no leader its term") {
  ZooKeeperProcess zookeeper;
  constexpr Duration kLong = 40s;
  Candidate one(zookeeper.hosts(), "a:1", kLong);
  Follower follower(zookeeper.hosts(), kLong);
  REQUIRE(one.granted.take());
  REQUIRE(follower.leader().address == "a:1");
  zookeeper.kill(0);
  zookeeper.restart(0);
  zookeeper.await_serving(0);
  Follower other(zookeeper.hosts());
  CHECK(other.leader().address == "a:1");
  CHECK(!one.revoked.take(0ms));
  CHECK(!follower.told.take(0ms));
}

TEST_CASE("a leader that cannot reach the servers steps down before they end its session") {
  ZooKeeperProcess zookeeper;
  Candidate one(zookeeper.hosts(), "a:1");
  Follower follower(zookeeper.hosts());
  const auto first_term = one.granted.take();
  REQUIRE(first_term);
  REQUIRE(follower.leader().address == "a:1");
  const TimePoint frozen = std::chrono::steady_clock::now();
  zookeeper.freeze(0);
  const auto stepped_down = one.revoked.take();
  REQUIRE(stepped_down);
  CHECK(*stepped_down - frozen > kSession * 4 / 10);  // not at once
  CHECK(*stepped_down - frozen < kSession * 9 / 10);
  CHECK(!follower.told.take(0ms));  // it is the leader who must know
  zookeeper.thaw(0);
  const auto next_term = one.granted.take();
  REQUIRE(next_term);
  CHECK(first_term->low < next_term->low);
  CHECK(follower.leader() == LeaderAddress{.address = "a:1", .session = *next_term});
}

TEST_CASE("of three servers the one that leads them may die") {
  ZooKeeperProcess zookeeper(3);
  constexpr Duration kLong = 20s;
  Candidate one(zookeeper.hosts(), "a:1", kLong);
  Follower follower(zookeeper.hosts(), kLong);
  const auto term = one.granted.take();
  REQUIRE(term);
  REQUIRE(follower.leader().address == "a:1");
  zookeeper.kill(zookeeper.leader());
  Follower late(zookeeper.hosts());
  CHECK(late.leader() == LeaderAddress{.address = "a:1", .session = *term});
  CHECK(!one.revoked.take(0ms));
  CHECK(!follower.told.take(0ms));
}

TEST_CASE("what somebody else wrote into the leader's node is not believed") {
  const ZooKeeperProcess zookeeper;
  Candidate one(zookeeper.hosts(), "a:1");
  REQUIRE(one.granted.take());
  Follower follower(zookeeper.hosts());
  REQUIRE(follower.leader().address == "a:1");
  REQUIRE(one.client().commit({ZkOp::set(paths().leader(), "http://evil")}).is_done());
  CHECK(!follower.told.take(300ms));
}

}  // namespace
}  // namespace weir::testing
