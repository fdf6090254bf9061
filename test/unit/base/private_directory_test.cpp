// SPDX-License-Identifier: Apache-2.0
#include "base/private_directory.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "test/support/temporary_directory.h"

using namespace weir;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<PrivateDirectory> make(const std::string& parent, const std::string& name) {
  auto made = PrivateDirectory::make(parent, name);
  REQUIRE_MESSAGE(made.has_value(), made.error().what);
  return *std::move(made);
}

std::size_t entries_in(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), {}));
}

/// A process that makes a directory and is killed.
void leave_one_behind(const std::string& parent, const std::string& name) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto made = PrivateDirectory::make(parent, name);
    if (made) std::ofstream((*made)->path() + "/left") << "over";
    (void)std::raise(SIGKILL);
  }
  int outcome = 0;
  REQUIRE(::waitpid(child, &outcome, 0) == child);
  REQUIRE(WIFSIGNALED(outcome));
}

}  // namespace

TEST_CASE("a private directory is gone with its owner, and so is what lies in it") {
  const testing::TemporaryDirectory parent;
  {
    const auto directory = make(parent.path("new/parent"), "blobs");
    CHECK(fs::path(directory->path()).filename().string().starts_with("blobs-"));
    std::ofstream(directory->path() + "/file") << "x";
    CHECK(entries_in(directory->path()) == 1);
  }
  CHECK(entries_in(parent.path("new/parent")) == 0);
}

TEST_CASE("owners do not disturb each other") {
  const testing::TemporaryDirectory parent;
  const auto one = make(parent.path(), "blobs");
  const auto two = make(parent.path(), "blobs");
  CHECK(one->path() != two->path());
  CHECK(fs::exists(one->path()));
  CHECK(fs::exists(two->path()));
}

TEST_CASE("what a killed process left is removed by the next of its name") {
  const testing::TemporaryDirectory parent;
  leave_one_behind(parent.path(), "blobs");
  REQUIRE(entries_in(parent.path()) == 1);
  fs::create_directory(parent.path("blobs-archive"));  // of another name, as close as it is

  const auto other = make(parent.path(), "libraries");
  CHECK(entries_in(parent.path()) == 3);
  const auto next = make(parent.path(), "blobs");
  CHECK(entries_in(parent.path()) == 3);
  CHECK(entries_in(next->path()) == 0);
}

TEST_CASE("a directory that cannot be made is named") {
  const testing::TemporaryDirectory parent;
  const auto made = PrivateDirectory::make(parent.file("file", "") + "/below", "blobs");
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().what.find(parent.path("file")) != std::string::npos);
}
