// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/free_ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>


namespace weir::drill {

Result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  std::vector<int> held;  // all at once, so that they differ
  std::vector<std::uint16_t> ports;
  while (ports.size() < count) {
    held.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = static_cast<sockaddr*>(static_cast<void*>(&address));
    if (::bind(held.back(), any, length) != 0 || ::getsockname(held.back(), any, &length) != 0) break;
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int descriptor : held) ::close(descriptor);
  if (ports.size() < count)
    return Error{ErrorCode::IoFailure, "the machine has no free port", Blame::Environment, Retry::Later};
  return ports;
}

}  // namespace weir::drill
