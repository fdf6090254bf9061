// SPDX-License-Identifier: Apache-2.0
// A thousand strangers at once: few are let in, each costs little, and those who belong here do not notice.
#include <malloc.h>

#include <functional>

#include "network/tcp/tls.h"
#include "test/support/certificates.h"
#include "test/support/process_counts.h"
#include "test/unit/network/tcp/nodes.h"

using namespace weir;
using namespace weir::exchange;
using weir::testing::CertificateAuthority;

namespace {

constexpr std::size_t kMostBytesALink = 64 * 1024;
constexpr std::uint32_t kStrangers = 64;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCountsBytes = false;  // another allocator
#else
constexpr bool kCountsBytes = true;
#endif

std::size_t bytes_in_use() {
  const auto in_use = ::mallinfo2();
  return in_use.uordblks + in_use.hblkhd;
}

/// A worker that somebody reads from, and how much memory it takes to let others in.
struct Crowd {
  explicit Crowd(const LinkOptions& options) : writing(options), reading(options) {
    writing.listen();
    partition = writing.worker.add_partition(0, 1);
    gate = reading.open_gate(writing, 1, 0, bell);
    check_neighbour();
  }
  void check_neighbour() {
    write(*partition, 0, "still here");
    CHECK(await_read(*gate, bell) == "0:still here");
  }
  /// What each of `count` that were let in costs.
  std::size_t cost(std::uint32_t count, const std::function<std::shared_ptr<void>()>& let_in) {
    std::vector<std::shared_ptr<void>> all;
    all.reserve(count);
    const auto before = bytes_in_use();
    for (std::uint32_t i = 0; i < count; ++i) all.push_back(let_in());
    const auto after = bytes_in_use();
    check_neighbour();
    return (after - std::min(after, before)) / count;
  }

  Node writing;
  Node reading;
  Partition partition;
  Bell bell;
  std::unique_ptr<InputGate> gate;
};

}  // namespace

TEST_CASE("of a thousand strangers a few are let in, and the rest is refused") {
  Crowd crowd(link_options());
  const auto& counts = crowd.writing.server.counts();
  {
    std::vector<std::unique_ptr<RawPeer>> strangers;
    for (int i = 0; i < 1000; ++i) strangers.push_back(std::make_unique<RawPeer>(crowd.writing.address));
    await([&] { return counts.refused == 1000 - kStrangers; });
    CHECK(counts.strangers == kStrangers);
    CHECK(counts.open == 1 + kStrangers);
    crowd.check_neighbour();
  }
  await([&] { return counts.open == 1; });
  RawPeer peer(crowd.writing.address);  // there is room again
  peer.say(hello_of(link_options()));
  await([&] { return counts.open == 2; });
}

TEST_CASE("a link costs less than 64 KiB, whatever its peer has said of its first frame") {
  if (!kCountsBytes) return;
  auto options = link_options();
  SUBCASE("in clear") {}
  SUBCASE("over TLS") {
    const CertificateAuthority authority;
    const auto loaded = TlsContext::load(authority.issue());
    REQUIRE(loaded.has_value());
    options.streams = *loaded;
  }
  Crowd crowd(options);
  const auto& counts = crowd.writing.server.counts();
  const auto silent = crowd.cost(kStrangers - 1, [&] {
    const auto before = counts.open.load();
    auto peer = std::make_shared<RawPeer>(crowd.writing.address);
    peer->say(wire::encode(hello_of(link_options())).bytes().first(options.streams == nullptr ? 80 : 0));
    await([&] { return counts.open == before + 1; });
    return peer;
  });
  await([&] { return counts.open == 1; });
  // Both ends of a link that has said hello, and a task's gate, are in this process.
  const auto greeted = crowd.cost(20, [&] {
    struct Reader {
      Bell bell;
      Node node;
      std::unique_ptr<InputGate> gate;
      explicit Reader(const LinkOptions& how) : node(how, 4) {}
    };
    auto made = std::make_shared<Reader>(options);
    const auto before = counts.open.load();
    made->gate = made->node.open_gate(crowd.writing, 1, 0, made->bell, 0);
    await([&] { return counts.open == before + 1 && counts.strangers == 0; });
    return made;
  });
  MESSAGE("a silent link takes " << silent << " bytes, both ends of a greeted one and its reader "
                                 << greeted);
  CHECK(silent < kMostBytesALink);
  CHECK(greeted < 3 * kMostBytesALink);
}
