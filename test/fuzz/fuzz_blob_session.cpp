// SPDX-License-Identifier: Apache-2.0
// What a client can say to the blob server: a hello, right or wrong, and then requests and blobs, whole,
// changed or cut off. What is stored afterwards is what was sent under its own hash; nothing else is left.
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/log.h"
#include "network/blob/blob_session.h"
#include "network/blob/blob_store.h"
#include "test/fuzz/target.h"

namespace {

using namespace weir;
using namespace weir::blob_wire;

constexpr std::uint64_t kMaxBlobBytes = 64;
constexpr std::size_t kMostBytes = 500;

BlobLinkOptions link_options() {
  return {.identity = LinkIdentity{.cluster = {7, 7}, .node = {}, .token = {std::byte{42}}}};
}

BlobKey key_of(std::span<const std::byte> blob) {
  Sha256 digest;
  digest.add(blob);
  return {digest.finish()};
}

/// A store in memory where there is such a thing, since each blob is written through to the disk.
class Store {
public:
  Store() {
    std::string pattern =
        std::filesystem::is_directory("/dev/shm") ? "/dev/shm/weir-fuzz-XXXXXX" : "/tmp/weir-fuzz-XXXXXX";
    WEIR_CHECK(::mkdtemp(pattern.data()) != nullptr, "there is room for files");
    directory_ = pattern;
    auto opened = BlobStore::open({.directory = directory_, .max_blob_bytes = kMaxBlobBytes}, files_);
    WEIR_CHECK(opened, "a new directory can be opened");
    store_ = *std::move(opened);
  }
  ~Store() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  BlobStore& operator*() { return *store_; }

  /// Checks that the files are the blobs that the store knows, each of its name.
  void check() const {
    std::set<std::string> names;
    for (const BlobKey& key : store_->keys()) names.insert(key.hex());
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      const auto name = file.path().filename().string();
      WEIR_CHECK(names.erase(name) == 1, "a file is left that is no blob");
      WEIR_CHECK(*sha256_of_file(file.path()) == name, "a blob is what its name says");
    }
    WEIR_CHECK(names.empty(), "a blob is there that has no file");
  }
  void clear() {
    for (const BlobKey& key : store_->keys()) WEIR_CHECK(store_->remove(key), "what is there can be removed");
  }

private:
  LocalFileSystem files_;
  std::string directory_;
  std::unique_ptr<BlobStore> store_;
};

/// The client's words, from the input.
class Script {
public:
  explicit Script(std::span<const std::byte> input) : input_(input) {}

  std::string words() {
    hello();
    while (!input_.empty()) request();
    return std::move(words_);
  }

private:
  std::uint8_t byte() {
    if (input_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(input_.front());
    input_ = input_.subspan(1);
    return first;
  }
  void say(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) words_ += static_cast<char>(b);
  }
  void hello() {
    auto bytes = encode(hello_of(link_options().identity));
    const auto at = byte() % bytes.size();
    bytes[at] ^= std::byte{byte()};
    say(bytes);
  }
  void request() {
    const auto kind = byte() % 8;
    const std::size_t blob_bytes = byte() % (kMaxBlobBytes + 8);
    const std::vector<std::byte> blob(blob_bytes, std::byte{byte()});
    if (kind == 7) return say(blob);  // whatever it means
    Request request{.kind = kind < 5 ? Request::Kind::Put : Request::Kind::Get, .key = key_of(blob)};
    if (kind == 4) request.key.digest[0] ^= std::byte{1};
    if (request.kind == Request::Kind::Put) request.blob_bytes = blob.size();
    say(encode(request));
    if (kind < 4) say(blob);
    else if (kind == 4) say(std::span(blob).first(blob.size() / 2));
  }

  std::span<const std::byte> input_;
  std::string words_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  log::set_level(log::Level::Off);
  static Store store;
  int ends[2];
  WEIR_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "there are sockets");
  const Descriptor client(ends[0]);
  const std::string words = Script(std::as_bytes(std::span(data, std::min(bytes, kMostBytes)))).words();
  (void)::send(client.number(), words.data(), words.size(), MSG_NOSIGNAL);
  (void)::shutdown(client.number(), SHUT_WR);
  const auto options = link_options();
  BlobSession session(make_blob_stream(Descriptor(ends[1]), StreamSide::Server, options, nullptr), options,
                      *store, nullptr);
  const Status ended = session.run();
  WEIR_CHECK(ended || !ended.error().what.empty(), "an end has a reason");
  store.check();
  store.clear();
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  const std::string hello("\0\0", 2);
  const std::string put("\0\12a", 3);
  const std::string wrong_key("\4\20b", 3);
  const std::string get("\5\12a", 3);
  const std::string too_large("\0\107c", 3);
  return {hello + put + get,    hello + put + put,  hello + wrong_key,
          hello + too_large + put, hello + get + put, std::string("\50\1", 2) + put};
}
