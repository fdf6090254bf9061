// SPDX-License-Identifier: Apache-2.0
#include "actors/system/fence.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

constexpr LeaderSessionId kNow{.high = 1, .low = 1};
constexpr LeaderSessionId kBefore{.high = 1, .low = 0};

TEST_CASE("a fence lets through its own session only, and counts the rest") {
  Fence fence;
  fence.open(kNow);
  CHECK(fence.admits(kNow));
  CHECK_FALSE(fence.admits(kBefore));
  CHECK_FALSE(fence.admits({}));
  CHECK(fence.refused() == 2);
}

TEST_CASE("a fence that is closed lets nothing through, not even a message without a session") {
  Fence fence;
  CHECK_FALSE(fence.admits({}));
  fence.open(kNow);
  fence.close();
  CHECK_FALSE(fence.admits(kNow));
  CHECK_FALSE(fence.admits({}));
  CHECK_FALSE(fence.is_open());
}

}  // namespace
}  // namespace weir
