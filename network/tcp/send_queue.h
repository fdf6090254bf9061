// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "memory/buffer.h"
#include "network/tcp/byte_stream.h"
#include "network/tcp/frame.h"

namespace weir {

/// Frames on their way into a socket, and how much of the first has gone. Record bytes stay in their segments
/// until the socket has taken them.
///
/// Threads: one.
class SendQueue {
public:
  [[nodiscard]] bool empty() const { return first_ == entries_.size(); }
  [[nodiscard]] std::size_t frame_count() const { return entries_.size() - first_; }
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }

  void add(const wire::Frame& frame, Buffer payload = {});
  /// The next bytes to write, in order; valid until the queue is changed.
  [[nodiscard]] std::span<const ByteStream::Piece> pieces();
  void on_written(std::size_t bytes);

private:
  struct Entry {
    wire::EncodedFrame head;
    Buffer payload;
    [[nodiscard]] std::size_t bytes() const { return head.bytes().size() + payload.size(); }
  };

  std::vector<Entry> entries_;  // those before first_ are written
  std::size_t first_ = 0;
  std::size_t written_of_first_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::array<ByteStream::Piece, ByteStream::kMaxPieces> pieces_;
};

}  // namespace weir
