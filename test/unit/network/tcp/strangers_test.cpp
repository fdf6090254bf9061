// SPDX-License-Identifier: Apache-2.0
// Who does not keep to the protocol loses his link, at little cost, and nobody else notices.
#include "network/tcp/data_server.h"

#include <random>

#include "test/support/process_counts.h"
#include "test/unit/network/tcp/nodes.h"

using namespace weir;
using namespace weir::exchange;
using Bytes = std::vector<std::byte>;

namespace {

wire::Hello hello() { return hello_of(link_options()); }

/// A worker with something to read, a reader that keeps to the rules, and strangers.
struct Fixture {
  explicit Fixture(const LinkOptions& options = link_options()) : writing(options) {
    writing.listen();
    partition = writing.worker.add_partition(0, 2);
    gate = reading.open_gate(writing, 1, 0, bell);
    check_neighbour();
  }
  /// The others' link works.
  void check_neighbour() {
    write(*partition, 0, "still here");
    CHECK(await_read(*gate, bell) == "0:still here");
    CHECK(writing.server.counts().open == 1);
  }
  wire::PartitionRequest request(std::uint64_t receiver, std::uint32_t credit) {
    return {.partition = writing.worker.id(0), .subpartition = 1, .receiver = receiver, .credit = credit};
  }

  Node writing;
  Node reading;
  Partition partition;
  Bell bell;
  std::unique_ptr<InputGate> gate;
};

}  // namespace

TEST_CASE("a stranger that talks nonsense is hung up on") {
  Fixture f;
  RawPeer stranger(f.writing.address);
  SUBCASE("HTTP") {
    const std::string text = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stranger.say(std::as_bytes(std::span(text)));
  }
  SUBCASE("zeros") { stranger.say(Bytes(100'000)); }
  SUBCASE("a frame of 4 GiB") {
    auto frame = wire::encode(hello());
    Bytes bytes(frame.bytes().begin(), frame.bytes().end());
    std::fill_n(bytes.begin(), 4, std::byte{0xff});
    stranger.say(bytes);
  }
  SUBCASE("another version") {
    auto other = hello();
    other.version = 2;
    stranger.say(other);
  }
  SUBCASE("another size of segments") {
    auto other = hello();
    other.segment_bytes *= 2;
    stranger.say(other);
    stranger.say(f.request(1, 100));
  }
  SUBCASE("a hello whose end comes first") {
    const auto frame = wire::encode(hello());
    stranger.say(frame.bytes().last(40));
    stranger.say(frame.bytes().first(44));
  }
  SUBCASE("something before hello") { stranger.say(f.request(1, 1)); }
  SUBCASE("a wrong token") {
    auto other = hello();
    other.token.front() = std::byte{0};
    stranger.say(other);
    stranger.say(f.request(1, 100));
  }
  (void)stranger.hear();
  CHECK(f.writing.server.counts().refused == 1);
  CHECK(f.writing.server.counts().strangers == 0);
  CHECK_FALSE(f.partition->is_consumed());
  f.check_neighbour();
}

TEST_CASE("a peer that breaks the rules later loses its link, and its streams are given up") {
  Fixture f;
  RawPeer peer(f.writing.address);
  peer.say(hello());
  SUBCASE("hello twice") { peer.say(hello()); }
  SUBCASE("data from a reader") { peer.say(wire::Data{.receiver = 1, .bytes = 1}); }
  SUBCASE("an event from a reader") { peer.say(wire::Event{}); }
  SUBCASE("a receiver twice") {
    peer.say(f.request(1, 1));
    peer.say(f.request(1, 1));
  }
  SUBCASE("a request with more credit than there is") { peer.say(f.request(1, wire::kMaxCredit + 1)); }
  SUBCASE("credit of nothing") {
    peer.say(f.request(1, 1));
    peer.say(wire::AddCredit{1, 0});
  }
  SUBCASE("credit without end") {
    peer.say(f.request(1, wire::kMaxCredit));
    peer.say(wire::AddCredit{1, wire::kMaxCredit});
  }
  SUBCASE("garbage") {
    peer.say(f.request(1, 1));
    peer.say(Bytes(64, std::byte{0x77}));
  }
  (void)peer.hear();
  CHECK(f.writing.server.counts().refused == 1);
  f.check_neighbour();
}

TEST_CASE("a peer that goes in the middle of a frame was simply cut off") {
  Fixture f;
  RawPeer peer(f.writing.address);
  SUBCASE("at once") {}
  SUBCASE("within hello") { peer.say(wire::encode(hello()).bytes().first(50)); }
  SUBCASE("within a request") {
    peer.say(hello());
    peer.say(wire::encode(f.request(1, 1)).bytes().first(20));
  }
  peer.stop_talking();
  (void)peer.hear();
  CHECK(f.writing.server.counts().refused == 0);
  f.check_neighbour();
}

TEST_CASE("what arrives about a stream that has ended is no offence") {
  Fixture f;
  RawPeer peer(f.writing.address);
  peer.say(hello());
  peer.say(wire::AddCredit{5, 1});
  peer.say(wire::Starving{5});
  peer.say(wire::Cancel{5});
  peer.say(wire::Close{});
  (void)peer.hear();
  CHECK(f.writing.server.counts().refused == 0);
  f.check_neighbour();
}

TEST_CASE("whoever connects and is silent is hung up on in time") {
  auto options = link_options();
  options.hello_timeout = 20ms;
  Fixture f(options);
  RawPeer silent(f.writing.address);
  (void)silent.hear();
  CHECK(f.writing.server.counts().refused == 1);
  f.check_neighbour();
}

TEST_CASE("whoever says hello byte by byte has no more time than others") {
  auto options = link_options();
  options.hello_timeout = 100ms;
  Fixture f(options);
  RawPeer slow(f.writing.address);
  const auto greeting = wire::encode(hello());
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& byte : greeting.bytes().first(greeting.bytes().size() - 1)) {
    slow.say({&byte, 1});
    if (f.writing.server.counts().refused > 0) break;
    Bell never;
    (void)never.await_until(std::chrono::steady_clock::now() + 5ms);
  }
  (void)slow.hear();
  CHECK(std::chrono::steady_clock::now() - begin >= 100ms);
  CHECK(f.writing.server.counts().refused == 1);
  f.check_neighbour();
}

TEST_CASE("nothing is taken from a peer that has said goodbye") {
  Fixture f;
  RawPeer peer(f.writing.address);
  peer.say(hello());
  peer.say(wire::Close{});
  peer.say(f.request(1, 100));
  (void)peer.hear();
  CHECK(f.writing.server.counts().refused == 0);
  CHECK_FALSE(f.partition->is_consumed());
  f.check_neighbour();
}

TEST_CASE("only so many can be silent at a time") {
  auto options = link_options();
  options.max_strangers = 3;
  Fixture f(options);
  std::vector<std::unique_ptr<RawPeer>> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(std::make_unique<RawPeer>(f.writing.address));
  await([&] { return f.writing.server.counts().strangers == 3; });
  RawPeer one_too_many(f.writing.address);
  (void)one_too_many.hear();
  CHECK(f.writing.server.counts().refused == 1);
  silent.clear();
  await([&] { return f.writing.server.counts().strangers == 0; });
  f.check_neighbour();
}

TEST_CASE("no bytes at all bring a server down or leave something behind") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  Fixture f;
  const weir::testing::ProcessCounts before;
  for (int round = 0; round < 100; ++round) {
    RawPeer peer(f.writing.address);
    Bytes bytes;
    const auto add = [&](const wire::Frame& frame) {
      const auto encoded = wire::encode(frame);
      bytes.insert(bytes.end(), encoded.bytes().begin(), encoded.bytes().end());
    };
    add(hello());
    const auto greeting = bytes.size();
    for (int i = 0; i < 20; ++i) {
      switch (random() % 5) {
        case 0: add(wire::PartitionRequest{.receiver = random() % 8, .credit = 3}); break;
        case 1: add(wire::AddCredit{random() % 8, 1}); break;
        case 2: add(wire::Starving{random() % 8}); break;
        case 3: add(wire::Cancel{random() % 8}); break;
        default: add(wire::Failure{.error = {.what = "x"}}); break;
      }
    }
    for (auto changes = random() % 3; changes > 0; --changes) {
      bytes[greeting + random() % (bytes.size() - greeting)] = static_cast<std::byte>(random());
    }
    peer.say(bytes);
    peer.stop_talking();
    (void)peer.hear();
  }
  await([&] { return f.writing.server.counts().open == 1; });
  CHECK(weir::testing::ProcessCounts() == before);
  f.check_neighbour();
}
