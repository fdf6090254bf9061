// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <charconv>

namespace weir {

namespace {

Error no_address(std::string_view text) {
  return {ErrorCode::BadArgument,
          "'" + std::string(text) + "' is no address; expected HOST:PORT, as 127.0.0.1:6123"};
}

}  // namespace

Result<NetworkAddress> split_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return no_address(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos) return no_address(text);

  NetworkAddress address{.host = std::string(host)};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (host.empty() || digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    return no_address(text);
  return address;
}

std::string join_address(std::string_view host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  return (is_v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

bool is_loopback(std::string_view host) {
  const bool is_number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || (is_number && host.starts_with("127."));
}

}  // namespace weir
