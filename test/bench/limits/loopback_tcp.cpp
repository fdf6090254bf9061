// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/thread.h"
#include "test/bench/limits/limits.h"

namespace weir::limits {

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

struct Connection {
  int writing = -1;
  int reading = -1;
};

Connection connect_over_loopback() {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const address = reinterpret_cast<sockaddr*>(&where);
  socklen_t size = sizeof where;
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  demand(::bind(listener, address, size) == 0 && ::listen(listener, 1) == 0);
  demand(::getsockname(listener, address, &size) == 0);
  Connection connection;
  connection.writing = ::socket(AF_INET, SOCK_STREAM, 0);
  demand(::connect(connection.writing, address, size) == 0);
  connection.reading = ::accept(listener, nullptr, nullptr);
  demand(connection.reading >= 0);
  const int on = 1;
  demand(::setsockopt(connection.writing, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
  ::close(listener);
  return connection;
}

}  // namespace

std::uint64_t loopback_tcp(std::uint64_t bytes, std::size_t bytes_a_write) {
  const auto connection = connect_over_loopback();
  const Thread writer("writer", [&] {
    const std::vector<std::byte> block(bytes_a_write);
    for (std::uint64_t left = bytes; left > 0;) {
      const auto wrote =
          ::write(connection.writing, block.data(), std::min<std::uint64_t>(left, block.size()));
      demand(wrote > 0);
      left -= static_cast<std::uint64_t>(wrote);
    }
    ::close(connection.writing);
  });
  std::vector<std::byte> block(bytes_a_write);
  std::uint64_t received = 0;
  for (;;) {
    const auto got = ::read(connection.reading, block.data(), block.size());
    demand(got >= 0);
    if (got == 0) break;
    received += static_cast<std::uint64_t>(got);
  }
  ::close(connection.reading);
  return received;
}

}  // namespace weir::limits
