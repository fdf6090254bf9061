// SPDX-License-Identifier: Apache-2.0
// What a peer can say to a server: a hello, right or wrong, and then anything in any order. The link lives on
// or is closed, and what the server answers always keeps to the protocol: to strangers nothing but a refusal,
// to peers streams in order, and no buffer without credit.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "memory/network_buffer_pool.h"
#include "network/partition_registry.h"
#include "network/result_partition.h"
#include "network/tcp/server_link.h"
#include "test/fuzz/target.h"
#include "test/fuzz/wire_frames.h"

namespace {

using namespace weir;

constexpr std::uint32_t kBuffers = 4;
constexpr std::uint32_t kSubpartitions = 2;
const ResultPartitionId kPartition{.data_set = {1, 1}, .partition = 0, .producer = {1, 1}};

LinkOptions link_options() {
  return {.identity = LinkIdentity{.cluster = {7, 7}, .node = {1, 1}, .token = {std::byte{42}}},
          .segment_bytes = kMinSegmentBytes};
}

/// A worker with a partition of a few buffers, and nothing else.
struct Server {
  Server() { WEIR_CHECK(io.start(), "there are descriptors"); }
  ~Server() {
    registry.close();
    io.stop();
  }
  void fill() {
    const auto partition = std::make_shared<ResultPartition>(kPartition, kSubpartitions,
                                                             *memory.create_pool(kSubpartitions));
    for (std::uint32_t i = 0; i < kSubpartitions * kBuffers; ++i) {
      auto builder = partition->request_builder(i % kSubpartitions);
      partition->finish_builder(i % kSubpartitions, std::move(*builder), 1 + i);
    }
    partition->finish();
    registry.add(partition);
  }

  NetworkBufferPool memory{kSubpartitions * kBuffers, kMinSegmentBytes};
  PartitionRegistry registry;
  IoLoop io{"fuzz-io"};
  const std::shared_ptr<const LinkOptions> options = std::make_shared<LinkOptions>(link_options());
  const std::shared_ptr<LinkCounts> counts = std::make_shared<LinkCounts>();
};

/// What the peer may be sent, from what it has said.
struct Granted {
  std::uint64_t credit = 0;
  std::uint32_t sequence = 0;
};
using Grants = std::unordered_map<std::uint64_t, Granted>;

/// What the peer says: choices taken from the input, one after the other, 0 when there are none left.
class Script {
public:
  explicit Script(std::span<const std::byte> input) : input_(input) {}
  [[nodiscard]] bool is_over() const { return input_.empty(); }
  [[nodiscard]] const Grants& grants() const { return grants_; }
  std::uint8_t byte() {
    if (input_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(input_.front());
    input_ = input_.subspan(1);
    return first;
  }
  wire::Frame frame() {
    const std::uint64_t receiver = 1 + byte() % 4;
    switch (byte() % 10) {
      case 0:
      case 1:
      case 2: return request();
      case 3:
      case 4:
      case 5: return credit(receiver);
      case 6: return wire::Starving{receiver};
      case 7: return wire::Cancel{receiver};
      case 8: return wire::Ping{};
      default: return goodbye();
    }
  }

private:
  wire::Frame request() {
    auto partition = kPartition;
    if (byte() % 8 == 0) partition.partition = 9;  // nobody has it
    const std::uint32_t credit = byte() % 8;
    grants_[++requested_].credit += credit;
    return wire::PartitionRequest{partition, byte() % (kSubpartitions + 1), requested_, credit};
  }
  wire::Frame credit(std::uint64_t receiver) {
    const std::uint32_t credit = byte() % 8 == 7 ? wire::kMaxCredit : 1;
    grants_[receiver].credit += credit;
    return wire::AddCredit{receiver, credit};
  }
  wire::Frame goodbye() {
    switch (byte() % 8) {
      case 0: return wire::Close{};
      case 1: return wire::Failure{.error = {.what = "x"}};
      case 2: return wire::Event{};  // which a reader may not say
      default: return wire::Ping{};
    }
  }

  std::span<const std::byte> input_;
  std::uint64_t requested_ = 0;
  Grants grants_;
};

void check(const wire::Frame& frame, Grants& grants, bool is_greeted) {
  if (!is_greeted) return WEIR_CHECK(std::holds_alternative<wire::Failure>(frame), "a stranger is refused");
  if (const auto* data = std::get_if<wire::Data>(&frame)) {
    auto& grant = grants[data->receiver];
    WEIR_CHECK(grant.credit-- > 0, "a server sends no buffer without credit");
    WEIR_CHECK(data->sequence == grant.sequence++, "a server sends buffers in order");
  } else if (const auto* event = std::get_if<wire::Event>(&frame)) {
    WEIR_CHECK(event->sequence == grants[event->receiver].sequence++, "a server sends events in order");
  }
}

/// Reads what the server says until it hangs up, or with some patience is silent.
void check_answers(int socket, Grants grants, bool is_greeted, bool has_patience) {
  wire::FrameReader reader(kMinSegmentBytes, wire::FrameReader::Ahead::Freely);
  std::byte scrap[kMinSegmentBytes];
  for (std::size_t payload = 0;;) {
    payload -= reader.take_payload({scrap, payload});
    if (payload == 0) {
      const auto frame = reader.next();
      WEIR_CHECK(frame.has_value(), "a server keeps to the protocol");
      if (*frame) {
        check(**frame, grants, is_greeted);
        if (const auto* data = std::get_if<wire::Data>(&**frame)) payload = data->bytes;
        continue;
      }
    }
    pollfd answer{.fd = socket, .events = POLLIN};
    if (has_patience && ::poll(&answer, 1, /*milliseconds=*/1) == 0) return;
    const auto room = reader.room();
    const auto got = ::recv(socket, room.data(), room.size(), 0);
    if (got <= 0) return;
    reader.filled(static_cast<std::size_t>(got));
  }
}

void say(int socket, std::span<const std::byte> bytes) {
  (void)::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}
void say(int socket, const wire::Frame& frame) { say(socket, wire::encode(frame).bytes()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  log::set_level(log::Level::Off);  // each refusal would be a line
  Server server;
  server.fill();
  int ends[2];
  WEIR_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "there are sockets");
  const Descriptor ours(ends[0]);
  WEIR_CHECK(::fcntl(ours.number(), F_SETFL, 0) == 0, "our end waits");
  const auto link = std::make_shared<ServerLink>(server.io, server.registry, server.options, server.counts,
                                                 make_plain_stream(Descriptor(ends[1])), "fuzz");
  server.io.wake(*link);
  Script script(std::as_bytes(std::span(data, std::min<std::size_t>(bytes, 500))));
  const bool has_patience = script.byte() % 4 == 0;
  const auto where = script.byte();
  const auto hello = fuzz::hello_like(hello_of(*server.options), where, script.byte());
  say(ours.number(), hello.bytes);
  while (!script.is_over()) say(ours.number(), script.frame());
  if (!has_patience) (void)::shutdown(ours.number(), SHUT_WR);
  check_answers(ours.number(), script.grants(), hello.is_right, has_patience);
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  // Both subpartitions, with credit for some, then for the rest; one that nobody has; a goodbye.
  const std::string both("\0\0\0\0\0\1\3\0\0\0\1\3\1", 13);
  const std::string more("\0\3\0\1\3\0\0\3\0\1\3\0\0\6\1\6", 16);
  const std::string unknown("\0\0\2\0\2\7\0\0\1\1\0", 11);
  const std::string wrong_token("\0\100\1\0\0\0\1\3\1", 9);
  return {both, both + more, both + unknown + more, both + std::string("\1\7\0\11\0", 5), wrong_token};
}
