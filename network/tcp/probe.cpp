// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/probe.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>

#include "network/tcp/socket.h"

namespace weir {

namespace {

/// False: `events` did not come before the deadline.
bool await(const Descriptor& socket, short events, TimePoint deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SystemClock{}.now());
    pollfd waited{.fd = socket.number(), .events = events, .revents = 0};
    const int ready = ::poll(&waited, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

Error no_answer(const std::string& address) {
  return {ErrorCode::Timeout, "no answer from " + address, Blame::Environment, Retry::Later};
}

}  // namespace

Status probe(const std::string& address, Duration patience, Greeting greeting) {
  const TimePoint deadline = SystemClock{}.now() + patience;
  const auto resolved = SocketAddress::resolve(address);
  if (!resolved) return resolved.error();
  const auto socket = begin_connect(*resolved);
  if (!socket) return socket.error();
  if (!await(*socket, POLLOUT, deadline)) return no_answer(address);
  if (Status connected = connect_outcome(*socket); !connected) {
    Error error = connected.error();
    error.what = "nobody listens at " + address + " (" + error.what + ")";
    return error;
  }
  if (greeting == Greeting::Expected && !await(*socket, POLLIN, deadline)) return no_answer(address);
  return Status::ok();
}

}  // namespace weir
