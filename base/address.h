// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

/// A place on the network as people write it: "host:port" or "[host]:port".
struct NetworkAddress {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const NetworkAddress&) const = default;
};

/// Errors: one line that says what was expected.
[[nodiscard]] Result<NetworkAddress> split_address(std::string_view text);
[[nodiscard]] std::string join_address(std::string_view host, std::uint16_t port);

/// Whether only processes of this machine can reach it: 127.0.0.0/8, ::1, localhost.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace weir
