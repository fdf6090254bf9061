// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "memory/data_view.h"

namespace weir::wire {

namespace {

constexpr std::size_t kFailureHeadBytes = 16;

/// How long the body of a frame may be; nothing fits what is no frame.
struct Lengths {
  std::size_t least = 0;
  std::size_t most = 0;
};

Lengths lengths_of(Kind kind, std::uint32_t max_data_bytes) {
  switch (kind) {
    case Kind::Hello: return {76, 76};
    case Kind::PartitionRequest: return {52, 52};
    case Kind::Data: return {17, 16 + std::size_t{max_data_bytes}};
    case Kind::Event: return {36, 36 + StreamEvent::kMaxRootBytes};
    case Kind::AddCredit: return {12, 12};
    case Kind::Starving: return {8, 8};
    case Kind::Cancel: return {8, 8};
    case Kind::Failure: return {kFailureHeadBytes, kFailureHeadBytes + kMaxFailureText};
    case Kind::Close: return {0, 0};
    case Kind::Ping: return {0, 0};
  }
  return {1, 0};
}

Error broken(std::string what) {
  return {.code = ErrorCode::ProtocolBroken,
          .what = "the peer does not keep to the protocol: " + std::move(what),
          .blame = Blame::Environment};
}

/// Reads the fields of a body whose length has been checked; refuse() remembers that one makes no sense.
class BodyReader {
public:
  explicit BodyReader(std::span<const std::byte> body) : body_(body) {}

  template <class T>
  [[nodiscard]] T number() {
    const T value = load_raw<T>(body_.data());
    body_ = body_.subspan(sizeof(T));
    return value;
  }
  template <class IdType>
  [[nodiscard]] IdType id() {
    const auto high = number<std::uint64_t>();
    return {high, number<std::uint64_t>()};
  }
  [[nodiscard]] LinkToken token() {
    LinkToken token;
    std::memcpy(token.data(), body_.data(), token.size());
    body_ = body_.subspan(token.size());
    return token;
  }
  /// A choice of 0 to `last`.
  template <class Enum>
  [[nodiscard]] Enum choice(Enum last) {
    const auto value = number<std::uint8_t>();
    if (value > static_cast<std::uint8_t>(last)) refuse("an unknown choice");
    return static_cast<Enum>(value);
  }
  [[nodiscard]] bool flag() { return choice<std::uint8_t>(1) != 0; }
  template <class T>
  void reserved() {
    if (number<T>() != 0) refuse("a reserved byte is not 0");
  }
  [[nodiscard]] std::string text() {
    std::string text;
    for (const auto byte : body_) {
      const auto character = static_cast<char>(byte);
      const bool is_control = static_cast<unsigned char>(character) < 0x20 || character == 0x7f;
      text += is_control ? '?' : character;  // it will be printed
    }
    return text;
  }
  [[nodiscard]] std::size_t left() const { return body_.size(); }
  void refuse(std::string_view why) {
    if (refusal_.empty()) refusal_ = why;
  }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

private:
  std::span<const std::byte> body_;
  std::string refusal_;
};

Frame read_hello(BodyReader& in) {
  Hello hello;
  if (in.number<std::uint32_t>() != kHelloMagic) in.refuse("a hello that is none");
  hello.version = in.number<std::uint16_t>();
  if (hello.version != kVersion) {
    in.refuse("it speaks version " + std::to_string(hello.version) + ", we speak " +
              std::to_string(kVersion));
  }
  in.reserved<std::uint16_t>();
  hello.segment_bytes = in.number<std::uint32_t>();
  hello.cluster = in.id<ClusterId>();
  hello.node = in.id<TaskManagerId>();
  hello.token = in.token();
  return hello;
}

Frame read_partition_request(BodyReader& in) {
  PartitionRequest request;
  request.partition.data_set = in.id<IntermediateDataSetId>();
  request.partition.partition = in.number<std::uint32_t>();
  request.partition.producer = in.id<ExecutionAttemptId>();
  request.subpartition = in.number<std::uint32_t>();
  request.receiver = in.number<std::uint64_t>();
  request.credit = in.number<std::uint32_t>();
  if (request.credit > kMaxCredit) in.refuse("more credit than there is");
  return request;
}

Frame read_data(BodyReader& in, std::size_t body_bytes) {
  Data data;
  data.receiver = in.number<std::uint64_t>();
  data.sequence = in.number<std::uint32_t>();
  data.backlog_buffers = in.number<std::uint32_t>();
  data.bytes = static_cast<std::uint32_t>(body_bytes - (kDataHeadBytes - kHeaderBytes));
  return data;
}

Frame read_event(BodyReader& in) {
  Event frame;
  frame.receiver = in.number<std::uint64_t>();
  frame.sequence = in.number<std::uint32_t>();
  frame.backlog_buffers = in.number<std::uint32_t>();
  frame.event.kind = in.choice(StreamEvent::Kind::RoundMarker);
  if (frame.event.kind == StreamEvent::Kind::RoundMarker) {
    frame.event.is_quiet = in.flag();
    in.reserved<std::uint16_t>();
    frame.event.round = in.number<std::uint64_t>();
    frame.event.iteration = in.number<std::uint64_t>();
    if (!in.text().empty()) in.refuse("a round with a storage root");
    return frame;
  }
  frame.event.is_savepoint = in.flag();
  in.reserved<std::uint16_t>();
  frame.event.checkpoint_id = in.number<std::uint64_t>();
  frame.event.triggered_at = WallTime(std::chrono::milliseconds(in.number<std::int64_t>()));
  frame.event.storage_root = in.text();
  return frame;
}

Frame read_add_credit(BodyReader& in) {
  AddCredit frame;
  frame.receiver = in.number<std::uint64_t>();
  frame.credit = in.number<std::uint32_t>();
  if (frame.credit == 0 || frame.credit > kMaxCredit) in.refuse("credit of " + std::to_string(frame.credit));
  return frame;
}

Frame read_failure(BodyReader& in) {
  Failure frame;
  const bool has_receiver = in.flag();
  frame.error.blame = in.choice(Blame::Bug);
  frame.error.retry = in.choice(Retry::Now);
  in.reserved<std::uint8_t>();
  frame.error.code = static_cast<ErrorCode>(in.number<std::uint16_t>());
  in.reserved<std::uint16_t>();
  const auto receiver = in.number<std::uint64_t>();
  if (has_receiver) frame.receiver = receiver;
  else if (receiver != 0) in.refuse("a receiver that is none");
  frame.error.what = in.text();
  return frame;
}

Frame read_body(Kind kind, BodyReader& in, std::size_t body_bytes) {
  switch (kind) {
    case Kind::Hello: return read_hello(in);
    case Kind::PartitionRequest: return read_partition_request(in);
    case Kind::Data: return read_data(in, body_bytes);
    case Kind::Event: return read_event(in);
    case Kind::AddCredit: return read_add_credit(in);
    case Kind::Starving: return Starving{in.number<std::uint64_t>()};
    case Kind::Cancel: return Cancel{in.number<std::uint64_t>()};
    case Kind::Failure: return read_failure(in);
    case Kind::Close: return Close{};
    case Kind::Ping: break;
  }
  return Ping{};
}

struct Header {
  Kind kind = Kind::Close;
  std::size_t body_bytes = 0;

  /// What must be there before the frame can be read.
  [[nodiscard]] std::size_t head_bytes() const {
    return kind == Kind::Data ? kDataHeadBytes : kHeaderBytes + body_bytes;
  }
};

Result<Header> read_header(const std::byte* at, std::uint32_t max_data_bytes) {
  BodyReader in({at, kHeaderBytes});
  Header header;
  header.body_bytes = in.number<std::uint32_t>();
  if (in.number<std::uint16_t>() != kMagic) return broken("no frame begins like this");
  header.kind = static_cast<Kind>(in.number<std::uint8_t>());
  in.reserved<std::uint8_t>();
  if (!in.refusal().empty()) return broken(in.refusal());
  const auto lengths = lengths_of(header.kind, max_data_bytes);
  if (header.body_bytes < lengths.least || header.body_bytes > lengths.most) {
    return broken("a frame of kind " + std::to_string(static_cast<unsigned>(header.kind)) + " of " +
                  std::to_string(header.body_bytes) + " bytes");
  }
  return header;
}

}  // namespace

std::span<std::byte> FrameReader::room() {
  if (begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  // A data frame's head is the shortest thing after which record bytes may come.
  const auto needed = ahead_ == Ahead::Freely ? bytes_.size() : std::max(wanted_, kDataHeadBytes);
  return {bytes_.data() + end_, needed - end_};
}

void FrameReader::filled(std::size_t bytes) { end_ += bytes; }

Result<std::optional<Frame>> FrameReader::next() {
  const auto* at = bytes_.data() + begin_;
  const auto size = end_ - begin_;
  wanted_ = kHeaderBytes;
  if (size < wanted_) return std::optional<Frame>();
  const auto header = read_header(at, max_data_bytes_);
  if (!header) return header.error();
  wanted_ = header->head_bytes();
  if (size < wanted_) return std::optional<Frame>();

  BodyReader in({at + kHeaderBytes, wanted_ - kHeaderBytes});
  std::optional<Frame> frame = read_body(header->kind, in, header->body_bytes);
  if (!in.refusal().empty()) return broken(in.refusal());
  begin_ += std::exchange(wanted_, kHeaderBytes);
  return frame;
}

std::size_t FrameReader::take_payload(std::span<std::byte> into) {
  const auto bytes = std::min(into.size(), end_ - begin_);
  if (bytes != 0) std::memcpy(into.data(), bytes_.data() + begin_, bytes);
  begin_ += bytes;
  return bytes;
}

}  // namespace weir::wire
