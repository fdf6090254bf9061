// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

namespace weir {

/// How an address looks to the kernel.
struct SocketCalls {
  static const sockaddr* pointer(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr*>(address.bytes_.data());
  }
  static socklen_t size(const SocketAddress& address) { return address.size_; }
  static SocketAddress make(const sockaddr* address, socklen_t size) {
    SocketAddress made;
    made.size_ = std::min<socklen_t>(size, SocketAddress::kMostBytes);
    std::memcpy(made.bytes_.data(), address, made.size_);
    return made;
  }
};

namespace {

Error failed(const std::string& what, int reason, ErrorCode code = ErrorCode::IoFailure) {
  return {.code = code,
          .what = what + ": " + std::strerror(reason),
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

Error no_address(const std::string& text) {
  return {.code = ErrorCode::BadArgument, .what = "\"" + text + "\" is no address: host:port is wanted"};
}

void set_option(const Descriptor& socket, int level, int option, int value) {
  (void)::setsockopt(socket.number(), level, option, &value, sizeof value);
}

}  // namespace

Result<SocketAddress> SocketAddress::resolve(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return no_address(address);
  std::uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return no_address(address);
  auto host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return resolve(host, port);
}

Result<SocketAddress> SocketAddress::resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int outcome = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (outcome != 0) {
    return Error{.code = ErrorCode::NotFound,
                 .what = "host \"" + host + "\" was not found: " + ::gai_strerror(outcome),
                 .blame = Blame::Environment,
                 .retry = Retry::Later};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  return SocketCalls::make(found->ai_addr, found->ai_addrlen);
}

std::string SocketAddress::text() const {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const auto* address = SocketCalls::pointer(*this);
  if (::getnameinfo(address, size_, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "an unknown address";
  }
  const bool is_v6 = address->sa_family == AF_INET6;
  return (is_v6 ? "[" : "") + std::string(host.data()) + (is_v6 ? "]:" : ":") + port.data();
}

Result<Descriptor> listen_at(const SocketAddress& address) {
  constexpr int kBacklog = 256;
  const auto* where = SocketCalls::pointer(address);
  Descriptor socket(::socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return failed("no socket", errno);
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(socket.number(), where, SocketCalls::size(address)) != 0 ||
      ::listen(socket.number(), kBacklog) != 0) {
    return failed("cannot listen at " + address.text(), errno);
  }
  return socket;
}

Result<SocketAddress> address_of(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failed("no address of a socket", errno);
  }
  return SocketCalls::make(reinterpret_cast<const sockaddr*>(&address), size);
}

Result<std::optional<Accepted>> accept_from(const Descriptor& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Descriptor socket(::accept4(listener.number(), reinterpret_cast<sockaddr*>(&address), &size,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.is_open()) {
    return std::optional<Accepted>(
        Accepted{std::move(socket), SocketCalls::make(reinterpret_cast<const sockaddr*>(&address), size)});
  }
  // A connection that broke before we came to it is no reason to stop; only a lack of descriptors is.
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    return failed("cannot accept a connection", errno);
  }
  return std::optional<Accepted>();
}

Result<Descriptor> begin_connect(const SocketAddress& to) {
  const auto* where = SocketCalls::pointer(to);
  Descriptor socket(::socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return failed("no socket", errno);
  if (::connect(socket.number(), where, SocketCalls::size(to)) != 0 && errno != EINPROGRESS) {
    return failed("cannot connect", errno, ErrorCode::ConnectionLost);
  }
  return socket;
}

Status connect_outcome(const Descriptor& socket) {
  int reason = 0;
  socklen_t size = sizeof reason;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &reason, &size) != 0) reason = errno;
  if (reason != 0) return failed("cannot connect", reason, ErrorCode::ConnectionLost);
  return Status::ok();
}

void tune(const Descriptor& socket, Duration silence) {
  constexpr int kProbes = 3;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(silence / (kProbes + 1)).count();
  const auto interval = static_cast<int>(std::max<std::int64_t>(1, seconds));
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, interval);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, interval);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count()));
}

}  // namespace weir
