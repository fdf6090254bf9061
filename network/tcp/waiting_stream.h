// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "network/tcp/byte_stream.h"
#include "network/tcp/descriptor.h"
#include "network/tcp/socket.h"

namespace weir {

/// Ends the waits of many threads, for good.
///
/// Threads: any.
class StopSignal {
public:
  StopSignal();
  void raise();
  [[nodiscard]] bool is_raised() const { return raised_; }
  /// False: the deadline has passed.
  bool await_until(TimePoint deadline) const;
  /// Readable once it was raised.
  [[nodiscard]] int descriptor() const { return event_.number(); }

private:
  const Descriptor event_;
  std::atomic<bool> raised_ = false;
};

// For threads that have nothing else to do than to wait. `stop` may be null, else it outlives the call.
// Errors of all: Timeout, the deadline has passed; Closed, `stop` was raised; ConnectionLost.

/// A ByteStream whose calls wait until all bytes have moved.
///
/// Threads: one at a time.
class WaitingStream {
public:
  /// `stop` outlives this.
  explicit WaitingStream(std::unique_ptr<ByteStream> stream, const StopSignal* stop = nullptr)
      : stream_(std::move(stream)), stop_(stop) {}

  /// Fills `into` whole.
  [[nodiscard]] Status read(std::span<std::byte> into, TimePoint deadline);
  /// The same, or false if the peer has closed before the first byte.
  [[nodiscard]] Result<bool> read_unless_closed(std::span<std::byte> into, TimePoint deadline);
  [[nodiscard]] Status write(std::span<const std::byte> from, TimePoint deadline);

private:
  [[nodiscard]] Status await(ByteStream::Progress::Next what, TimePoint deadline) const;

  std::unique_ptr<ByteStream> stream_;
  const StopSignal* stop_;
};

[[nodiscard]] Result<Descriptor> await_connection(const SocketAddress& to, TimePoint deadline,
                                                  const StopSignal* stop = nullptr);
/// The next connection that comes, or none until the deadline.
[[nodiscard]] Result<std::optional<Accepted>> await_accepted(const Descriptor& listener, TimePoint deadline,
                                                             const StopSignal* stop = nullptr);

}  // namespace weir
