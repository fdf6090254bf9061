// SPDX-License-Identifier: Apache-2.0
// A worker learns who it is when it registers: before, it has no links; when it becomes another, it loses
// them.
#include "test/unit/network/tcp/nodes.h"

using namespace weir;
using namespace weir::exchange;

namespace {

const LinkIdentity kHere = *link_options().identity;
const LinkIdentity kElsewhere{.cluster = {8, 8}, .node = {1, 1}, .token = {std::byte{43}}};

LinkOptions of_nobody() {
  auto options = link_options();
  options.identity.reset();
  return options;
}

void join(Node& node, const LinkIdentity& identity) {
  node.server.join_cluster(identity);
  node.client.join_cluster(identity);
}

/// Two workers, one of which has something to read.
struct Pair {
  explicit Pair(const LinkOptions& writes = link_options(), const LinkOptions& reads = link_options())
      : writing(writes), reading(reads) {
    writing.listen();
    partition = writing.worker.add_partition(0, 1);
    write(*partition, 0, "a");
  }
  std::string read_one() {
    gate = reading.open_gate(writing, 1, 0, bell);
    return await_read(*gate, bell);
  }
  [[nodiscard]] bool failed_because(const std::string& why) const {
    CAPTURE(gate->failure().what);
    return gate->failure().what.find(why) != std::string::npos;
  }

  Node writing;
  Node reading;
  Partition partition;
  Bell bell;
  std::unique_ptr<InputGate> gate;
};

}  // namespace

TEST_CASE("nobody can read from a worker that is in no cluster yet") {
  Pair pair(of_nobody());
  CHECK(pair.read_one() == "failed");
  CHECK(pair.failed_because("has not joined a cluster yet"));
  CHECK(pair.writing.server.counts().refused == 1);
  join(pair.writing, kHere);
  CHECK(pair.read_one() == "0:a");
}

TEST_CASE("a worker that is in no cluster yet cannot read from others") {
  Pair pair(link_options(), of_nobody());
  CHECK(pair.read_one() == "failed");
  CHECK(pair.failed_because("has not joined a cluster yet"));
  CHECK(pair.writing.server.counts().refused == 0);
  join(pair.reading, kHere);
  CHECK(pair.read_one() == "0:a");
}

TEST_CASE("no identity is not the identity of zeros") {
  auto zeros = link_options();
  zeros.identity = LinkIdentity{};
  Pair pair(of_nobody(), zeros);
  CHECK(pair.read_one() == "failed");
}

TEST_CASE("joining again as the same changes nothing") {
  Pair pair;
  CHECK(pair.read_one() == "0:a");
  for (int i = 0; i < 3; ++i) {
    join(pair.writing, kHere);
    join(pair.reading, kHere);
  }
  write(*pair.partition, 0, "b");
  CHECK(await_read(*pair.gate, pair.bell) == "0:b");
}

TEST_CASE("who joins another cluster loses the links of the first") {
  Pair pair;
  CHECK(pair.read_one() == "0:a");
  SUBCASE("the one who writes") {
    join(pair.writing, kElsewhere);
    CHECK(await_read(*pair.gate, pair.bell) == "failed");
    CHECK(pair.read_one() == "failed");
    CHECK(pair.failed_because("different tokens"));
  }
  SUBCASE("the one who reads") {
    join(pair.reading, kElsewhere);
    CHECK(await_read(*pair.gate, pair.bell) == "failed");
    CHECK(pair.failed_because("has joined another cluster"));
    CHECK(pair.failed_because(pair.writing.address));
    CHECK(pair.read_one() == "failed");
    CHECK(pair.failed_because("different tokens"));
  }
  await([&] { return pair.writing.server.counts().open == 0; });
  join(pair.writing, kElsewhere);
  join(pair.reading, kElsewhere);
  write(*pair.writing.worker.add_partition(1, 1), 0, "c");
  Bell bell;
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(pair.reading.channel_to(pair.writing, 1, 0, nullptr));
  InputGate gate(std::move(channels), bell);
  gate.request_partitions();
  CHECK(await_read(gate, bell) == "0:c");
}
