// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_wire.h"

#include <algorithm>

#include "test/unit/network/blob/blobs.h"

using namespace weir;
using namespace weir::blob_wire;
using weir::testing::bytes_of;
using weir::testing::key_of;

namespace {

ReplyHead head_of(const std::string& reply) {
  auto head = decode_reply(bytes_of(reply).first<kReplyBytes>());
  REQUIRE_MESSAGE(head.has_value(), head.error().what);
  return *head;
}

Reply read_again(const Reply& reply) {
  const std::string bytes = encode(reply);
  const auto head = head_of(bytes);
  CHECK(bytes.size() == kReplyBytes + head.text_bytes);
  return with_text(head, bytes_of(bytes).subspan(kReplyBytes));
}

}  // namespace

TEST_CASE("what is written is read as itself") {
  Hello hello{.cluster = {1, 2}};
  hello.token.back() = std::byte{3};
  const auto said = decode_hello(encode(hello));
  REQUIRE(said.has_value());
  CHECK(*said == hello);

  for (const Request& request :
       {Request{Request::Kind::Put, key_of("a"), 17}, Request{Request::Kind::Get, key_of("b"), 0}}) {
    const auto asked = decode_request(encode(request));
    REQUIRE(asked.has_value());
    CHECK(*asked == request);
  }

  for (const Reply& reply :
       {Reply{Reply::Kind::Welcome}, Reply{Reply::Kind::Send}, Reply{Reply::Kind::Found, 5},
        Reply{Reply::Kind::Refused, 0, {ErrorCode::NotFound, "none", Blame::Bug, Retry::Now}}}) {
    CHECK(read_again(reply) == reply);
  }
}

TEST_CASE("a refusal is one line of bounded length") {
  Reply reply{.kind = Reply::Kind::Refused, .error = {.what = "two\nlines\x1b[31m"}};
  CHECK(read_again(reply).error.what == "two?lines?[31m");
  reply.error.what.assign(10'000, 'x');
  CHECK(read_again(reply).error.what.size() == kMaxRefusalText);
}

TEST_CASE("any other byte where a byte is fixed is refused") {
  const auto hello = encode(Hello{});
  for (const std::size_t at : {0, 1, 2, 3, 4, 5, 6, 7}) {
    auto other = hello;
    other[at] ^= std::byte{0x40};
    CHECK_FALSE(decode_hello(other).has_value());
  }
  const auto request = encode(Request{Request::Kind::Get, key_of("x")});
  for (const std::size_t at : {0, 1, 2, 3, 4, 5, 6, 7, 40, 47}) {
    auto other = request;
    other[at] ^= std::byte{0x40};
    CHECK_FALSE(decode_request(other).has_value());
  }
  const std::string reply = encode(Reply{.kind = Reply::Kind::Stored});
  for (std::size_t at = 0; at < kReplyBytes; ++at) {
    std::string other = reply;
    other[at] ^= 0x40;
    CHECK_FALSE(decode_reply(bytes_of(other).first<kReplyBytes>()).has_value());
  }
}

TEST_CASE("a put of nothing and a found nothing are no words") {
  CHECK_FALSE(decode_request(encode(Request{Request::Kind::Put, key_of(""), 0})).has_value());
  CHECK_FALSE(decode_reply(bytes_of(encode(Reply{Reply::Kind::Found, 0})).first<kReplyBytes>()).has_value());
}
