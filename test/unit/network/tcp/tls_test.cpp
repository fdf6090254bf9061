// SPDX-License-Identifier: Apache-2.0
// Links between workers that show each other certificates, and those who have none or the wrong ones.
#include "network/tcp/tls.h"

#include <openssl/ssl.h>
#include <sys/stat.h>

#include <random>

#include "network/tcp/tls_stream.h"
#include "test/support/certificates.h"
#include "test/support/process.h"
#include "test/support/process_counts.h"
#include "test/unit/network/tcp/exchange_all.h"

using namespace weir;
using namespace weir::exchange;
using weir::testing::CertificateAuthority;

namespace {

std::shared_ptr<TlsContext> load(const TlsOptions& options) {
  auto loaded = TlsContext::load(options);
  REQUIRE_MESSAGE(loaded.has_value(), loaded.error().what);
  return *loaded;
}

LinkOptions over(std::shared_ptr<StreamFactory> streams) {
  auto options = link_options();
  options.streams = std::move(streams);
  return options;
}

std::string complaint_about(const TlsOptions& options) {
  const auto loaded = TlsContext::load(options);
  CHECK_FALSE(loaded);
  return loaded ? "" : loaded.error().what;
}

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

/// A worker that demands certificates, with a reader that has a good one.
struct Fixture {
  explicit Fixture(Duration hello_timeout = 10s) : writing(options(hello_timeout)), friendly(over(good)) {
    writing.listen();
    partition = writing.worker.add_partition(0, 1);
    gate = friendly.open_gate(writing, 1, 0, bell);
    check_neighbour();
  }
  LinkOptions options(Duration hello_timeout) const {
    auto chosen = over(good);
    chosen.hello_timeout = hello_timeout;
    return chosen;
  }
  void check_neighbour() {
    write(*partition, 0, "still here");
    CHECK(await_read(*gate, bell) == "0:still here");
    await([&] { return writing.server.counts().open == 1; });
  }
  /// What a reader with these streams is told.
  std::string refusal_of(std::shared_ptr<StreamFactory> streams) {
    Node stranger(over(std::move(streams)));
    Bell stranger_bell;
    const auto stranger_gate = stranger.open_gate(writing, 1, 0, stranger_bell);
    CHECK(await_read(*stranger_gate, stranger_bell) == "failed");
    return stranger_gate->failure().what;
  }

  CertificateAuthority authority;
  std::shared_ptr<TlsContext> good = load(authority.issue());
  Node writing;
  Node friendly;
  Partition partition;
  Bell bell;
  std::unique_ptr<InputGate> gate;
};

/// A client of the library itself that shows what it likes: no certificate, an expired one.
class BareTls final : public StreamFactory {
public:
  explicit BareTls(const TlsOptions* shown = nullptr)
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    if (shown == nullptr) return;
    REQUIRE(SSL_CTX_use_certificate_chain_file(context_.get(), shown->certificate_file.c_str()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(context_.get(), shown->key_file.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  void limit_to(int version) { SSL_CTX_set_max_proto_version(context_.get(), version); }
  std::unique_ptr<ByteStream> wrap(Descriptor connected, StreamSide) override {
    return make_tls_stream(*context_, std::move(connected), StreamSide::Client);
  }

private:
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

}  // namespace

TEST_CASE("over TLS every number arrives once and in order") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  const CertificateAuthority authority;
  const auto tls = load(authority.issue());
  CHECK(tls->cluster() == "test");
  exchange_all(over(tls), {1, 1, 16, 16}, 60'000, seed);
  exchange_all(over(tls), {3, 5, 8, 4}, 60'000, seed);
}

TEST_CASE("whoever has no good certificate is hung up on, counted, and hurts nobody") {
  Fixture f;
  CertificateAuthority other_authority;
  std::string told;
  SUBCASE("signed by somebody else") {
    const auto shown = other_authority.issue();
    told = f.refusal_of(std::make_shared<BareTls>(&shown));
  }
  SUBCASE("signed by somebody else, who does not trust us either") {
    told = f.refusal_of(load(other_authority.issue()));
  }
  SUBCASE("of another cluster") {
    const auto shown = f.authority.issue({.name = "other", .uri = "urn:weir:cluster:test2"});
    told = f.refusal_of(std::make_shared<BareTls>(&shown));
  }
  SUBCASE("of no cluster") {
    const auto shown = f.authority.issue({.name = "none", .uri = "https://test"});
    told = f.refusal_of(std::make_shared<BareTls>(&shown));
  }
  SUBCASE("expired") {
    const auto shown = f.authority.issue({.name = "old", .valid_to_s = -60});
    told = f.refusal_of(std::make_shared<BareTls>(&shown));
  }
  SUBCASE("not valid yet") {
    const auto shown = f.authority.issue({.name = "new", .valid_from_s = 600});
    told = f.refusal_of(std::make_shared<BareTls>(&shown));
  }
  SUBCASE("none at all") { told = f.refusal_of(std::make_shared<BareTls>()); }
  SUBCASE("TLS 1.1") {
    const auto old = std::make_shared<BareTls>();
    old->limit_to(TLS1_1_VERSION);
    told = f.refusal_of(old);
  }
  SUBCASE("no TLS") { told = f.refusal_of(nullptr); }
  CHECK(contains(told, f.writing.address));
  await([&] {  // it is counted, then let go of
    const auto& counts = f.writing.server.counts();
    return counts.refused == 1 && counts.strangers == 0;
  });
  f.check_neighbour();
}

TEST_CASE("a worker does not read from one whose certificate is not good") {
  const CertificateAuthority authority;
  const CertificateAuthority other_authority;
  const auto ours = load(authority.issue());
  std::shared_ptr<StreamFactory> theirs;
  std::string reason;
  SUBCASE("signed by somebody else") {
    theirs = load(other_authority.issue());
    reason = "certificate";
  }
  SUBCASE("of another cluster") {
    theirs = load(authority.issue({.name = "other", .uri = "urn:weir:cluster:test2"}));
    reason = "does not name our cluster";
  }
  SUBCASE("no TLS") { reason = "does not speak TLS"; }
  Node writing(over(theirs));
  writing.listen();
  const auto partition = writing.worker.add_partition(0, 1);
  write(*partition, 0, "a lie");
  Node reading(over(ours));
  Bell bell;
  const auto gate = reading.open_gate(writing, 1, 0, bell);
  CHECK(await_read(*gate, bell) == "failed");
  CHECK(contains(gate->failure().what, reason));
  CHECK(contains(gate->failure().what, writing.address));
}

TEST_CASE("whoever is slow to greet is hung up on in time") {
  Fixture f(200ms);
  RawPeer slow(f.writing.address);
  const unsigned char beginning[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01};  // of a client's greeting
  SUBCASE("says nothing") {}
  SUBCASE("stops in the middle") { slow.say(std::as_bytes(std::span(beginning))); }
  (void)slow.hear();
  CHECK(f.writing.server.counts().refused == 1);
  f.check_neighbour();
}

TEST_CASE("no bytes at all bring TLS down") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  Fixture f;
  const weir::testing::ProcessCounts before;
  for (int round = 0; round < 50; ++round) {
    RawPeer peer(f.writing.address);
    std::vector<std::byte> bytes(random() % 2000);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    const unsigned char header[] = {0x16, 0x03, 0x01};
    if (random() % 2 == 0 && bytes.size() > 3)
      std::ranges::copy(std::as_bytes(std::span(header)), bytes.begin());
    peer.say(bytes);
    peer.stop_talking();
    (void)peer.hear();
  }
  await([&] { return f.writing.server.counts().open == 1; });
  CHECK(weir::testing::ProcessCounts() == before);
  f.check_neighbour();
}

TEST_CASE("a peer that goes while we write costs the link, not the process") {
  const CertificateAuthority authority;
  const auto tls = load(authority.issue());
  for (int round = 0; round < 20; ++round) {
    Node writing(over(tls));
    writing.listen();
    const auto partition = writing.worker.add_partition(0, 1, 8);
    Thread writer("writer", [partition] { (void)NumberWriter(partition, 100'000, 1).run(); });
    {
      Node reading(over(tls));
      Bell bell;
      const auto gate = reading.open_gate(writing, 1, 0, bell);
      CHECK(await_read(*gate, bell).substr(0, 2) == "0:");
      reading.io.stop();
    }
    await([&] { return writing.server.counts().open == 0; });
    partition->fail("the test is over");
    writer.join();
  }
}

TEST_CASE("files that cannot be right are refused in one line that names them") {
  const CertificateAuthority authority;
  const CertificateAuthority other_authority;
  const auto good = authority.issue();
  auto files = good;
  SUBCASE("no certificate was given") {
    files.certificate_file = "";
    CHECK(complaint_about(files) == "TLS needs a certificate, and none was given");
  }
  SUBCASE("no such file") {
    files.ca_file = "/no/such/ca.pem";
    CHECK(complaint_about(files) == "cannot read CA '/no/such/ca.pem': No such file or directory");
  }
  SUBCASE("a key that others can read") {
    REQUIRE(::chmod(files.key_file.c_str(), 0644) == 0);
    CHECK(complaint_about(files) ==
          "key '" + files.key_file + "' can be read by others, so it is no secret: chmod 600 it");
  }
  SUBCASE("the key of another certificate") {
    files.key_file = authority.issue({.name = "other"}).key_file;
    CHECK(complaint_about(files) ==
          "key '" + files.key_file + "' does not belong to certificate '" + files.certificate_file + "'");
  }
  SUBCASE("no PEM") {
    files.certificate_file = authority.files().file("text.pem", "hello");
    CHECK(contains(complaint_about(files), "'" + files.certificate_file + "' holds no certificate in PEM"));
  }
  SUBCASE("no key") {
    files.key_file = authority.files().file("text.key", "hello");
    REQUIRE(::chmod(files.key_file.c_str(), 0600) == 0);
    CHECK(contains(complaint_about(files), "'" + files.key_file + "' holds no key"));
  }
  SUBCASE("no CA") {
    files.ca_file = authority.files().file("text.ca", "hello");
    CHECK(contains(complaint_about(files), "'" + files.ca_file + "' holds no CA"));
  }
  SUBCASE("expired") {
    files = authority.issue({.name = "old", .valid_to_s = -60});
    CHECK(contains(complaint_about(files), "certificate '" + files.certificate_file + "' expired on "));
  }
  SUBCASE("not valid yet") {
    files = authority.issue({.name = "new", .valid_from_s = 600});
    CHECK(contains(complaint_about(files), "certificate is not yet valid"));
  }
  SUBCASE("another CA") {
    files.ca_file = other_authority.ca_file();
    CHECK(contains(complaint_about(files), "does not stand the test by the CA '" + files.ca_file + "'"));
  }
  SUBCASE("no cluster") {
    files = authority.issue({.name = "none", .uri = ""});
    CHECK(contains(complaint_about(files), "URI:urn:weir:cluster:NAME"));
  }
  SUBCASE("two clusters") {
    files = authority.issue({.name = "two", .uri = "urn:weir:cluster:a,URI:urn:weir:cluster:b"});
    CHECK(contains(complaint_about(files), "names 2 clusters"));
  }
  SUBCASE("a cluster that is hard to read") {
    files = authority.issue({.name = "odd", .uri = "urn:weir:cluster:a b"});
    CHECK(contains(complaint_about(files), "names 0 clusters"));
  }
}

TEST_CASE("scripts/certificates makes what a cluster needs, and keeps what is there") {
  const weir::testing::TemporaryDirectory files;
  const auto make = [&](const std::string& node) {
    const auto made = weir::testing::run_to_end({WEIR_SOURCE_DIRECTORY "/scripts/certificates", files.path(),
                                                 "--cluster", "prod.1", "--node", node});
    REQUIRE_MESSAGE(made.end.code == 0, made.err);
    return TlsOptions{.certificate_file = files.path(node + ".pem"),
                      .key_file = files.path(node + ".key"),
                      .ca_file = files.path("ca.pem")};
  };
  const auto first = load(make("first"));
  CHECK(first->cluster() == "prod.1");
  Node writing(over(first));
  Node reading(over(load(make("second"))));
  writing.listen();
  write(*writing.worker.add_partition(0, 1), 0, "a");
  Bell bell;
  const auto gate = reading.open_gate(writing, 1, 0, bell);
  CHECK(await_read(*gate, bell) == "0:a");
}
