// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <doctest/doctest.h>

#include <string>

namespace weir {
namespace {

TEST_CASE("addresses are read as people write them, and written so that they can be read") {
  CHECK(*split_address("localhost:6123") == NetworkAddress{"localhost", 6123});
  CHECK(*split_address("[::1]:80") == NetworkAddress{"::1", 80});
  for (const char* text : {"10.0.0.1:0", "[fe80::1]:65535"}) {
    const auto address = split_address(text);
    CHECK(join_address(address->host, address->port) == text);
  }
}

TEST_CASE("what is no address is refused with an example") {
  for (const std::string text :
       {"", ":", "host", "host:", ":80", "host:65536", "host:-1", "host:8x", "::1:80", "[]:1"}) {
    CAPTURE(text);
    const auto address = split_address(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().what == "'" + text + "' is no address; expected HOST:PORT, as 127.0.0.1:6123");
  }
}

TEST_CASE("loopback is what only this machine can reach") {
  for (const char* host : {"127.0.0.1", "127.8.8.8", "::1", "localhost"}) CHECK(is_loopback(host));
  for (const char* host : {"0.0.0.0", "10.0.0.1", "::", "127.example.org", "example.org", ""})
    CHECK_FALSE(is_loopback(host));
}

}  // namespace
}  // namespace weir
