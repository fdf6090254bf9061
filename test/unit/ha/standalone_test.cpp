// SPDX-License-Identifier: Apache-2.0
#include "ha/standalone.h"

#include <doctest/doctest.h>

#include <vector>

namespace weir {
namespace {

struct Contender final : LeaderContender {
  void grant_leadership(LeaderSessionId session) override { granted.push_back(session); }
  void revoke_leadership() override { ++revoked; }
  std::vector<LeaderSessionId> granted;
  int revoked = 0;
};

struct Listener final : LeaderListener {
  void on_leader(const LeaderAddress& leader) override { leaders.push_back(leader); }
  std::vector<LeaderAddress> leaders;
};

TEST_CASE("the only candidate leads at once, and steps down once") {
  Contender contender;
  StandaloneLeaderElection election;
  election.start(contender);
  CHECK(contender.granted == std::vector{kStandaloneSession});
  CHECK(contender.revoked == 0);

  election.stop();
  election.stop();
  CHECK(contender.revoked == 1);
}

TEST_CASE("followers hear of the configured leader under the session that it was granted") {
  Listener listener;
  StandaloneLeaderRetrieval retrieval("127.0.0.1:6123");
  retrieval.start(listener);
  CHECK(listener.leaders ==
        std::vector<LeaderAddress>{{.address = "127.0.0.1:6123", .session = kStandaloneSession}});
  CHECK_FALSE(kStandaloneSession.is_none());
}

TEST_CASE("a follower can be told of another session") {
  Listener listener;
  StandaloneLeaderRetrieval retrieval("127.0.0.1:6123", {.high = 7, .low = 2});
  retrieval.start(listener);
  CHECK(listener.leaders ==
        std::vector<LeaderAddress>{{.address = "127.0.0.1:6123", .session = {.high = 7, .low = 2}}});
}

}  // namespace
}  // namespace weir
