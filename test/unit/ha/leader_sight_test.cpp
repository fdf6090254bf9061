// SPDX-License-Identifier: Apache-2.0
#include "ha/leader_sight.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

LeaderAddress leader(std::uint64_t term, std::uint64_t life = 1) {
  return {.address = "host:" + std::to_string(term), .session = {.high = life, .low = term}};
}

TEST_CASE("a leader is told once, and so is that there is none") {
  LeaderSight sight;
  CHECK(!sight.on_read({}));
  CHECK(sight.on_read(leader(1)) == leader(1));
  CHECK(!sight.on_read(leader(1)));
  CHECK(sight.on_read({}) == LeaderAddress{});
  CHECK(!sight.on_read({}));
  CHECK(sight.on_read(leader(1)) == leader(1));
}

TEST_CASE("a term that is over is not told, though a server may still show it") {
  LeaderSight sight;
  REQUIRE(sight.on_read(leader(2)));
  CHECK(!sight.on_read(leader(1)));
  REQUIRE(sight.on_read({}));
  CHECK(!sight.on_read(leader(1)));
  CHECK(sight.on_read(leader(3)) == leader(3));
}

TEST_CASE("an ensemble that began anew counts its terms anew") {
  LeaderSight sight;
  REQUIRE(sight.on_read(leader(7, 1)));
  CHECK(sight.on_read(leader(1, 2)) == leader(1, 2));
}

}  // namespace
}  // namespace weir
