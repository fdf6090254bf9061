// SPDX-License-Identifier: Apache-2.0
#include "actors/system/leader_search.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

const TimePoint kStart{};
constexpr LeaderSessionId kFirst{.high = 0, .low = 1};
constexpr LeaderSessionId kSecond{.high = 0, .low = 2};

struct Letters final : LeaderSearchOutbox {
  void connect(const LeaderAt& leader) override { connects.push_back(leader.address); }
  void found(LeaderSessionId session) override { leaders.push_back(session); }
  void lost(const std::string& reason) override { losses.push_back(reason); }
  void wake_after(Duration delay) override { wakes.push_back(delay); }

  std::vector<std::string> connects, losses;
  std::vector<LeaderSessionId> leaders;
  std::vector<Duration> wakes;
};

struct Fixture {
  Letters out;
  LeaderSearch search{{.initial_pause = 50ms, .max_pause = 150ms}, out};
};

TEST_CASE_FIXTURE(Fixture, "it connects to whom the retrieval names, and tells who was found") {
  search.on_tick(kStart);
  CHECK(out.connects.empty());
  search.on_leader_at({"a:1", kFirst}, kStart);
  CHECK(out.connects == std::vector<std::string>{"a:1"});
  search.on_connected(kFirst, kStart);
  CHECK(out.leaders == std::vector{kFirst});
  CHECK(search.connected() == kFirst);
}

TEST_CASE_FIXTURE(Fixture, "it tries again after pauses that double up to a bound, and no earlier") {
  search.on_leader_at({"a:1", kFirst}, kStart);
  search.on_failed(kFirst, "refused", kStart);
  search.on_tick(kStart + 49ms);
  CHECK(out.connects.size() == 1);
  search.on_tick(kStart + 50ms);
  CHECK(out.connects.size() == 2);
  search.on_failed(kFirst, "refused", kStart + 50ms);
  search.on_failed(kFirst, "refused", kStart + 50ms);
  CHECK(out.wakes == std::vector<Duration>{50ms, 100ms, 150ms});
}

TEST_CASE_FIXTURE(Fixture, "it looks for a leader that was lost, at once") {
  search.on_leader_at({"a:1", kFirst}, kStart);
  search.on_connected(kFirst, kStart);
  search.on_lost("the connection broke", kStart + 1s);
  search.on_lost("the connection broke", kStart + 1s);
  CHECK(out.losses == std::vector<std::string>{"the connection broke"});
  CHECK(out.connects.size() == 2);
  CHECK_FALSE(search.connected());
}

TEST_CASE_FIXTURE(Fixture, "one that was lost is not waited for long, until it has been often enough") {
  search.on_leader_at({"a:1", kFirst}, kStart);
  CHECK(search.patience() == 2s);
  search.on_connected(kFirst, kStart);
  search.on_lost("it is frozen", kStart + 1s);
  for (int attempt = 0; attempt < LeaderSearch::kHastyAttempts; ++attempt) {
    CHECK(search.patience() == 250ms);
    search.on_failed(kFirst, "no answer", kStart + 2s);
  }
  CHECK(search.patience() == 2s);
}

TEST_CASE_FIXTURE(Fixture, "another one is waited for as long as it takes") {
  search.on_leader_at({"a:1", kFirst}, kStart);
  search.on_connected(kFirst, kStart);
  search.on_lost("it is frozen", kStart + 1s);
  search.on_leader_at({"b:1", kSecond}, kStart + 1s);
  search.on_failed(kFirst, "no answer", kStart + 1250ms);
  CHECK(out.connects.back() == "b:1");
  CHECK(search.patience() == 2s);
}

TEST_CASE_FIXTURE(Fixture, "a leader that is deposed while it is being looked for is not taken") {
  search.on_leader_at({"a:1", kFirst}, kStart);
  search.on_leader_at({"b:1", kSecond}, kStart);
  CHECK(out.connects.size() == 1);  // one attempt at a time
  search.on_connected(kFirst, kStart);
  CHECK(out.leaders.empty());
  CHECK(out.connects == std::vector<std::string>{"a:1", "b:1"});
  search.on_connected(kSecond, kStart);
  CHECK(out.leaders == std::vector{kSecond});
}

TEST_CASE_FIXTURE(Fixture, "followers of a leader that is replaced hear of its loss first") {
  search.on_leader_at({"a:1", kFirst}, kStart);
  search.on_connected(kFirst, kStart);
  search.on_leader_at({"b:1", kSecond}, kStart);
  CHECK(out.losses == std::vector<std::string>{"another JobManager leads now"});
  search.on_connected(kSecond, kStart);
  CHECK(out.leaders == std::vector{kFirst, kSecond});
  search.on_leader_at({}, kStart);
  CHECK(out.losses.back() == "the leader stepped down");
  CHECK(out.connects.size() == 2);
}

}  // namespace
}  // namespace weir
