// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "network/tcp/frame.h"

namespace weir::wire {

/// Cuts what arrives into frames, however the bytes are cut on their way. Pure; holds kMaxHeadBytes and
/// allocates nothing but the text of a Failure.
///
/// A reader's loop: fill room(), say filled(), take frames with next() until there is none. After a Data the
/// caller takes its record bytes himself: first take_payload() for those that came along, the rest from
/// wherever they come; room() may be filled behind them in the same read.
///
/// Errors: next() says what is wrong with the peer's bytes; after that the link is of no use.
class FrameReader {
public:
  enum class Ahead : std::uint8_t {
    Exactly,  // never into record bytes, so that they can go where they belong without a copy
    Freely,   // as much as fits: for links that bring no data
  };

  /// Record bytes of a Data frame are `max_data_bytes` at most.
  FrameReader(std::uint32_t max_data_bytes, Ahead ahead) : max_data_bytes_(max_data_bytes), ahead_(ahead) {}

  /// Where the next bytes go. Not empty once next() said that there is no frame.
  [[nodiscard]] std::span<std::byte> room();
  void filled(std::size_t bytes);
  [[nodiscard]] Result<std::optional<Frame>> next();
  /// Moves record bytes that came along with a frame; returns how many.
  [[nodiscard]] std::size_t take_payload(std::span<std::byte> into);

private:
  const std::uint32_t max_data_bytes_;
  const Ahead ahead_;
  std::array<std::byte, kMaxHeadBytes> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = kHeaderBytes;  // bytes from which more can be said: a header, then its frame
};

}  // namespace weir::wire
