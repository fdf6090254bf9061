// SPDX-License-Identifier: Apache-2.0
// All that the blob server hears and the blob client hears: words of fixed length, or a refusal.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "network/blob/blob_key.h"
#include "network/blob/blob_wire.h"
#include "test/fuzz/target.h"

using namespace weir;
using namespace weir::blob_wire;

namespace {

template <std::size_t kBytes, class Decode>
void try_fixed(std::span<const std::byte> bytes, Decode decode) {
  if (bytes.size() < kBytes) return;
  const auto fixed = bytes.first<kBytes>();
  const auto word = decode(fixed);
  if (!word) {
    WEIR_CHECK(word.error().what.size() < 200, "a refusal is one line");
    return;
  }
  const auto again = encode(*word);
  WEIR_CHECK(std::equal(again.begin(), again.end(), fixed.begin()), "it is written as it was read");
}

void try_reply(std::span<const std::byte> bytes) {
  if (bytes.size() < kReplyBytes) return;
  auto head = decode_reply(bytes.first<kReplyBytes>());
  if (!head) return;
  WEIR_CHECK(head->text_bytes <= kMaxRefusalText, "no text is longer than its bound");
  if (bytes.size() - kReplyBytes < head->text_bytes) return;
  const Reply reply = with_text(*head, bytes.subspan(kReplyBytes, head->text_bytes));
  const std::string again = encode(reply);
  WEIR_CHECK(again.size() == kReplyBytes + head->text_bytes, "it is as long again");
  const auto reread = decode_reply(std::as_bytes(std::span(again)).first<kReplyBytes>());
  WEIR_CHECK(reread && *reread == *head, "it is the same reply");
}

void try_key(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += static_cast<char>(byte);
  const auto key = BlobKey::parse(text);
  WEIR_CHECK(!key || key->hex() == text, "a key is written as it was read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try_fixed<kHelloBytes>(bytes, [](auto fixed) { return decode_hello(fixed); });
  try_fixed<kRequestBytes>(bytes, [](auto fixed) { return decode_request(fixed); });
  try_reply(bytes);
  try_key(bytes);
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  const auto text_of = [](const auto& bytes) {
    std::string text;
    for (const std::byte byte : bytes) text += static_cast<char>(byte);
    return text;
  };
  return {text_of(encode(Hello{})),
          text_of(encode(Request{Request::Kind::Put, {}, 1})),
          text_of(encode(Request{Request::Kind::Get})),
          encode(Reply{.kind = Reply::Kind::Stored}),
          encode(Reply{.kind = Reply::Kind::Found, .blob_bytes = 1}),
          encode(Reply{.kind = Reply::Kind::Refused, .error = {.what = "no"}}),
          BlobKey().hex()};
}
