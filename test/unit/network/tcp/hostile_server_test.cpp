// SPDX-License-Identifier: Apache-2.0
// A worker reads from one that does not keep to the protocol: it loses that link, and reads nothing wrong.
#include "test/unit/network/tcp/nodes.h"

using namespace weir;
using namespace weir::exchange;

namespace {

constexpr std::uint32_t kExclusive = 2;

/// A worker that reads from a hostile one and from a good one.
struct Fixture {
  Fixture() {
    good.listen();
    partition = good.worker.add_partition(0, 1);
    neighbour = reading.open_gate(good, 1, 0, bell);
    check_neighbour();
    port.listen();
    hostile.address = port.address();
    gate = reading.open_gate(hostile, 1, 0, hostile_bell, /*floating=*/0);
    server = std::make_unique<RawPeer>(port.accept());
  }
  void check_neighbour() {
    write(*partition, 0, "still here");
    CHECK(await_read(*neighbour, bell) == "0:still here");
  }
  void say_data(std::uint32_t sequence, std::string_view text, std::uint64_t receiver = 1) {
    server->say(wire::Data{.receiver = receiver,
                           .sequence = sequence,
                           .bytes = static_cast<std::uint32_t>(text.size())});
    server->say(std::as_bytes(std::span(text)));
  }
  /// All that is read until the stream fails.
  Reads read_until_failure() {
    Reads all;
    for (;;) {
      auto got = await_read(*gate, hostile_bell);
      if (got == "failed") return all;
      all.push_back(std::move(got));
    }
  }

  Node good;
  Node reading;
  Node hostile;  // only its address
  SilentListener port;
  Partition partition;
  Bell bell;
  Bell hostile_bell;
  std::unique_ptr<InputGate> neighbour;
  std::unique_ptr<InputGate> gate;
  std::unique_ptr<RawPeer> server;
};

}  // namespace

TEST_CASE("a server that breaks the rules costs its own streams, and nothing wrong is read") {
  Fixture f;
  const auto greet = [&] { f.server->say(hello_of(link_options())); };
  SUBCASE("data before hello") { f.say_data(0, "wrong"); }
  SUBCASE("a frame that is none") {
    greet();
    const std::string_view text = "HTTP/1.1 200 OK\r\n\r\n";
    f.server->say(std::as_bytes(std::span(text)));
  }
  SUBCASE("a wrong token") {
    auto other = hello_of(link_options());
    other.token.front() = std::byte{0};
    f.server->say(other);
    f.say_data(0, "wrong");
  }
  SUBCASE("hello twice") {
    greet();
    greet();
    f.say_data(0, "wrong");
  }
  SUBCASE("a stream that nobody asked for") {
    greet();
    f.say_data(0, "wrong", 2);
  }
  SUBCASE("the second buffer first") {
    greet();
    f.say_data(1, "wrong");
  }
  SUBCASE("an event out of its turn") {
    greet();
    f.server->say(wire::Event{.receiver = 1, .sequence = 1, .event = kEnd});
  }
  SUBCASE("more than a segment holds") {
    greet();
    f.say_data(0, std::string(link_options().segment_bytes + 1, 'x'));
  }
  SUBCASE("what only readers say") {
    greet();
    f.server->say(wire::AddCredit{1, 1});
    f.say_data(0, "wrong");
  }
  SUBCASE("record bytes that never come") {
    greet();
    f.server->say(wire::Data{.receiver = 1, .bytes = 5});
    f.server->stop_talking();
  }
  CHECK(f.read_until_failure().empty());
  CHECK(f.gate->failure().what.find(f.port.address()) != std::string::npos);
  (void)f.server->hear();
  f.check_neighbour();
}

TEST_CASE("a server that sends more than there is room for is stopped") {
  Fixture f;
  f.server->say(hello_of(link_options()));
  for (std::uint32_t i = 0; i <= kExclusive; ++i) f.say_data(i, "right");
  (void)f.server->hear();  // up to the end; whoever reads before gives new credit
  const auto reads = f.read_until_failure();
  CHECK(reads.size() <= kExclusive);
  for (const auto& read : reads) CHECK(read == "0:right");
  f.check_neighbour();
}
