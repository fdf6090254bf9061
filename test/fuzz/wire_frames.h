// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "network/tcp/frame_reader.h"

namespace weir::fuzz {

/// A hello with one byte changed, as a fuzzer says: by nothing, or by `change`.
struct HelloLike {
  std::vector<std::byte> bytes;
  bool is_right;  // whoever hears it must take it for the one it was
};
inline HelloLike hello_like(const wire::Hello& hello, std::uint8_t where, std::uint8_t change) {
  const auto encoded = wire::encode(hello);
  HelloLike result{{encoded.bytes().begin(), encoded.bytes().end()}, change == 0};
  const std::size_t at = where % result.bytes.size();
  result.bytes[at] ^= std::byte{change};
  constexpr std::size_t kNode = wire::kHeaderBytes + 28;  // any node may say it
  if (at >= kNode && at < kNode + sizeof(TaskManagerId)) result.is_right = true;
  return result;
}

inline wire::Frame read_again(const wire::Frame& frame, std::uint32_t max_data_bytes) {
  const auto encoded = wire::encode(frame);
  wire::FrameReader reader(max_data_bytes, wire::FrameReader::Ahead::Freely);
  const auto room = reader.room();
  WEIR_CHECK(encoded.bytes().size() <= room.size(), "no frame is longer than its bound");
  std::copy(encoded.bytes().begin(), encoded.bytes().end(), room.begin());
  reader.filled(encoded.bytes().size());
  const auto again = reader.next();
  WEIR_CHECK(again && *again, "what was written can be read");
  return **again;
}

/// Feeds `bytes` to a FrameReader, cut as the first bytes say, and checks what must hold of any bytes:
/// nothing is read that is not there, and a frame that was understood is written and read again as itself.
/// Returns the frames taken.
///
/// Errors: aborts.
inline std::size_t read_frames(std::span<const std::byte> bytes) {
  constexpr std::uint32_t kMaxData = 4096;
  if (bytes.empty()) return 0;
  const auto cut = static_cast<std::size_t>(bytes.front());
  wire::FrameReader reader(kMaxData, cut % 2 == 0 ? wire::FrameReader::Ahead::Exactly
                                                  : wire::FrameReader::Ahead::Freely);
  bytes = bytes.subspan(1);
  std::size_t frames = 0;
  std::size_t payload = 0;
  std::byte scrap[64];
  for (;;) {
    while (payload > 0) {
      const auto taken = reader.take_payload({scrap, std::min(payload, sizeof scrap)});
      if (taken == 0) break;
      payload -= taken;
    }
    if (payload == 0) {
      const auto frame = reader.next();
      if (!frame) {
        WEIR_CHECK(frame.error().what.size() < 200, "a refusal is one line");
        return frames;
      }
      if (*frame) {
        ++frames;
        WEIR_CHECK(read_again(**frame, kMaxData) == **frame, "it is the same frame");
        if (const auto* data = std::get_if<wire::Data>(&**frame)) payload = data->bytes;
        WEIR_CHECK(payload <= kMaxData, "no data frame is longer than a segment");
        continue;
      }
    }
    const auto room = reader.room();
    WEIR_CHECK(!room.empty(), "a reader that wants more has room for it");
    const auto step = std::min({room.size(), bytes.size(), cut / 2 + 1});
    if (step == 0) return frames;
    std::copy_n(bytes.begin(), step, room.begin());
    reader.filled(step);
    bytes = bytes.subspan(step);
  }
}

}  // namespace weir::fuzz
