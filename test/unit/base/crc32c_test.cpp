// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <doctest/doctest.h>

#include <random>
#include <string_view>
#include <vector>

using namespace weir;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("a CRC-32C is the one of RFC 3720") {
  const auto check = [](std::span<const std::byte> bytes, std::uint32_t expected) {
    CHECK(crc32c(bytes) == expected);
    CHECK(detail::crc32c_by_table(bytes) == expected);
  };
  check({}, 0);
  check(bytes_of("123456789"), 0xE3069283);
  check(std::vector(32, std::byte{0}), 0x8A9136AA);
  check(std::vector(32, std::byte{0xFF}), 0x62A8AB43);
  std::vector<std::byte> rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<std::byte>(i);
  check(rising, 0x46DD794E);
}

TEST_CASE("a CRC-32C of many bytes is the same with the instruction and without") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(20'000);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (const std::size_t size : {3071, 3072, 3073, 6143, 6144, 6151, 9999, 20'000}) {
    CAPTURE(size);
    const std::span<const std::byte> some = std::span<const std::byte>(bytes).last(size);
    CHECK(crc32c(some, 17) == detail::crc32c_by_table(some, 17));
  }
}

TEST_CASE("a CRC-32C in pieces is that of the whole, with the instruction and without") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> bytes(random() % 8000);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    const std::span<const std::byte> all(bytes);
    const std::size_t cut = random() % (bytes.size() + 1);
    const std::uint32_t whole = crc32c(all);
    CHECK(crc32c(all.subspan(cut), crc32c(all.first(cut))) == whole);
    CHECK(crc32c_joined(crc32c(all.first(cut)), crc32c(all.subspan(cut)), all.size() - cut) == whole);
    CHECK(detail::crc32c_by_table(all.subspan(cut), detail::crc32c_by_table(all.first(cut))) == whole);
  }
}
