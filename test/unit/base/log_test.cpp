// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <doctest/doctest.h>

#include <regex>
#include <string>

#include "test/support/standard_error.h"

using namespace weir;
using weir::testing::standard_error_of;

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
