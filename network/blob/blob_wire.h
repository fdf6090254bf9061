// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "network/blob/blob_key.h"
#include "network/tcp/link_identity.h"

/// What a client and the blob server say to each other. docs/blobs.md tells who says what when.
///
///   Hello    'WBLB' 4 | version 2 | 0 2 | cluster 16 | token 32                       numbers: little endian
///   Request  kind 1 | 0 7 | key 32 | blob bytes 8                                     ids: high, low word
///   Reply    kind 1 | blame 1 | retry 1 | 0 1 | code 2 | text bytes 2 | blob bytes 8 | text, <= 512
///
/// Pure. All lengths are fixed but that of a refusal's text. Reserved bytes must be 0, choices must be known,
/// and a field that says nothing about its kind must be 0: what is not exactly as drawn is refused.
namespace weir::blob_wire {

inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::size_t kHelloBytes = 56;
inline constexpr std::size_t kRequestBytes = 48;
inline constexpr std::size_t kReplyBytes = 16;
inline constexpr std::size_t kMaxRefusalText = 512;

/// The first words of a client.
struct Hello {
  ClusterId cluster;
  LinkToken token{};
  bool operator==(const Hello&) const = default;
};

struct Request {
  enum class Kind : std::uint8_t {
    Put = 1,  // I have this blob
    Get,      // give me this blob
  };
  Kind kind = Kind::Put;
  BlobKey key;
  std::uint64_t blob_bytes = 0;  // Put: > 0
  bool operator==(const Request&) const = default;
};

struct Reply {
  enum class Kind : std::uint8_t {
    Welcome = 1,  // to hello
    Send,         // to Put: the bytes, please
    Present,      // to Put: it is here already
    Stored,       // to the bytes
    Found,        // to Get: its bytes follow
    Refused,      // to anything; after a hello or what is no request it is the last word
  };
  Kind kind = Kind::Welcome;
  std::uint64_t blob_bytes = 0;  // Found: > 0
  Error error;                   // Refused; `what` is cut at kMaxRefusalText
  bool operator==(const Reply&) const = default;
};

/// A reply as far as its length is fixed.
struct ReplyHead {
  Reply reply;
  std::size_t text_bytes = 0;  // of the error's text, which follows
  bool operator==(const ReplyHead&) const = default;
};

[[nodiscard]] std::array<std::byte, kHelloBytes> encode(const Hello& hello);
[[nodiscard]] std::array<std::byte, kRequestBytes> encode(const Request& request);
[[nodiscard]] std::string encode(const Reply& reply);

// Errors: ProtocolBroken.
[[nodiscard]] Result<Hello> decode_hello(std::span<const std::byte, kHelloBytes> bytes);
[[nodiscard]] Result<Request> decode_request(std::span<const std::byte, kRequestBytes> bytes);
[[nodiscard]] Result<ReplyHead> decode_reply(std::span<const std::byte, kReplyBytes> bytes);
/// Completes a refusal. Control characters become '?': it will be printed.
[[nodiscard]] Reply with_text(ReplyHead head, std::span<const std::byte> text);

}  // namespace weir::blob_wire
