// SPDX-License-Identifier: Apache-2.0
// The other worker is a process of its own that is killed, or frozen so that its kernel still answers.
#include <csignal>

#include "test/support/process.h"
#include "test/unit/network/tcp/exchange_all.h"
#include "test/unit/network/tcp/wire_peer.h"

using namespace weir;
using namespace weir::exchange;
using weir::testing::Process;

namespace {

/// How late a machine with much else to do may be.
constexpr Duration kSlack = 3s;

/// A gate that reads from a process of its own.
struct Reading {
  explicit Reading(std::vector<std::string> how) : peer(command(std::move(how))) {
    const auto line = peer.await_line("127.0.0.1:");
    REQUIRE(line.has_value());
    other.address = line->text;
    gate = node.open_gate(other, 1, 0, bell);
    REQUIRE(await_read(*gate, bell).substr(0, 2) == "0:");
  }
  static std::vector<std::string> command(std::vector<std::string> how) {
    how.insert(how.begin(), WEIR_WIRE_PEER);
    return how;
  }
  /// Reads until the stream fails, and returns how long that took.
  Duration await_failure() {
    const auto begin = std::chrono::steady_clock::now();
    while (await_read(*gate, bell) != "failed") {}
    CAPTURE(gate->failure().what);
    CHECK(gate->failure().what.find(other.address) != std::string::npos);
    return std::chrono::steady_clock::now() - begin;
  }

  Process peer;
  Node node{wire_peer::link_options()};
  Node other;
  Bell bell;
  std::unique_ptr<InputGate> gate;
};

}  // namespace

TEST_CASE("a worker that is killed fails its readers at once, by name") {
  std::vector<std::string> how{"write"};
  SUBCASE("while it writes") {}
  SUBCASE("while it has nothing to say") { how.emplace_back("quietly"); }
  Reading reading(how);
  reading.peer.signal(SIGKILL);
  CHECK(reading.await_failure() < kSlack);
}

TEST_CASE("a worker that freezes fails its readers within two seconds, by name") {
  std::vector<std::string> how{"write"};
  SUBCASE("while it writes") {}
  SUBCASE("while it has nothing to say") { how.emplace_back("quietly"); }
  Reading reading(how);
  reading.peer.signal(SIGSTOP);
  CHECK(reading.await_failure() < 2s + kSlack);
  CHECK(reading.gate->failure().what.find("it has said nothing for 2000 ms") != std::string::npos);
}

TEST_CASE("a link that has nothing to carry stays for longer than a silent one would") {
  Reading reading({"write", "quietly"});
  CHECK_FALSE(reading.bell.await_until(std::chrono::steady_clock::now() + 2500ms));
  CHECK(read(*reading.gate) == "empty");
}

TEST_CASE("a reader that freezes loses its link, and its producer goes on for others") {
  Node writing(wire_peer::link_options());
  writing.listen();
  const auto partition = writing.worker.add_partition(0, 2);
  write(*partition, 0, "a");
  Process reader(Reading::command({"read", writing.address}));
  REQUIRE(reader.await_line("reading").has_value());
  CHECK(writing.server.counts().open == 1);
  reader.signal(SIGSTOP);
  await([&] { return writing.server.counts().open == 0; });
  CHECK(writing.server.counts().refused == 0);
  reader.signal(SIGCONT);
  CHECK(reader.await_end().has_value());  // it was told
}
