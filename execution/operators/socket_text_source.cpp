// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/socket_text_source.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "execution/operators/line_splitter.h"

namespace weir {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

/// A TCP connection that is open for reading.
class Connection {
public:
  Connection(const std::string& host, std::uint16_t port) : peer_(host + ":" + std::to_string(port)) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
      throw std::runtime_error("cannot resolve '" + host + "': " + ::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
    for (const addrinfo* address = found; address != nullptr && descriptor_ < 0; address = address->ai_next) {
      descriptor_ = ::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
      if (descriptor_ < 0 || ::connect(descriptor_, address->ai_addr, address->ai_addrlen) == 0) continue;
      const int error = errno;
      close();
      errno = error;
    }
    if (descriptor_ < 0) throw std::runtime_error("cannot connect to " + peer_ + ": " + std::strerror(errno));
  }
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// 0 when the server has closed the connection.
  [[nodiscard]] std::size_t read(char* into, std::size_t bytes) {
    ssize_t got = 0;
    do got = ::recv(descriptor_, into, bytes, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) throw std::runtime_error("lost the connection to " + peer_ + ": " + std::strerror(errno));
    return static_cast<std::size_t>(got);
  }

private:
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  const std::string peer_;
  int descriptor_ = -1;
};

void read_lines(Connection& connection, SourceContext<std::string>& context) {
  LineSplitter lines;
  std::vector<char> block(kReadBytes);
  const auto take = [&](const std::string& line) {
    context.collect(line);
    return true;
  };
  while (true) {
    context.await_readable(connection.descriptor());
    const std::size_t got = connection.read(block.data(), block.size());
    if (got == 0) break;
    lines.feed({block.data(), got}, take);
  }
  lines.finish(take);
}

}  // namespace

void SocketTextSource::run(SourceContext<std::string>& context) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    try {
      Connection connection(options_.host, options_.port);
      return read_lines(connection, context);
    } catch (const std::runtime_error&) {
      if (attempt == options_.max_retries) throw;
    }
    context.await_until(SystemClock{}.now() + options_.retry_pause);
  }
}

}  // namespace weir
