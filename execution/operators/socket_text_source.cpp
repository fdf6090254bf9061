// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/socket_text_source.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "execution/operators/line_splitter.h"

namespace weir {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr Duration kConnectPause = 2ms;

/// A connection failed, which another one may mend. What the operators behind the source throw is something
/// else.
class ConnectionError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A TCP connection that is open for reading.
class Connection {
public:
  Connection(const std::string& host, std::uint16_t port, SourceContext<std::string>& context)
      : peer_(host + ":" + std::to_string(port)) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
        error != 0) {
      throw ConnectionError("cannot resolve '" + host + "': " + ::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
    int error = 0;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
      socket_ = Socket(::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      error = connect(*address, context);
      if (error == 0) return;
    }
    throw ConnectionError("cannot connect to " + peer_ + ": " + std::strerror(error));
  }

  [[nodiscard]] int descriptor() const { return socket_.descriptor; }

  /// Nothing if nothing has come yet; 0 bytes when the server has closed the connection.
  [[nodiscard]] std::optional<std::size_t> read(char* into, std::size_t bytes) {
    ssize_t got = 0;
    do got = ::recv(socket_.descriptor, into, bytes, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    if (got < 0) throw ConnectionError("lost the connection to " + peer_ + ": " + std::strerror(errno));
    return static_cast<std::size_t>(got);
  }

private:
  struct Socket {
    explicit Socket(int descriptor = -1) : descriptor(descriptor) {}
    Socket(Socket&& other) noexcept : descriptor(std::exchange(other.descriptor, -1)) {}
    Socket& operator=(Socket other) noexcept {
      std::swap(descriptor, other.descriptor);
      return *this;
    }
    ~Socket() {
      if (descriptor >= 0) ::close(descriptor);
    }
    int descriptor;
  };

  /// 0, or the error. A server that does not answer may take minutes: the task stays awake for letters
  /// meanwhile.
  [[nodiscard]] int connect(const addrinfo& address, SourceContext<std::string>& context) const {
    if (socket_.descriptor < 0) return errno;
    if (::connect(socket_.descriptor, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd connected{socket_.descriptor, POLLOUT, 0};
    while (::poll(&connected, 1, 0) <= 0) {
      if (!context.is_running()) return ECANCELED;
      context.await_until(SystemClock{}.now() + kConnectPause);
    }
    int error = 0;
    socklen_t bytes = sizeof error;
    return ::getsockopt(socket_.descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 ? error : errno;
  }

  const std::string peer_;
  Socket socket_;
};

void read_lines(Connection& connection, SourceContext<std::string>& context) {
  LineSplitter lines;
  std::vector<char> block(kReadBytes);
  const auto take = [&](const std::string& line) {
    context.collect(line);
    return context.is_running();
  };
  while (context.is_running()) {
    context.await_readable(connection.descriptor());
    const auto got = connection.read(block.data(), block.size());
    if (!got) continue;
    if (*got == 0) break;
    lines.feed({block.data(), *got}, take);
  }
  if (context.is_running()) lines.finish(take);
}

}  // namespace

void SocketTextSource::run(SourceContext<std::string>& context) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    try {
      Connection connection(options_.host, options_.port, context);
      return read_lines(connection, context);
    } catch (const ConnectionError&) {
      if (!context.is_running()) return;
      if (attempt == options_.max_retries) throw;
    }
    context.await_until(SystemClock{}.now() + options_.retry_pause);
  }
}

}  // namespace weir
