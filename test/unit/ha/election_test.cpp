// SPDX-License-Identifier: Apache-2.0
#include "ha/election.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using Asked = std::vector<std::string>;

/// Writes down what the candidate asks for.
struct World final : ElectionOutbox {
  void look() override { asked.push_back("look"); }
  void bid(std::int32_t epoch) override { asked.push_back("bid " + std::to_string(epoch)); }
  void bid_again(std::int32_t epoch) override { asked.push_back("bid again " + std::to_string(epoch)); }
  bool prepare() override {
    asked.emplace_back("prepare");
    return can_prepare;
  }
  void publish(std::int32_t epoch) override { asked.push_back("publish " + std::to_string(epoch)); }
  bool renew_session() override {
    asked.emplace_back("renew");
    return can_renew;
  }
  void grant(LeaderSessionId term) override { asked.push_back("grant " + std::to_string(epoch_of(term))); }
  void revoke(std::string_view) override { asked.emplace_back("revoke"); }

  [[nodiscard]] Asked take() { return std::exchange(asked, {}); }

  Asked asked;
  bool can_prepare = true;
  bool can_renew = true;
};

constexpr auto kTimeout = 1000ms;
constexpr std::int64_t kMe = 71;
constexpr std::int64_t kOther = 72;
constexpr std::int64_t kCreated = 5;
constexpr TimePoint t0{};

ElectionView view(std::int32_t epoch, std::int64_t owner) {
  return {.epoch = epoch, .epoch_created = kCreated, .leader_owner = owner};
}

/// A candidate, connected in session `kMe` at t0, that has asked for its first look.
struct Candidate {
  Candidate() { connect(t0); }

  void session(ZkSessionState state, TimePoint now, std::int64_t id = kMe) {
    election.on_session(state, {.id = id, .password = "secret", .timeout = kTimeout}, now);
  }
  void connect(TimePoint now, std::int64_t id = kMe) { session(ZkSessionState::Connected, now, id); }
  void see(const ElectionView& seen, TimePoint now) { election.on_view(ZkOutcome::Done, seen, now); }
  /// Leads under term `epoch`.
  void elect(std::int32_t epoch, TimePoint now) {
    see(view(epoch - 1, 0), now);
    election.on_bid(ZkOutcome::Done, now);
    REQUIRE(election.term() == session_of_term(kCreated, epoch));
    (void)world.take();
  }

  World world;
  Election election{world};
};

TEST_CASE("who finds no leader bids, and leads under the number that the bid made") {
  Candidate one;
  CHECK(one.world.take() == Asked{"look"});
  one.see(view(6, 0), t0);
  CHECK(one.world.take() == Asked{"bid 6"});
  CHECK(!one.election.term());
  one.election.on_bid(ZkOutcome::Done, t0 + 5ms);
  CHECK(one.world.take() == Asked{"grant 7"});
  CHECK(one.election.term() == session_of_term(kCreated, 7));
}

TEST_CASE("who finds another leading stands by, and bids when that is gone") {
  Candidate one;
  one.see(view(6, kOther), t0);
  CHECK(one.world.take() == Asked{"look"});
  one.election.on_leader_changed(t0 + 5s);
  one.see(view(6, 0), t0 + 5s);
  CHECK(one.world.take() == Asked{"look", "bid 6"});
}

TEST_CASE("a bid that did not come first changes nothing") {
  for (const ZkOutcome outcome : {ZkOutcome::BadVersion, ZkOutcome::NodeExists}) {
    Candidate one;
    one.see(view(6, 0), t0);
    (void)one.world.take();
    one.election.on_bid(outcome, t0 + 1ms);
    CHECK(one.world.take() == Asked{"look"});
    one.see(view(7, kOther), t0 + 2ms);
    CHECK(one.world.take().empty());
    CHECK(!one.election.term());
  }
}

TEST_CASE("a bid whose answer was lost is looked at again, never taken for won or lost") {
  Candidate one;
  one.see(view(6, 0), t0);
  one.session(ZkSessionState::Suspended, t0 + 10ms);
  one.election.on_bid(ZkOutcome::Unknown, t0 + 10ms);
  CHECK(!one.election.term());
  (void)one.world.take();
  one.connect(t0 + 50ms);
  CHECK(one.world.take() == Asked{"look"});
  SUBCASE("it was won: another is made on top of it, so that the number is known") {
    one.see(view(7, kMe), t0 + 60ms);
    CHECK(one.world.take() == Asked{"bid again 7"});
    one.election.on_bid(ZkOutcome::Done, t0 + 61ms);
    CHECK(one.world.take() == Asked{"grant 8"});
  }
  SUBCASE("it was not made") {
    one.see(view(6, 0), t0 + 60ms);
    CHECK(one.world.take() == Asked{"bid 6"});
  }
}

TEST_CASE("a connection that breaks for a moment ends no term") {
  Candidate one;
  one.elect(7, t0);
  one.session(ZkSessionState::Suspended, t0 + 100ms);
  one.session(ZkSessionState::Suspended, t0 + 101ms);
  one.election.on_tick(t0 + 500ms);
  CHECK(one.world.take().empty());
  one.connect(t0 + 550ms);
  CHECK(one.world.take() == Asked{"look"});
  one.see(view(7, kMe), t0 + 551ms);
  CHECK(one.world.take().empty());
  // The new contact counts from when it was asked for.
  one.election.on_tick(t0 + 1150ms);
  CHECK(one.election.term());
  one.election.on_view(ZkOutcome::Unknown, {}, t0 + 1150ms);
  one.election.on_tick(t0 + 1151ms);
  CHECK(!one.election.term());
}

TEST_CASE("without contact for 60 % of the session it steps down, and begins a new term when it is back") {
  Candidate one;
  one.elect(7, t0);
  REQUIRE(one.election.next_tick() == t0 + 100ms);
  one.election.on_tick(t0 + 100ms);
  CHECK(one.world.take() == Asked{"look"});  // and no answer comes
  CHECK(one.election.next_tick() == t0 + 600ms + Duration(1));
  one.election.on_tick(t0 + 600ms);
  CHECK(one.world.take().empty());
  one.election.on_tick(t0 + 601ms);
  CHECK(one.world.take() == Asked{"revoke"});
  one.session(ZkSessionState::Suspended, t0 + 670ms);
  one.election.on_view(ZkOutcome::Unknown, {}, t0 + 670ms);
  one.connect(t0 + 700ms);
  CHECK(one.world.take() == Asked{"look"});
  one.see(view(7, kMe), t0 + 701ms);
  CHECK(one.world.take() == Asked{"bid again 7"});
  one.election.on_bid(ZkOutcome::Done, t0 + 702ms);
  CHECK(one.world.take() == Asked{"grant 8"});
}

TEST_CASE("an answer that took longer than the fence allows proves nothing") {
  Candidate one;
  one.see(view(6, 0), t0);
  (void)one.world.take();
  one.election.on_bid(ZkOutcome::Done, t0 + 601ms);
  CHECK(one.world.take() == Asked{"look"});
  CHECK(!one.election.term());
}

TEST_CASE("a leader whose node or number is another's steps down before it does anything else") {
  Candidate one;
  one.elect(7, t0);
  one.election.on_leader_changed(t0 + 10ms);
  SUBCASE("the node is another's") {
    one.see(view(8, kOther), t0 + 11ms);
    CHECK(one.world.take() == Asked{"look", "revoke"});
  }
  SUBCASE("the node is gone") {
    one.see(view(7, 0), t0 + 11ms);
    CHECK(one.world.take() == Asked{"look", "revoke", "bid 7"});
  }
  SUBCASE("the node is ours, under a later number") {
    one.see(view(8, kMe), t0 + 11ms);
    CHECK(one.world.take() == Asked{"look", "revoke", "bid again 8"});
  }
  SUBCASE("the ensemble was begun anew") {
    one.see({.epoch = 7, .epoch_created = kCreated + 1, .leader_owner = kMe}, t0 + 11ms);
    CHECK(one.world.take() == Asked{"look", "revoke", "bid again 7"});
  }
  SUBCASE("nothing is on record") {
    one.election.on_view(ZkOutcome::NoNode, {}, t0 + 11ms);
    CHECK(one.world.take() == Asked{"look", "revoke", "prepare", "look"});
  }
}

TEST_CASE("a session that is over ends the term, and another is begun until it is there") {
  Candidate one;
  one.elect(7, t0);
  one.world.can_renew = false;
  one.session(ZkSessionState::Expired, t0 + 2s);
  CHECK(one.world.take() == Asked{"revoke", "renew"});
  one.world.can_renew = true;
  REQUIRE(one.election.next_tick() == t0 + 2s + Election::kRenewalPause);
  one.election.on_tick(*one.election.next_tick());
  CHECK(one.world.take() == Asked{"renew"});
  CHECK(!one.election.next_tick());
  one.connect(t0 + 4s, 99);
  CHECK(one.world.take() == Asked{"look"});
  one.see(view(7, kMe), t0 + 4s);  // of the old session: it may go or not, it is not ours
  CHECK(one.world.take().empty());
}

TEST_CASE("nothing of an old session counts in a new one") {
  Candidate one;
  one.see(view(6, 0), t0);
  (void)one.world.take();
  one.session(ZkSessionState::Expired, t0 + 2s);
  CHECK(one.world.take() == Asked{"renew"});
  one.election.on_bid(ZkOutcome::SessionOver, t0 + 2s);
  CHECK(one.world.take().empty());
  one.connect(t0 + 3s, 99);
  CHECK(one.world.take() == Asked{"look"});
}

TEST_CASE("what changes while it looks is looked at again") {
  Candidate one;
  one.election.on_leader_changed(t0 + 1ms);
  CHECK(one.world.take() == Asked{"look"});
  one.see(view(6, kOther), t0 + 2ms);
  CHECK(one.world.take() == Asked{"look"});
  one.see(view(6, 0), t0 + 3ms);
  CHECK(one.world.take() == Asked{"bid 6"});
}

TEST_CASE("what is not there is made, with a pause if it cannot be") {
  Candidate one;
  one.world.can_prepare = false;
  (void)one.world.take();
  one.election.on_view(ZkOutcome::NoNode, {}, t0);
  CHECK(one.world.take() == Asked{"prepare"});
  REQUIRE(one.election.next_tick() == t0 + 100ms);
  one.election.on_tick(t0 + 100ms);
  CHECK(one.world.take() == Asked{"look"});
}

TEST_CASE("the address is published when the contender says so, and again until that is known") {
  Candidate one;
  one.elect(7, t0);
  one.election.on_confirm(session_of_term(kCreated, 6));
  CHECK(one.world.take().empty());
  one.election.on_confirm(session_of_term(kCreated, 7));
  CHECK(one.world.take() == Asked{"publish 7"});
  one.election.on_published(ZkOutcome::Unknown);
  one.election.on_tick(t0 + 100ms);
  one.see(view(7, kMe), t0 + 101ms);
  CHECK(one.world.take() == Asked{"look", "publish 7"});
  one.election.on_published(ZkOutcome::Done);
  one.election.on_tick(t0 + 201ms);
  one.see(view(7, kMe), t0 + 202ms);
  CHECK(one.world.take() == Asked{"look"});
}

TEST_CASE("one that is stopped steps down and asks for nothing more") {
  Candidate one;
  one.elect(7, t0);
  one.election.on_stop();
  CHECK(one.world.take() == Asked{"revoke"});
  one.election.on_leader_changed(t0);
  one.see(view(7, 0), t0);
  one.session(ZkSessionState::Expired, t0);
  one.election.on_tick(t0 + 10s);
  CHECK(one.world.take().empty());
  CHECK(!one.election.next_tick());
}

TEST_CASE("sessions of terms are none of a cluster without ZooKeeper, and rise") {
  CHECK(session_of_term(kCreated, 1) < session_of_term(kCreated, 2));
  CHECK(epoch_of(session_of_term(kCreated, 2)) == 2);
  CHECK(session_of_term(1, 1).high != 0);
}

}  // namespace
}  // namespace weir
