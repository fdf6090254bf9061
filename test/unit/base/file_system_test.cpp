// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

using namespace weir;

namespace {

/// A folder that is gone at the end of its test.
class Scratch {
public:
  Scratch() {
    std::string pattern = "/tmp/weir_file_system_test.XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

private:
  std::string folder_;
};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("what was written is read back, in order and from any place") {
  const Scratch scratch;
  LocalFileSystem files;
  const auto path = scratch.path("a");
  {
    auto writer = files.create(path);
    REQUIRE(writer);
    REQUIRE((*writer)->write(bytes_of("hello ")));
    REQUIRE((*writer)->write(bytes_of("world")));
    REQUIRE((*writer)->sync());
  }
  auto reader = files.open(path);
  REQUIRE(reader);
  CHECK(*(*reader)->size() == 11);
  std::string part(4, '?');
  CHECK(*(*reader)->read(std::as_writable_bytes(std::span(part))) == 4);
  CHECK(part == "hell");
  CHECK(*(*reader)->read_at(6, std::as_writable_bytes(std::span(part))) == 4);
  CHECK(part == "worl");
  std::string rest(100, '?');
  CHECK(*(*reader)->read(std::as_writable_bytes(std::span(rest))) == 7);
  CHECK(*(*reader)->read(std::as_writable_bytes(std::span(rest))) == 0);
}

TEST_CASE("an error names the path and what the system said") {
  const Scratch scratch;
  LocalFileSystem files;
  const auto absent = files.open(scratch.path("absent"));
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == ErrorCode::NotFound);
  CHECK(absent.error().what == "cannot open " + scratch.path("absent") + ": No such file or directory");

  const auto folder = files.open(scratch.folder());
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == ErrorCode::IoFailure);
  CHECK(folder.error().what == "cannot open " + scratch.folder() + ": Is a directory");

  CHECK_FALSE(files.create(scratch.path("no/such/folder")));
  CHECK_FALSE(files.rename(scratch.path("absent"), scratch.path("b")));
  CHECK_FALSE(files.list(scratch.path("absent")));
}

TEST_CASE("a full disk is an error of its writer") {
  LocalFileSystem files;
  auto writer = files.create("/dev/full");
  REQUIRE(writer);
  const auto status = (*writer)->write(bytes_of("x"));
  REQUIRE_FALSE(status);
  CHECK(status.error().what == "cannot write /dev/full: No space left on device");
  CHECK(status.error().retry == Retry::Later);
}

TEST_CASE("an atomic write replaces the old content and leaves nothing else behind") {
  const Scratch scratch;
  LocalFileSystem files;
  const auto path = scratch.path("metadata");
  REQUIRE(write_file_atomically(files, path, "old"));
  REQUIRE(write_file_atomically(files, path, "new and longer"));
  CHECK(*read_file(files, path) == "new and longer");
  CHECK(*files.list(scratch.folder()) == std::vector<std::string>{"metadata"});
}

TEST_CASE("folders are made with all above them and listed in order") {
  const Scratch scratch;
  LocalFileSystem files;
  REQUIRE(files.make_folder(scratch.path("a/b")));
  REQUIRE(files.make_folder(scratch.path("a/b")));
  REQUIRE(files.create(scratch.path("a/z")));
  REQUIRE(files.create(scratch.path("a/c")));
  CHECK(*files.list(scratch.path("a")) == std::vector<std::string>{"b", "c", "z"});
  REQUIRE(files.remove(scratch.path("a/z")));
  REQUIRE(files.remove(scratch.path("a/z")));
  CHECK(*files.list(scratch.path("a")) == std::vector<std::string>{"b", "c"});
}
