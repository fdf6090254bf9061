// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "network/tcp/descriptor.h"

namespace weir {

/// Where a socket listens, ready for the kernel.
class SocketAddress {
public:
  /// "host:port" or "[host]:port". Asks the name service for what is no number: may wait, so never on an I/O
  /// thread.
  [[nodiscard]] static Result<SocketAddress> resolve(const std::string& address);
  [[nodiscard]] static Result<SocketAddress> resolve(const std::string& host, std::uint16_t port);

  /// "127.0.0.1:6121", "[::1]:6121"
  [[nodiscard]] std::string text() const;

private:
  friend struct SocketCalls;
  static constexpr std::size_t kMostBytes = 128;
  alignas(8) std::array<std::byte, kMostBytes> bytes_{};
  std::uint32_t size_ = 0;
};

// All sockets are made so that no call on them waits.

[[nodiscard]] Result<Descriptor> listen_at(const SocketAddress& address);
/// Where a listening socket was put, if its port was 0.
[[nodiscard]] Result<SocketAddress> address_of(const Descriptor& socket);

struct Accepted {
  Descriptor socket;
  SocketAddress peer;
};
/// The next connection, if one waits.
[[nodiscard]] Result<std::optional<Accepted>> accept_from(const Descriptor& listener);

/// The socket is writable when it is connected, or when that failed; then ask connect_outcome().
[[nodiscard]] Result<Descriptor> begin_connect(const SocketAddress& to);
[[nodiscard]] Status connect_outcome(const Descriptor& socket);

/// Sends small frames at once, and notices a peer that has gone without a word within `silence`.
void tune(const Descriptor& socket, Duration silence);

}  // namespace weir
