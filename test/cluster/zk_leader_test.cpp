// SPDX-License-Identifier: Apache-2.0
// Candidates and followers against real servers.
#include "ha/zk_leader.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "test/support/leader_watch.h"
#include "test/support/standard_error.h"
#include "test/support/zookeeper_process.h"

namespace weir::testing {
namespace {

constexpr Duration kSession = 2s;

ZkPaths paths() { return *ZkPaths::make("/weir", "test"); }

ZkClient::Options client_of(const std::string& hosts, Duration session = kSession,
                            const std::string& secret = {}) {
  return {.hosts = hosts, .session_timeout = session, .secret = secret};
}

/// One who wants to lead, and publishes as soon as it does.
class Candidate final : public LeaderContender {
public:
  Candidate(const std::string& hosts, std::string address, Duration session = kSession,
            const std::string& secret = {})
      : address_(std::move(address)) {
    auto election =
        ZkLeaderElection::make({.zookeeper = client_of(hosts, session, secret), .paths = paths()});
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

LeaderWatch follow(const ZooKeeperProcess& zookeeper, Duration session = kSession) {
  return {zookeeper.hosts(), paths(), session};
}

TEST_CASE("who has not the secret of a cluster sees no leader, and is told why") {
  const ZooKeeperProcess zookeeper;
  Candidate candidate(zookeeper.hosts(), "a:1", kSession, "weir:sesame");
  REQUIRE(candidate.granted.take());
  LeaderWatch friendly(zookeeper.hosts(), paths(), kSession, "weir:sesame");
  REQUIRE(friendly.leader().address == "a:1");
  const std::string said = standard_error_of([&] {
    LeaderWatch stranger(zookeeper.hosts(), paths(), kSession, "weir:guess");
    CHECK_FALSE(stranger.next(2s));
  });
  CHECK(said.find("does not let this process read /weir/test/leader") != std::string::npos);
}

TEST_CASE("of several one leads; when it ends another does, and whoever follows is told") {
  const ZooKeeperProcess zookeeper;
  LeaderWatch follower = follow(zookeeper);
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
  LeaderWatch early = follow(zookeeper);
  CHECK(early.leader().address == "a:1");
  LeaderWatch late = follow(zookeeper);
  CHECK(late.leader().address == "a:1");
}

TEST_CASE("servers that are away for a moment cost no leader its term") {
  ZooKeeperProcess zookeeper;
  constexpr Duration kLong = 40s;
  Candidate one(zookeeper.hosts(), "a:1", kLong);
  LeaderWatch follower = follow(zookeeper, kLong);
  REQUIRE(one.granted.take());
  REQUIRE(follower.leader().address == "a:1");
  zookeeper.kill(0);
  zookeeper.restart(0);
  zookeeper.await_serving(0);
  LeaderWatch other = follow(zookeeper);
  CHECK(other.leader().address == "a:1");
  CHECK(!one.revoked.take(0ms));
  CHECK(!follower.next(0ms));
}

TEST_CASE("a leader that cannot reach the servers steps down before they end its session") {
  ZooKeeperProcess zookeeper;
  Candidate one(zookeeper.hosts(), "a:1");
  LeaderWatch follower = follow(zookeeper);
  const auto first_term = one.granted.take();
  REQUIRE(first_term);
  REQUIRE(follower.leader().address == "a:1");
  const TimePoint frozen = std::chrono::steady_clock::now();
  zookeeper.freeze(0);
  const auto stepped_down = one.revoked.take();
  REQUIRE(stepped_down);
  CHECK(*stepped_down - frozen > kSession * 4 / 10);  // not at once
  CHECK(*stepped_down - frozen < kSession * 9 / 10);
  CHECK(!follower.next(0ms));  // it is the leader who must know
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
  LeaderWatch follower = follow(zookeeper, kLong);
  const auto term = one.granted.take();
  REQUIRE(term);
  REQUIRE(follower.leader().address == "a:1");
  zookeeper.kill(zookeeper.leader());
  LeaderWatch late = follow(zookeeper);
  CHECK(late.leader() == LeaderAddress{.address = "a:1", .session = *term});
  CHECK(!one.revoked.take(0ms));
  CHECK(!follower.next(0ms));
}

TEST_CASE("what somebody else wrote into the leader's node is not believed") {
  const ZooKeeperProcess zookeeper;
  Candidate one(zookeeper.hosts(), "a:1");
  REQUIRE(one.granted.take());
  LeaderWatch follower = follow(zookeeper);
  REQUIRE(follower.leader().address == "a:1");
  REQUIRE(one.client().commit({ZkOp::set(paths().leader(), "http://evil")}).is_done());
  CHECK(!follower.next(300ms));
}

}  // namespace
}  // namespace weir::testing
