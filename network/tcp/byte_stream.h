// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "network/tcp/descriptor.h"

namespace weir {

/// A connection as bytes in order, without waiting. A port between frames and sockets: plain TCP is one, TLS
/// will be another.
///
/// Threads: one at a time.
/// Errors:  an answer that is an error, or the end, is the last word of a stream.
class ByteStream {
public:
  struct Progress {
    enum class Next : unsigned char {
      Again,          // there may be more to read or room to write
      WhenReadable,   // nothing more until descriptor() is readable
      WhenWritable,   // nothing more until descriptor() is writable
      End,            // read: the peer has closed
    };
    std::size_t bytes = 0;
    Next next = Next::Again;
  };
  using Room = std::span<std::byte>;
  using Piece = std::span<const std::byte>;
  static constexpr std::size_t kMaxPieces = 32;

  virtual ~ByteStream() = default;
  /// Fills the rooms one after the other. At most kMaxPieces.
  [[nodiscard]] virtual Result<Progress> read(std::span<const Room> into) = 0;
  /// Takes the pieces one after the other. At most kMaxPieces.
  [[nodiscard]] virtual Result<Progress> write(std::span<const Piece> from) = 0;
  /// What to watch. Both directions: a secure stream may have to read before it can write.
  [[nodiscard]] virtual int descriptor() const = 0;
};

/// Which end of a connection this is; a secure stream greets accordingly.
enum class StreamSide : unsigned char { Client, Server };

/// What is put around a connected socket. A port: the seam for TLS.
class StreamFactory {
public:
  virtual ~StreamFactory() = default;
  [[nodiscard]] virtual std::unique_ptr<ByteStream> wrap(Descriptor connected, StreamSide side) = 0;
};

/// The socket as it is.
[[nodiscard]] std::unique_ptr<ByteStream> make_plain_stream(Descriptor connected);

}  // namespace weir
