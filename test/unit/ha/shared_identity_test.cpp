// SPDX-License-Identifier: Apache-2.0
#include "ha/shared_identity.h"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "test/support/temporary_directory.h"

namespace weir {
namespace {

TEST_CASE("all who see a directory share an identity that only its owner can read") {
  const testing::TemporaryDirectory place;
  const std::string directory = place.path("billing");
  const auto first = shared_identity(directory);
  REQUIRE_MESSAGE(first, first.error().what);
  CHECK_FALSE(first->cluster.is_none());
  CHECK(first->token != LinkToken{});
  CHECK(*shared_identity(directory) == *first);
  CHECK(*shared_identity(place.path("other")) != *first);

  struct stat status {};
  REQUIRE(::stat((directory + "/identity").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  std::size_t files = 0;
  for (const auto& each : std::filesystem::directory_iterator(directory)) files += each.exists();
  CHECK(files == 1);
}

TEST_CASE("an identity that others could read, or that is damaged, is refused") {
  const testing::TemporaryDirectory place;
  REQUIRE(shared_identity(place.path("c")));
  const std::string file = place.path("c/identity");
  SUBCASE("readable") {
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    const auto found = shared_identity(place.path("c"));
    REQUIRE_FALSE(found);
    CHECK(found.error().what.find("chmod 600") != std::string::npos);
  }
  SUBCASE("damaged") {
    std::ofstream(file, std::ios::app) << "x";
    CHECK(shared_identity(place.path("c")).error().code == ErrorCode::Corrupt);
  }
}

}  // namespace
}  // namespace weir
