// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/library_cache.h"

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bell.h"
#include "base/log.h"
#include "base/thread.h"
#include "network/blob/blob_client.h"
#include "network/blob/blob_server.h"
#include "test/unit/network/blob/blobs.h"

using namespace weir;
using namespace weir::testing;

namespace {

using ProgramPtr = std::shared_ptr<const Program>;

LinkIdentity identity() { return {.cluster = {7, 7}, .node = {}, .token = {std::byte{42}}}; }

/// Counts connections.
class CountedStreams final : public StreamFactory {
public:
  std::unique_ptr<ByteStream> wrap(Descriptor connected, StreamSide) override {
    ++made;
    return make_plain_stream(std::move(connected));
  }
  std::atomic<int> made = 0;
};

/// A client that has put a program, and the worker's cache.
struct Cluster {
  Cluster() : store(disk.open_store()) {
    BlobServer::Options options{.link = {.identity = identity()}};
    auto started = BlobServer::start(options, *store);
    REQUIRE(started.has_value());
    server = *std::move(started);
    auto made = LibraryCache::make(
        {.parent_directory = disk.directory.path("worker"), .link = {.streams = streams}});
    REQUIRE_MESSAGE(made.has_value(), made.error().what);
    cache = *std::move(made);
    cache->connect(server->address(), identity());
  }
  ProgramReference submit(const std::string& library, std::vector<std::string> arguments = {}) {
    const auto program = client.build(library, std::move(arguments), 1);
    REQUIRE_MESSAGE(program.has_value(), program.error().what);
    BlobClient blobs({.address = server->address(), .link = {.identity = identity()}}, disk.files);
    const auto key = blobs.put(library);
    REQUIRE_MESSAGE(key.has_value(), key.error().what);
    ProgramReference reference = (*program)->job_graph().program;
    reference.library = key->hex();
    return reference;
  }
  ProgramPtr load(const ProgramReference& reference) {
    auto program = cache->load(reference);
    REQUIRE_MESSAGE(program.has_value(), program.error().what);
    return *program;
  }
  std::vector<std::string> cached() { return *disk.files.list(cache->directory()); }
  std::string stored_path(const ProgramReference& reference) {
    return disk.directory.path("blobs/" + reference.library);
  }

  Disk disk;
  std::unique_ptr<BlobStore> store;
  std::unique_ptr<BlobServer> server;
  ProgramLoader client;
  std::shared_ptr<CountedStreams> streams = std::make_shared<CountedStreams>();
  std::unique_ptr<LibraryCache> cache;
};

struct Quiet {
  Quiet() { log::set_level(log::Level::Off); }
  ~Quiet() { log::set_level(log::Level::Info); }
};

}  // namespace

TEST_CASE("the tasks of two jobs that ask at once share one fetch") {
  const Quiet quiet;
  Cluster cluster;
  ProgramReference one = cluster.submit(WEIR_NUMBERS, {"--count=5"});
  ProgramReference two = one;
  two.arguments = {"--count=6"};
  std::vector<ProgramPtr> programs(8);
  std::vector<Thread> threads;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    threads.emplace_back("task", [&, i] {
      auto program = cluster.cache->load(i % 2 == 0 ? one : two);
      if (program) programs[i] = *program;
    });
  }
  threads.clear();
  for (const ProgramPtr& program : programs) {
    REQUIRE(program != nullptr);
    CHECK(program->job_graph().name == "Numbers");
  }
  CHECK(cluster.streams->made == 1);
  CHECK(cluster.cached() == std::vector<std::string>{one.library + ".so"});
}

TEST_CASE("a library's file goes with the last who uses it, and is not fetched again") {
  const Quiet quiet;
  Cluster cluster;
  const ProgramReference numbers = cluster.submit(WEIR_NUMBERS, {"--count=5"});
  const ProgramReference grep = cluster.submit(WEIR_LINE_GREP, {"--input=/none", "--pattern=x"});
  auto first = cluster.load(numbers);
  auto second = cluster.load(numbers);
  const auto other = cluster.load(grep);
  CHECK(cluster.cached().size() == 2);
  first.reset();
  CHECK(cluster.cached().size() == 2);
  second.reset();
  CHECK(cluster.cached() == std::vector<std::string>{grep.library + ".so"});

  CHECK(cluster.load(numbers)->job_graph().name == "Numbers");
  CHECK(cluster.streams->made == 2);
}

TEST_CASE("a corrupted download is refused, leaves nothing, and the next one may succeed") {
  const Quiet quiet;
  Cluster cluster;
  const ProgramReference numbers = cluster.submit(WEIR_NUMBERS);
  const std::string whole = content_of(cluster.stored_path(numbers));
  std::string other = whole;
  other[other.size() / 2] ^= 1;
  cluster.disk.directory.file("blobs/" + numbers.library, other);

  const auto refused = cluster.cache->load(numbers);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().what.find(numbers.library) != std::string::npos);
  CHECK(cluster.cached().empty());
  CHECK_FALSE(cluster.store->contains(BlobKey::parse(numbers.library).value()));

  CHECK(cluster.submit(WEIR_NUMBERS) == numbers);  // the client puts it again
  CHECK(cluster.load(numbers)->job_graph().name == "Numbers");
}

TEST_CASE("what cannot be fetched is said in one line") {
  const Quiet quiet;
  Cluster cluster;
  ProgramReference numbers = cluster.submit(WEIR_NUMBERS);
  std::string expected;
  SUBCASE("a path instead of a key") {
    numbers.library = WEIR_NUMBERS;
    expected = "is no key of a blob";
  }
  SUBCASE("no such blob") {
    REQUIRE(cluster.store->remove(*BlobKey::parse(numbers.library)));
    expected = "there is no blob " + numbers.library;
  }
  SUBCASE("the blob server is gone") {
    cluster.server.reset();
    expected = "Connection refused";
  }
  SUBCASE("no blob server is known") {
    cluster.cache = *LibraryCache::make({.parent_directory = cluster.disk.directory.path("worker")});
    expected = "was told of no blob server";
  }
  const auto program = cluster.cache->load(numbers);
  REQUIRE_FALSE(program.has_value());
  CHECK_MESSAGE(program.error().what.find(expected) != std::string::npos, program.error().what);
  CHECK(program.error().what.find('\n') == std::string::npos);
  CHECK(cluster.cached().empty());
}

TEST_CASE("all who wait for a fetch that fails hear why") {
  const Quiet quiet;
  Cluster cluster;
  const ProgramReference numbers = cluster.submit(WEIR_NUMBERS);
  cluster.server.reset();
  std::atomic<int> refusals = 0;
  std::vector<Thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back("task", [&] {
      if (!cluster.cache->load(numbers)) ++refusals;
    });
  }
  threads.clear();
  CHECK(refusals == 8);
  CHECK(cluster.cached().empty());
}

TEST_CASE("a cache leaves no directory behind, even if a program outlives it") {
  const Quiet quiet;
  Cluster cluster;
  auto program = cluster.load(cluster.submit(WEIR_NUMBERS));
  const std::string directory = cluster.cache->directory();
  cluster.cache.reset();
  program.reset();
  CHECK_FALSE(std::filesystem::exists(directory));
}
