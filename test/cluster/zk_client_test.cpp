// SPDX-License-Identifier: Apache-2.0
// The client against a real server.
#include "ha/zk_client.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/support/zk_events.h"
#include "test/support/zookeeper_process.h"

namespace weir::testing {
namespace {

using Names = std::vector<std::string>;

std::unique_ptr<ZkClient> connect(const ZooKeeperProcess& zookeeper, ZkEvents& events,
                                  const std::string& secret = "") {
  auto client =
      ZkClient::open({.hosts = zookeeper.hosts(), .session_timeout = 2s, .secret = secret}, events);
  REQUIRE(client);
  REQUIRE(events.await(ZkSessionState::Connected));
  return *std::move(client);
}

TEST_CASE("what is written is read, and a version that is not the latest changes nothing") {
  const ZooKeeperProcess zookeeper;
  ZkEvents events;
  const auto client = connect(zookeeper, events);
  REQUIRE(client->make_path("/weir/test") == ZkOutcome::Done);
  REQUIRE(client->make_path("/weir/test") == ZkOutcome::Done);
  CHECK(client->get("/weir/none").outcome == ZkOutcome::NoNode);
  REQUIRE(client->commit({ZkOp::create("/weir/test/b", "one"), ZkOp::create("/weir/test/a", "")}).is_done());
  REQUIRE(client->commit({ZkOp::set("/weir/test/b", "two", 0)}).is_done());
  const auto read = client->get("/weir/test/b");
  REQUIRE(read.is_done());
  CHECK(read.value.data == "two");
  CHECK(read.value.version == 1);
  CHECK(read.value.owner == 0);
  CHECK(client->exists("/weir/test/b").value.version == 1);
  CHECK(client->children("/weir/test").value == Names{"a", "b"});

  SUBCASE("a commit is done as a whole or not at all, and tells which step failed") {
    const auto refused = client->commit({ZkOp::check("/weir/test/a", 0), ZkOp::create("/weir/test/c", ""),
                                         ZkOp::check("/weir/test/b", 0), ZkOp::remove("/weir/test/a")});
    CHECK(refused.outcome == ZkOutcome::BadVersion);
    CHECK(refused.value.failed_op == 2);
    CHECK(client->children("/weir/test").value == Names{"a", "b"});
    const auto exists = client->commit({ZkOp::check("/weir/test/b", 1), ZkOp::create("/weir/test/a", "")});
    CHECK(exists.outcome == ZkOutcome::NodeExists);
    CHECK(exists.value.failed_op == 1);
    CHECK(client->commit({ZkOp::remove("/weir/test")}).outcome == ZkOutcome::NotEmpty);
  }
  SUBCASE("what is too large is refused, not taken for a broken connection") {
    const std::string much(ZkClient::kMaxNodeBytes + 1, 'x');
    CHECK(client->commit({ZkOp::set("/weir/test/a", much)}).outcome == ZkOutcome::TooLarge);
    CHECK(client->commit({ZkOp::set("/weir/test/a", much.substr(1))}).is_done());
    CHECK(client->get("/weir/test/a").value.data.size() == ZkClient::kMaxNodeBytes);
  }
  SUBCASE("a path that is none is refused") {
    CHECK(client->get("no/slash").outcome == ZkOutcome::NotAllowed);
  }
}

TEST_CASE("an ephemeral node goes with its session, and who watches is told") {
  const ZooKeeperProcess zookeeper;
  ZkEvents events;
  ZkEvents others;
  const auto client = connect(zookeeper, events);
  auto other = connect(zookeeper, others);
  REQUIRE(client->exists("/mine", true).outcome == ZkOutcome::NoNode);
  REQUIRE(other->commit({ZkOp::create_ephemeral("/mine", "x")}).is_done());
  REQUIRE(events.await_change("/mine"));
  CHECK(client->exists("/mine", true).value.owner == others.session().id);

  SUBCASE("that is closed") { other.reset(); }
  SUBCASE("that is renewed") { REQUIRE(other->renew()); }
  CHECK(events.await_change("/mine"));
  CHECK(client->exists("/mine").outcome == ZkOutcome::NoNode);
}

TEST_CASE("a password that is wrong ends no session") {
  const ZooKeeperProcess zookeeper;
  ZkEvents events;
  const auto client = connect(zookeeper, events);
  REQUIRE(client->commit({ZkOp::create_ephemeral("/mine", "x")}).is_done());
  ZkSession guessed = events.session();
  guessed.password[3] = static_cast<char>(guessed.password[3] ^ 1);
  (void)ZkClient::end_session(zookeeper.hosts(), guessed, 10s);
  CHECK(client->exists("/mine").value.owner == events.session().id);
}

TEST_CASE("while no server answers every request ends as unknown; the session lives on afterwards") {
  ZooKeeperProcess zookeeper;
  ZkEvents events;
  const auto client = connect(zookeeper, events);
  REQUIRE(client->commit({ZkOp::create_ephemeral("/mine", "x")}).is_done());
  REQUIRE(client->exists("/mine", true).is_done());
  zookeeper.kill(0);
  REQUIRE(events.await(ZkSessionState::Suspended));
  CHECK(client->commit({ZkOp::set("/mine", "y")}).outcome == ZkOutcome::Unknown);
  CHECK(client->get("/mine").outcome == ZkOutcome::Unknown);
  zookeeper.restart(0);
  REQUIRE(events.await(ZkSessionState::Connected));
  CHECK(client->get("/mine").value.owner == events.session().id);
  REQUIRE(client->commit({ZkOp::set("/mine", "y")}).is_done());
  CHECK(events.await_change("/mine"));  // the watch survived the server
}

TEST_CASE("nodes that were made under a secret are nobody else's") {
  const ZooKeeperProcess zookeeper;
  ZkEvents events;
  ZkEvents strangers;
  ZkEvents heirs;
  const auto client = connect(zookeeper, events, "weir:secret");
  const auto stranger = connect(zookeeper, strangers);
  const auto heir = connect(zookeeper, heirs, "weir:secret");
  REQUIRE(client->commit({ZkOp::create("/ours", "x")}).is_done());
  CHECK(stranger->get("/ours").outcome == ZkOutcome::NotAllowed);
  CHECK(stranger->commit({ZkOp::set("/ours", "y")}).outcome == ZkOutcome::NotAllowed);
  CHECK(stranger->commit({ZkOp::create("/ours/too", "y")}).outcome == ZkOutcome::NotAllowed);
  CHECK(heir->get("/ours").value.data == "x");
}

TEST_CASE("a host that nobody knows does not keep it from the others") {
  const ZooKeeperProcess zookeeper;
  ZkEvents events;
  const auto client = ZkClient::open(
      {.hosts = "no-such-host.invalid:2181," + zookeeper.hosts(), .session_timeout = 2s}, events);
  REQUIRE_MESSAGE(client, client.error().what);
  CHECK(events.await(ZkSessionState::Connected));
}

TEST_CASE("hosts that cannot be understood are refused") {
  ZkEvents events;
  CHECK(!ZkClient::open({.hosts = "", .session_timeout = 2s}, events));
  CHECK(!ZkClient::open({.hosts = "localhost:http", .session_timeout = 2s}, events));
}

}  // namespace
}  // namespace weir::testing
