// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_server.h"

#include <atomic>

#include "base/log.h"
#include "base/thread.h"
#include "network/blob/blob_client.h"
#include "network/tcp/tls.h"
#include "test/support/certificates.h"
#include "test/support/process_counts.h"
#include "test/unit/network/blob/blobs.h"
#include "test/unit/network/tcp/nodes.h"

using namespace weir;
using namespace weir::testing;
using exchange::await;
using exchange::RawPeer;
using exchange::ShreddedStreams;
using exchange::SilentListener;

namespace {

LinkIdentity identity() { return {.cluster = {7, 7}, .node = {}, .token = {std::byte{42}}}; }

struct Heard final : BlobServerListener {
  void on_stored(const BlobKey&) override { ++stored; }
  void on_tick(TimePoint) override {}
  std::atomic<int> stored = 0;
};

/// A server over a store, and what its clients have on their own disk.
struct Cluster {
  explicit Cluster(BlobServer::Options server_options = {}, BlobStore::Options store_options = {})
      : store(disk.open_store(store_options)) {
    server_options.link.identity = identity();
    auto started = BlobServer::start(server_options, *store, &heard);
    REQUIRE_MESSAGE(started.has_value(), started.error().what);
    server = *std::move(started);
    options = {.address = server->address(), .link = server_options.link};
    REQUIRE(disk.files.make_folder(disk.directory.path("mine")));
  }
  BlobClient client() { return BlobClient(options, own_files); }
  std::string file(const std::string& content) { return disk.directory.file("mine/file", content); }
  /// Another client works.
  void check_service() {
    const std::string blob = content(10, 99);
    const auto key = client().put(file(blob));
    REQUIRE_MESSAGE(key.has_value(), key.error().what);
    REQUIRE(client().get(*key, disk.directory.path("mine/again")));
    CHECK(content_of(disk.directory.path("mine/again")) == blob);
    REQUIRE(store->remove(*key));
  }

  Disk disk;
  LocalFileSystem own_files;
  Heard heard;
  std::unique_ptr<BlobStore> store;
  std::unique_ptr<BlobServer> server;
  BlobClient::Options options;
};

Error error_of(const Result<BlobKey>& put) {
  REQUIRE_FALSE(put.has_value());
  CHECK(put.error().what.find('\n') == std::string::npos);
  return put.error();
}

/// A peer that keeps to the protocol as long as the test wants.
struct Peer : RawPeer {
  explicit Peer(const Cluster& cluster) : RawPeer(cluster.server->address()) {}
  void say_hello() { say(blob_wire::encode(blob_wire::Hello{identity().cluster, identity().token})); }
  void announce(const BlobKey& key, std::uint64_t bytes) {
    say(blob_wire::encode(blob_wire::Request{blob_wire::Request::Kind::Put, key, bytes}));
  }
};

struct Quiet {
  Quiet() { log::set_level(log::Level::Off); }
  ~Quiet() { log::set_level(log::Level::Info); }
};

}  // namespace

TEST_CASE("what one client puts, another gets") {
  Cluster cluster;
  for (const std::size_t bytes : {1, 65'536, 65'537, 1'000'000}) {
    const std::string blob = content(bytes, static_cast<unsigned>(bytes));
    const auto key = cluster.client().put(cluster.file(blob));
    REQUIRE_MESSAGE(key.has_value(), key.error().what);
    CHECK(*key == key_of(blob));
    const std::string into = cluster.disk.directory.path("mine/got");
    const auto got = cluster.client().get(*key, into);
    REQUIRE_MESSAGE(got.has_value(), got.error().what);
    CHECK(content_of(into) == blob);
  }
  CHECK(cluster.disk.names("mine") == std::vector<std::string>{"file", "got"});
}

TEST_CASE("it does not matter how the bytes are cut") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  Cluster cluster({.link = {.streams = std::make_shared<ShreddedStreams>(seed)}});
  const std::string blob = content(20'000, seed);
  const auto key = cluster.client().put(cluster.file(blob));
  REQUIRE_MESSAGE(key.has_value(), key.error().what);
  REQUIRE(cluster.client().get(*key, cluster.disk.directory.path("mine/got")));
  CHECK(content_of(cluster.disk.directory.path("mine/got")) == blob);
}

TEST_CASE("blobs travel encrypted where certificates are asked for, and not at all without") {
  const Quiet quiet;
  const CertificateAuthority authority;
  const CertificateAuthority another;
  const auto load = [](const TlsOptions& options) {
    auto loaded = TlsContext::load(options);
    REQUIRE_MESSAGE(loaded.has_value(), loaded.error().what);
    return *loaded;
  };
  Cluster cluster({.link = {.streams = load(authority.issue())}});
  cluster.check_service();

  SUBCASE("in clear") { cluster.options.link.streams = nullptr; }
  SUBCASE("with a certificate of others") { cluster.options.link.streams = load(another.issue()); }
  CHECK_FALSE(cluster.client().put(cluster.file("x")).has_value());
  CHECK(cluster.disk.names().empty());
}

TEST_CASE("a blob that is there is not sent again, and its put is heard all the same") {
  Cluster cluster;
  const std::string path = cluster.file(content(1000));
  REQUIRE(cluster.client().put(path).has_value());
  cluster.disk.files.room_bytes = 0;
  REQUIRE(cluster.client().put(path).has_value());
  CHECK(cluster.heard.stored == 2);
}

TEST_CASE("many clients may come at once, and more than are served wait") {
  Cluster cluster({.max_connections = 3});
  std::atomic<int> failures = 0;
  std::vector<Thread> threads;
  for (unsigned i = 0; i < 12; ++i) {
    threads.emplace_back("client", [&, i] {
      const std::string blob = content(200'000, i % 4);
      const auto key = cluster.client().put(cluster.disk.directory.file("mine/" + std::to_string(i), blob));
      const std::string into = cluster.disk.directory.path("mine/got" + std::to_string(i));
      if (!key || !cluster.client().get(*key, into) || content_of(into) != blob) ++failures;
      if (cluster.server->connections() > 3) ++failures;
    });
  }
  threads.clear();
  CHECK(failures == 0);
  CHECK(cluster.store->keys().size() == 4);
  CHECK(cluster.disk.names().size() == 4);
}

TEST_CASE("who connects and is silent makes others wait no longer than the greeting may take") {
  const Quiet quiet;
  Cluster cluster({.max_connections = 1, .link = {.hello_timeout = 50ms}});
  const Peer silent(cluster);
  await([&] { return cluster.server->connections() == 1; });
  cluster.options.link.hello_timeout = 10s;
  cluster.check_service();
}

TEST_CASE("what is refused is said in one line") {
  const Quiet quiet;
  Cluster cluster({}, {.max_blob_bytes = 1000, .quota_bytes = 1500});
  SUBCASE("another token") {
    cluster.options.link.identity.token = {};
    const auto error = error_of(cluster.client().put(cluster.file("x")));
    CHECK(error.code == ErrorCode::Refused);
    CHECK(error.what == "blob server " + cluster.server->address() + ": the blob server has another token");
    cluster.options.link.identity = identity();
  }
  SUBCASE("another cluster") {
    cluster.options.link.identity.cluster = {8, 8};
    const auto error = error_of(cluster.client().put(cluster.file("x")));
    CHECK(error.what.ends_with("is of cluster " + ClusterId{7, 7}.hex() + " and not of " +
                               ClusterId{8, 8}.hex()));
    cluster.options.link.identity = identity();
  }
  SUBCASE("too large") {
    const auto error = error_of(cluster.client().put(cluster.file(content(1001))));
    CHECK(error.what.ends_with("a blob of 1001 bytes is too large: 1000 are allowed"));
  }
  SUBCASE("no room") {
    REQUIRE(put(*cluster.store, key_of(content(1000)), content(1000)));
    const auto error = error_of(cluster.client().put(cluster.file(content(501, 2))));
    CHECK(error.retry == Retry::Later);
    CHECK(error.what.ends_with("no room for a blob of 501 bytes: 1000 of 1500 are in use"));
  }
  SUBCASE("nothing to put") { (void)error_of(cluster.client().put(cluster.file(""))); }
  SUBCASE("no file") {
    CHECK(error_of(cluster.client().put("/none")).code == ErrorCode::NotFound);
  }
  SUBCASE("an unknown blob") {
    const auto got = cluster.client().get(key_of("x"), cluster.disk.directory.path("mine/got"));
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code == ErrorCode::NotFound);
  }
  SUBCASE("a blob larger than the client takes") {
    REQUIRE(put(*cluster.store, key_of("large"), "large"));
    cluster.options.max_blob_bytes = 4;
    const auto got = cluster.client().get(key_of("large"), cluster.disk.directory.path("mine/got"));
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code == ErrorCode::Refused);
    cluster.options.max_blob_bytes = 100;
  }
  CHECK_FALSE(std::filesystem::exists(cluster.disk.directory.path("mine/got")));
  cluster.check_service();
}

TEST_CASE("an upload that is cut off or is not what it should be leaves nothing") {
  const Quiet quiet;
  Cluster cluster;
  const std::string blob = content(100'000);
  Peer peer(cluster);
  peer.say_hello();
  peer.announce(key_of(blob), blob.size());
  std::string heard;
  SUBCASE("cut off") {
    peer.say(bytes_of(blob).first(70'000));
    await([&] { return cluster.disk.names().size() == 1; });
    peer.stop_talking();
    heard = peer.hear();
  }
  SUBCASE("another content") {
    std::string other = blob;
    other.back() ^= 1;
    peer.say(bytes_of(other));
    peer.stop_talking();
    heard = peer.hear();
    CHECK(heard.find("what came has the SHA-256 " + key_of(other).hex()) != std::string::npos);
  }
  SUBCASE("the disk is full") {
    cluster.disk.files.room_bytes = 80'000;
    peer.say(bytes_of(blob));
    peer.stop_talking();
    heard = peer.hear();
    CHECK(heard.find("no space left") != std::string::npos);
    cluster.disk.files.room_bytes = UINT64_MAX;
  }
  SUBCASE("the server ends") {
    peer.say(bytes_of(blob).first(70'000));
    await([&] { return cluster.disk.names().size() == 1; });
    cluster.server.reset();
    CHECK(cluster.disk.names().empty());
    return;
  }
  CHECK(heard.substr(0, 1) == "\1");  // welcome
  await([&] { return cluster.server->connections() == 0; });
  CHECK(cluster.disk.names().empty());
  CHECK(cluster.store->used_bytes() == 0);
  CHECK(cluster.heard.stored == 0);
  cluster.check_service();
}

TEST_CASE("who is silent in the middle of an upload is hung up on") {
  const Quiet quiet;
  Cluster cluster({.link = {.piece_timeout = 50ms}});
  Peer peer(cluster);
  peer.say_hello();
  peer.announce(key_of("x"), 1000);
  (void)peer.hear();
  await([&] { return cluster.server->broken_connections() == 1; });
  CHECK(cluster.disk.names().empty());
}

TEST_CASE("a stranger that talks nonsense is hung up on without a word") {
  const Quiet quiet;
  Cluster cluster;
  RawPeer stranger(cluster.server->address());
  stranger.say(bytes_of("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html, text/plain\r\n\r\n"));
  CHECK(stranger.hear().empty());
  await([&] { return cluster.server->broken_connections() == 1; });
  cluster.check_service();
}

TEST_CASE("a blob that was changed on the server's disk is not taken, and can be put again") {
  const Quiet quiet;
  Cluster cluster;
  const std::string blob = content(100'000);
  REQUIRE(cluster.client().put(cluster.file(blob)).has_value());
  std::string other = blob;
  other[7] ^= 1;
  cluster.disk.directory.file("blobs/" + key_of(blob).hex(), other);
  const std::string into = cluster.disk.directory.path("mine/got");
  const auto got = cluster.client().get(key_of(blob), into);
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().code == ErrorCode::Corrupt);
  CHECK(cluster.disk.names("mine") == std::vector<std::string>{"file"});
  await([&] { return !cluster.store->contains(key_of(blob)); });
  REQUIRE(cluster.client().put(cluster.file(blob)).has_value());
  CHECK(cluster.client().get(key_of(blob), into).has_value());
}

TEST_CASE("a client whose disk fails leaves no part of a file") {
  Cluster cluster;
  const std::string blob = content(100'000);
  REQUIRE(cluster.client().put(cluster.file(blob)).has_value());
  FaultyFileSystem faulty;
  faulty.room_bytes = 70'000;
  const auto got =
      BlobClient(cluster.options, faulty).get(key_of(blob), cluster.disk.directory.path("mine/got"));
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().code == ErrorCode::IoFailure);
  CHECK(cluster.disk.names("mine") == std::vector<std::string>{"file"});
}

TEST_CASE("a client does not wait for ever") {
  Disk disk;
  BlobClient::Options options{.link = {.identity = identity(), .hello_timeout = 50ms, .piece_timeout = 50ms}};
  SilentListener nobody;
  options.address = nobody.address();
  SUBCASE("for a server that refuses") {
    const auto error = error_of(BlobClient(options, disk.files).put(disk.directory.file("x", "x")));
    CHECK(error.code == ErrorCode::ConnectionLost);
    CHECK(error.retry == Retry::Later);
  }
  SUBCASE("for a server that says nothing") {
    nobody.listen();
    const auto error = error_of(BlobClient(options, disk.files).put(disk.directory.file("x", "x")));
    CHECK(error.code == ErrorCode::Timeout);
  }
}

TEST_CASE("a server leaves no thread and no descriptor behind") {
  const ProcessCounts before;
  {
    Cluster cluster;
    Peer open(cluster);
    open.say_hello();
    cluster.check_service();
    cluster.server.reset();
    (void)open.hear();
  }
  CHECK(ProcessCounts() == before);
}

TEST_CASE("no bytes at all bring a server down or leave something behind") {
  const Quiet quiet;
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  Cluster cluster;
  for (int round = 0; round < 100; ++round) {
    Peer peer(cluster);
    peer.say_hello();
    for (auto words = random() % 4; words > 0; --words) {
      if (random() % 2 == 0) peer.announce(key_of("x"), random() % 100'000 + 1);
      peer.say(bytes_of(content(random() % 70'000, random())));
    }
    peer.stop_talking();
    (void)peer.hear();
  }
  await([&] { return cluster.server->connections() == 0; });
  CHECK(cluster.disk.names().empty());
  CHECK(cluster.store->used_bytes() == 0);
  cluster.check_service();
}
