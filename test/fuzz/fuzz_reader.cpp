// SPDX-License-Identifier: Apache-2.0
// What a server can say to a worker that reads from it: a hello, right or wrong, and then anything in any
// order. What is read is what was said before the first word that breaks the rules, and no more of it than
// there is room for.
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "base/log.h"
#include "memory/network_buffer_pool.h"
#include "network/remote_inbox.h"
#include "network/tcp/client_link.h"
#include "network/tcp/waiting_stream.h"
#include "test/fuzz/target.h"
#include "test/fuzz/wire_frames.h"

namespace {

using namespace weir;

constexpr std::uint32_t kSegments = 3;
constexpr std::size_t kMostBytes = 500;

LinkOptions link_options() {
  return {.identity = LinkIdentity{.cluster = {7, 7}, .node = {1, 1}, .token = {std::byte{42}}},
          .segment_bytes = kMinSegmentBytes};
}

/// Where all servers listen.
const Descriptor& listener() {
  static const Descriptor socket = [] {
    auto listening = listen_at(*SocketAddress::resolve("127.0.0.1", 0));
    WEIR_CHECK(listening, "there are ports");
    return *std::move(listening);
  }();
  return socket;
}

/// A worker with memory for one stream.
struct Worker {
  Worker() { WEIR_CHECK(io.start(), "there are descriptors"); }
  ~Worker() { io.stop(); }

  NetworkBufferPool memory{kSegments, kMinSegmentBytes};
  IoLoop io{"fuzz-io"};
};

std::string text_of(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) text += static_cast<char>(b);
  return text;
}

/// One stream from one server, and the task that reads it.
class Reading final : private ConnectionProvider, private DataListener {
public:
  explicit Reading(Worker& worker)
      : link_(std::make_shared<ClientLink>(worker.io, std::make_shared<LinkOptions>(link_options()),
                                           *address_of(listener()), "fuzz")),
        inbox_(std::make_shared<RemoteInbox>(
            RemoteBuffers{.exclusive = *worker.memory.create_pool(kSegments, kSegments), .floating = {}})) {
    inbox_->open(*this, {}, *this, 0);
  }
  ~Reading() override {
    inbox_->release();
    link_->abandon({.code = ErrorCode::Closed, .what = "read"});
  }

  /// All that comes up to the end or a failure: bytes, or the id of a barrier.
  std::vector<std::string> read_all() {
    std::vector<std::string> all;
    for (;;) {
      BufferOrEvent next;
      switch (inbox_->poll(next).kind) {
        case Polled::Kind::Failed: return all;
        case Polled::Kind::Empty: bell_.await(); break;
        case Polled::Kind::Data:
          if (!next.event) {
            all.push_back(text_of(next.buffer.bytes()));
          } else {
            all.push_back("#" + std::to_string(next.event->checkpoint_id));
            if (next.event->kind == StreamEvent::Kind::EndOfPartition) return all;
          }
      }
    }
  }

private:
  std::shared_ptr<PartitionConnection> open(const RemotePartition& wanted, std::uint32_t credit,
                                            std::shared_ptr<PartitionReceiver> receiver) override {
    return link_->open(wanted, credit, std::move(receiver));
  }
  void on_data(std::uint32_t) override { bell_.ring(); }

  Bell bell_;
  const std::shared_ptr<ClientLink> link_;
  const std::shared_ptr<RemoteInbox> inbox_;
};

/// What the server says, from the input, and what of it may be read.
class Script {
public:
  Script(std::span<const std::byte> input, int socket) : input_(input), socket_(socket) {}

  void play() {
    const auto where = byte();
    const auto hello = fuzz::hello_like(hello_of(link_options()), where, byte());
    say(hello.bytes);
    is_sound_ = hello.is_right;
    while (!input_.empty()) say_next();
  }
  /// What was said before the first word that breaks the rules.
  [[nodiscard]] const std::vector<std::string>& sound() const { return sound_; }
  /// Said more that may have happened to be right.
  [[nodiscard]] bool was_raw() const { return was_raw_; }

private:
  std::uint8_t byte() {
    if (input_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(input_.front());
    input_ = input_.subspan(1);
    return first;
  }
  void say(std::span<const std::byte> bytes) {
    (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  void say(const wire::Frame& frame) { say(wire::encode(frame).bytes()); }

  void say_next() {
    switch (byte() % 8) {
      case 0:
      case 1: return say_data();
      case 2: return say_event(StreamEvent::Kind::CheckpointBarrier);
      case 3:
        for (int i = byte() * 2; i > 0; --i) say_event(StreamEvent::Kind::CancelCheckpointMarker);
        return;
      case 4: return say_event(StreamEvent::Kind::EndOfPartition);
      case 5: return say(wire::Ping{});
      case 6: return say_wrong();
      default: return say_raw();
    }
  }
  void say_data() {
    const auto shape = byte();
    const std::string text(shape % 100 + 1, static_cast<char>('a' + sequence_ % 26));
    say(wire::Data{.receiver = 1,
                   .sequence = next_sequence(shape),
                   .bytes = static_cast<std::uint32_t>(text.size())});
    say(std::as_bytes(std::span(text)));
    if (is_sound_) sound_.push_back(text);
  }
  void say_event(StreamEvent::Kind kind) {
    const auto id = sequence_;
    say(wire::Event{.receiver = 1,
                    .sequence = next_sequence(0),
                    .event = {.kind = kind,
                              .checkpoint_id = kind == StreamEvent::Kind::EndOfPartition ? 0 : id}});
    if (!is_sound_) return;
    sound_.push_back("#" + std::to_string(kind == StreamEvent::Kind::EndOfPartition ? 0 : id));
    if (kind == StreamEvent::Kind::EndOfPartition) is_sound_ = false;
  }
  void say_wrong() {
    is_sound_ = false;
    switch (byte() % 5) {
      case 0: return say(wire::AddCredit{.receiver = 1, .credit = 1});
      case 1: return say(wire::Data{.receiver = 2, .bytes = 1});
      case 2: return say(hello_of(link_options()));
      case 3: return say(wire::Failure{.receiver = 1, .error = {.what = "x"}});
      default: return say(wire::Close{});
    }
  }
  void say_raw() {
    is_sound_ = false;
    was_raw_ = true;
    const std::size_t wanted = byte() % 64;
    const auto bytes = input_.first(std::min(input_.size(), wanted));
    say(bytes);
    input_ = input_.subspan(bytes.size());
  }
  std::uint32_t next_sequence(std::uint8_t shape) {
    if (shape < 250) return sequence_++;
    is_sound_ = false;
    return sequence_ + shape;
  }

  std::span<const std::byte> input_;
  const int socket_;
  std::uint32_t sequence_ = 0;
  bool is_sound_ = true;
  bool was_raw_ = false;
  std::vector<std::string> sound_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  log::set_level(log::Level::Off);  // each failure would be a line
  Worker worker;
  Reading reading(worker);
  const auto accepted = await_accepted(listener(), SystemClock{}.now() + 10s);
  WEIR_CHECK(accepted && *accepted, "a reader connects");
  const int socket = (*accepted)->socket.number();
  Script script(std::as_bytes(std::span(data, std::min(bytes, kMostBytes))), socket);
  script.play();
  (void)::shutdown(socket, SHUT_WR);
  const auto read = reading.read_all();
  const auto& said = script.sound();
  WEIR_CHECK(read.size() <= said.size() || script.was_raw(), "no more is read than was said");
  const auto both = static_cast<std::ptrdiff_t>(std::min(read.size(), said.size()));
  WEIR_CHECK(std::equal(read.begin(), read.begin() + both, said.begin()), "what is read is what was said");
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  const std::string stream("\0\0\0\12\1\20\2\5\0\30\4", 11);
  const std::string events("\0\0\2\3\377\3\377\3\377\0\1\4", 12);
  const std::string wrong_token("\100\1\0\12\4", 5);
  const std::string out_of_turn("\0\0\0\12\0\377\4", 7);
  return {stream, events, wrong_token, out_of_turn, stream + std::string("\0\1", 2)};
}
