// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace weir::testing {

/// One accepted connection of a LocalServer.
class ServedConnection {
public:
  explicit ServedConnection(int descriptor) : descriptor_(descriptor) {}
  ServedConnection(ServedConnection&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ServedConnection& operator=(ServedConnection&&) = delete;
  ~ServedConnection() { close(); }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      REQUIRE(sent > 0);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }
  /// The peer sees a broken connection instead of an end.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    REQUIRE(::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    close();
  }

private:
  int descriptor_;
};

/// A TCP server on a port of its own. Until listen() it refuses connections.
class LocalServer {
public:
  LocalServer() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address_;
    REQUIRE(::bind(descriptor_, address(), bytes) == 0);
    REQUIRE(::getsockname(descriptor_, address(), &bytes) == 0);
  }
  ~LocalServer() { ::close(descriptor_); }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return ntohs(address_.sin_port); }
  void listen() { REQUIRE(::listen(descriptor_, 16) == 0); }
  [[nodiscard]] ServedConnection accept() {
    const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(accepted >= 0);
    return ServedConnection(accepted);
  }

private:
  [[nodiscard]] sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }

  int descriptor_;
  sockaddr_in address_{};
};

}  // namespace weir::testing
