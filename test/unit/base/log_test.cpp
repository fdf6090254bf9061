// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <regex>
#include <string>

using namespace weir;

namespace {

/// What `body` writes to standard error.
template <class Body>
std::string standard_error_of(Body body) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  body();
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  ::close(ends[1]);
  std::string text(4096, '\0');
  const auto got = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

}  // namespace

TEST_CASE("a line has time, level, logger and message") {
  const auto text = standard_error_of([] {
    log::info("job_manager", "it {runs}");
    log::warn("x", "y");
  });
  const std::string time = R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} )";
  CAPTURE(text);
  CHECK(std::regex_match(text,
                         std::regex(time + "INFO  job_manager - it \\{runs\\}\n" + time + "WARN  x - y\n")));
}

TEST_CASE("below the level nothing is written") {
  log::set_level(log::Level::Error);
  CHECK(standard_error_of([] { log::warn("x", "y"); }).empty());
  CHECK_FALSE(log::enabled(log::Level::Warn));
  CHECK_FALSE(standard_error_of([] { log::error("x", "y"); }).empty());
  log::set_level(log::Level::Info);
}
