// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <doctest/doctest.h>

#include <string_view>

#include "test/support/temporary_directory.h"

using namespace weir;

namespace {

// FIPS 180-2, appendix B.
constexpr std::string_view kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("a digest is that of all pieces together") {
  Sha256 whole;
  whole.add(bytes_of("abc"));
  CHECK(hex_of(whole.finish()) == kAbc);

  Sha256 pieces;
  pieces.add(bytes_of("a"));
  pieces.add({});
  pieces.add(bytes_of("bc"));
  CHECK(hex_of(pieces.finish()) == kAbc);

  CHECK(hex_of(Sha256().finish()) == kNothing);
}

TEST_CASE("a file's digest is that of its content") {
  const testing::TemporaryDirectory directory;
  const auto hex = sha256_of_file(directory.file("a", "abc"));
  REQUIRE(hex.has_value());
  CHECK(*hex == kAbc);

  const auto none = sha256_of_file(directory.path("none"));
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == ErrorCode::NotFound);
}
