// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_wire.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "memory/data_view.h"

namespace weir::blob_wire {

namespace {

constexpr std::uint32_t kMagic = 'W' | 'B' << 8 | 'L' << 16 | 'B' << 24;

/// Writes fields one behind the other.
class FieldWriter {
public:
  explicit FieldWriter(std::byte* at) : at_(at) {}
  template <class T>
  void number(T value) {
    at_ = store_raw(at_, value);
  }
  template <std::size_t kBytes>
  void bytes(const std::array<std::byte, kBytes>& from) {
    at_ = std::copy(from.begin(), from.end(), at_);
  }
  void zeros(std::size_t count) { at_ = std::fill_n(at_, count, std::byte{0}); }

private:
  std::byte* at_;
};

/// Reads them again, and remembers whether one makes no sense.
class FieldReader {
public:
  explicit FieldReader(const std::byte* at) : at_(at) {}
  template <class T>
  [[nodiscard]] T number() {
    const T value = load_raw<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  template <std::size_t kBytes>
  void bytes(std::array<std::byte, kBytes>& to) {
    std::copy_n(at_, kBytes, to.begin());
    at_ += kBytes;
  }
  void zeros(std::size_t count) {
    require(std::all_of(at_, at_ + count, [](std::byte byte) { return byte == std::byte{0}; }));
    at_ += count;
  }
  template <class Enum>
  [[nodiscard]] Enum choice(Enum first, Enum last) {
    const auto value = number<Enum>();
    require(value >= first && value <= last);
    return value;
  }
  void require(bool condition) { is_sound_ = is_sound_ && condition; }
  [[nodiscard]] bool is_sound() const { return is_sound_; }

private:
  const std::byte* at_;
  bool is_sound_ = true;
};

Error broken(std::string_view what) {
  return {.code = ErrorCode::ProtocolBroken,
          .what = "the peer does not speak the blob protocol: " + std::string(what),
          .blame = Blame::Environment};
}

}  // namespace

std::array<std::byte, kHelloBytes> encode(const Hello& hello) {
  std::array<std::byte, kHelloBytes> bytes;
  FieldWriter out(bytes.data());
  out.number(kMagic);
  out.number(kVersion);
  out.zeros(2);
  out.number(hello.cluster.high);
  out.number(hello.cluster.low);
  out.bytes(hello.token);
  return bytes;
}

Result<Hello> decode_hello(std::span<const std::byte, kHelloBytes> bytes) {
  FieldReader in(bytes.data());
  if (in.number<std::uint32_t>() != kMagic) return broken("its hello is none");
  if (const auto version = in.number<std::uint16_t>(); version != kVersion) {
    return broken("it speaks version " + std::to_string(version) + " and we speak " +
                  std::to_string(kVersion));
  }
  in.zeros(2);
  Hello hello;
  hello.cluster.high = in.number<std::uint64_t>();
  hello.cluster.low = in.number<std::uint64_t>();
  in.bytes(hello.token);
  if (!in.is_sound()) return broken("its hello is none");
  return hello;
}

std::array<std::byte, kRequestBytes> encode(const Request& request) {
  std::array<std::byte, kRequestBytes> bytes;
  FieldWriter out(bytes.data());
  out.number(request.kind);
  out.zeros(7);
  out.bytes(request.key.digest);
  out.number(request.blob_bytes);
  return bytes;
}

Result<Request> decode_request(std::span<const std::byte, kRequestBytes> bytes) {
  FieldReader in(bytes.data());
  Request request;
  request.kind = in.choice(Request::Kind::Put, Request::Kind::Get);
  in.zeros(7);
  in.bytes(request.key.digest);
  request.blob_bytes = in.number<std::uint64_t>();
  in.require((request.kind == Request::Kind::Put) == (request.blob_bytes > 0));
  if (!in.is_sound()) return broken("its request is none");
  return request;
}

std::string encode(const Reply& reply) {
  const bool is_refusal = reply.kind == Reply::Kind::Refused;
  const auto text = is_refusal ? std::string_view(reply.error.what).substr(0, kMaxRefusalText) : "";
  std::array<std::byte, kReplyBytes> head;
  FieldWriter out(head.data());
  out.number(reply.kind);
  out.number(is_refusal ? reply.error.blame : Blame{});
  out.number(is_refusal ? reply.error.retry : Retry{});
  out.zeros(1);
  out.number(is_refusal ? reply.error.code : ErrorCode{});
  out.number(static_cast<std::uint16_t>(text.size()));
  out.number(reply.blob_bytes);
  std::string bytes(kReplyBytes, '\0');
  std::memcpy(bytes.data(), head.data(), head.size());
  return bytes.append(text);
}

Result<ReplyHead> decode_reply(std::span<const std::byte, kReplyBytes> bytes) {
  FieldReader in(bytes.data());
  ReplyHead head;
  Reply& reply = head.reply;
  reply.kind = in.choice(Reply::Kind::Welcome, Reply::Kind::Refused);
  reply.error.blame = in.choice(Blame::User, Blame::Bug);
  reply.error.retry = in.choice(Retry::Never, Retry::Now);
  in.zeros(1);
  reply.error.code = static_cast<ErrorCode>(in.number<std::uint16_t>());
  head.text_bytes = in.number<std::uint16_t>();
  reply.blob_bytes = in.number<std::uint64_t>();
  in.require(head.text_bytes <= kMaxRefusalText);
  in.require((reply.kind == Reply::Kind::Found) == (reply.blob_bytes > 0));
  if (reply.kind != Reply::Kind::Refused) {
    in.require(reply.error.blame == Blame{} && reply.error.retry == Retry{});
    in.require(reply.error.code == ErrorCode{} && head.text_bytes == 0);
    reply.error = {};
  }
  if (!in.is_sound()) return broken("its reply is none");
  return head;
}

Reply with_text(ReplyHead head, std::span<const std::byte> text) {
  for (const std::byte byte : text) {
    const auto character = std::to_integer<unsigned char>(byte);
    const bool is_control = character < 0x20 || character == 0x7f;
    head.reply.error.what += is_control ? '?' : static_cast<char>(character);
  }
  return std::move(head.reply);
}

}  // namespace weir::blob_wire
