// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "network/remote_channel.h"
#include "network/tcp/data_client.h"
#include "network/tcp/data_server.h"
#include "network/tcp/frame.h"
#include "test/unit/network/exchange.h"

// Workers that exchange over loopback, in one process.
namespace weir::exchange {

inline LinkOptions link_options() {
  return {.identity = LinkIdentity{.cluster = {7, 7}, .node = {1, 1}, .token = {std::byte{42}}},
          .segment_bytes = Worker::kSegmentBytes};
}

/// A worker with its data server and its links to others.
struct Node {
  explicit Node(const LinkOptions& options = link_options(), std::uint32_t segments = 256)
      : worker(segments), server(io, worker.registry, options), client(io, options) {}
  ~Node() { io.stop(); }

  void listen() {
    auto bound = server.listen("127.0.0.1", 0);
    REQUIRE(bound.has_value());
    address = *bound;
  }

  std::unique_ptr<InputChannel> channel_to(const Node& other, std::uint32_t producer,
                                           std::uint32_t subpartition,
                                           const std::shared_ptr<LocalBufferPool>& floating,
                                           std::uint32_t exclusive = 2) {
    auto own = worker.memory.create_pool(exclusive, exclusive);
    REQUIRE(own.has_value());
    return std::make_unique<RemoteInputChannel>(
        client,
        RemotePartition{
            .address = other.address, .partition = worker.id(producer), .subpartition = subpartition},
        RemoteBuffers{.exclusive = *own, .floating = floating});
  }
  /// A gate here that reads `subpartition` of the partitions 0 to `producers` - 1 there, and has asked.
  std::unique_ptr<InputGate> open_gate(const Node& other, std::uint32_t producers, std::uint32_t subpartition,
                                       Bell& bell, std::uint32_t floating = 4) {
    const auto shared = floating == 0 ? nullptr : *worker.memory.create_pool(0, floating);
    std::vector<std::unique_ptr<InputChannel>> channels;
    for (std::uint32_t i = 0; i < producers; ++i) {
      channels.push_back(channel_to(other, i, subpartition, shared));
    }
    auto gate = std::make_unique<InputGate>(std::move(channels), bell);
    gate->request_partitions();
    return gate;
  }

  Worker worker;
  IoLoop io{"test-io"};
  DataServer server;
  DataClient client;
  std::string address;
};

/// Reads until something other than "empty" is read.
inline std::string await_read(InputGate& gate, Bell& bell) {
  for (;;) {
    auto got = read(gate);
    if (got != "empty") return got;
    REQUIRE(bell.await_until(much_later()));
  }
}

/// Until another thread has made it true. For what nobody rings a bell for.
template <class Condition>
void await(Condition condition) {
  const auto deadline = much_later();
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

/// A stranger at one end of a link: says what it likes.
class RawPeer {
public:
  explicit RawPeer(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto where =
        loopback(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    REQUIRE(::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
  }
  explicit RawPeer(Descriptor connected) : socket_(std::move(connected)) {}
  void say(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return;  // it was hung up on
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  void say(const wire::Frame& frame) { say(wire::encode(frame).bytes()); }
  void stop_talking() { (void)::shutdown(socket_.number(), SHUT_WR); }
  /// What the server says until it hangs up.
  std::string hear() {
    std::string all;
    char part[1024];
    for (;;) {
      const auto got = ::recv(socket_.number(), part, sizeof part, 0);
      if (got <= 0) return all;
      all.append(part, static_cast<std::size_t>(got));
    }
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return where;
  }

private:
  const Descriptor socket_;
};

/// A port at which nobody accepts: the system takes connections, and that is all that ever happens.
class SilentListener {
public:
  SilentListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto where = RawPeer::loopback(0);
    socklen_t size = sizeof where;
    REQUIRE(::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&where), size) == 0);
    REQUIRE(::getsockname(socket_.number(), reinterpret_cast<sockaddr*>(&where), &size) == 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
  }
  void listen() { REQUIRE(::listen(socket_.number(), 8) == 0); }
  /// Nobody listens there as long as listen() was not called: connections are refused.
  const std::string& address() const { return address_; }
  /// The next connection, once somebody listens.
  Descriptor accept() const {
    Descriptor connected(::accept(socket_.number(), nullptr, nullptr));
    REQUIRE(connected.is_open());
    return connected;
  }

private:
  const Descriptor socket_;
  std::string address_;
};

/// Streams that move a few bytes at a time, so that every frame is cut everywhere.
class ShreddedStreams final : public StreamFactory {
public:
  explicit ShreddedStreams(unsigned seed) : seed_(seed) {}
  std::unique_ptr<ByteStream> wrap(Descriptor connected, StreamSide) override {
    return std::make_unique<Stream>(make_plain_stream(std::move(connected)), seed_++);
  }

private:
  class Stream final : public ByteStream {
  public:
    Stream(std::unique_ptr<ByteStream> whole, unsigned seed) : whole_(std::move(whole)), random_(seed) {}
    Result<Progress> read(std::span<const Room> into) override {
      const Room some = into.front().first(std::min(into.front().size(), step()));
      return whole_->read({&some, 1});
    }
    Result<Progress> write(std::span<const Piece> from) override {
      const Piece some = from.front().first(std::min(from.front().size(), step()));
      return whole_->write({&some, 1});
    }
    int descriptor() const override { return whole_->descriptor(); }

  private:
    std::size_t step() { return random_() % 4 == 0 ? 1 + random_() % 3000 : 1 + random_() % 40; }
    const std::unique_ptr<ByteStream> whole_;
    std::mt19937 random_;
  };

  std::atomic<unsigned> seed_;
};

}  // namespace weir::exchange
