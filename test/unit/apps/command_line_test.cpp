// SPDX-License-Identifier: Apache-2.0
#include "apps/command_line.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

constexpr OptionSpec kOptions[] = {
    {"local", "", "Run here."},
    {"parallelism,p", "N", "How wide."},
    {"quiet,q", "", "Say less."},
    {"output", "PATH", "Where to."},
    {"define,D", "KEY=VALUE", "More of it.", true},
};

CommandLine parsed(const std::vector<std::string>& words) {
  auto line = CommandLine::parse(kOptions, words);
  REQUIRE_MESSAGE(line.has_value(), line.error().what);
  return *std::move(line);
}

std::string refusal(const std::vector<std::string>& words) {
  const auto line = CommandLine::parse(kOptions, words);
  REQUIRE_FALSE(line.has_value());
  CHECK(line.error().what.find('\n') == std::string::npos);
  return line.error().what;
}

TEST_CASE("options end at the first word that is none; the rest is somebody else's") {
  const CommandLine line = parsed({"--local", "-p", "4", "prog.so", "--local", "-q", "--input", "x"});
  CHECK(line.has("local"));
  CHECK_FALSE(line.has("quiet"));
  CHECK(*line.count("parallelism", 1) == 4);
  CHECK(line.rest() == std::vector<std::string>{"prog.so", "--local", "-q", "--input", "x"});
}

TEST_CASE("a value may stand behind its option, stick to its letter, or follow an equals sign") {
  CHECK(*parsed({"-p", "4", "x"}).count("parallelism", 1) == 4);
  CHECK(*parsed({"-p4", "x"}).count("parallelism", 1) == 4);
  CHECK(*parsed({"--parallelism=4", "x"}).count("parallelism", 1) == 4);
  CHECK(*parsed({"--parallelism", "4"}).count("parallelism", 1) == 4);
  CHECK(parsed({"--output", "-"}).text("output", "") == "-");
}

TEST_CASE("an option that repeats keeps every value") {
  const CommandLine line = parsed({"-D", "a=1", "-Db=2", "--define=c=3", "x"});
  CHECK(line.all("define") == std::vector<std::string>{"a=1", "b=2", "c=3"});
  CHECK(line.rest() == std::vector<std::string>{"x"});
  CHECK(line.all("output").empty());
}

TEST_CASE("what was not given has its default") {
  const CommandLine line = parsed({"x"});
  CHECK(*line.count("parallelism", 7) == 7);
  CHECK(line.text("output", "here") == "here");
}

TEST_CASE("an unknown option comes with the nearest known one") {
  CHECK(refusal({"--paralelism", "4"}) == "unknown option '--paralelism'; did you mean '--parallelism'?");
  CHECK(refusal({"--something-else"}) == "unknown option '--something-else'");
  CHECK(refusal({"-z"}).find("-z") != std::string::npos);
}

TEST_CASE("a number must be one, and at least 1") {
  for (const std::string bad : {"x", "0", "-1", "4x", "99999999999", ""}) {
    CAPTURE(bad);
    const auto count = parsed({"--parallelism=" + (bad.empty() ? "''" : bad)}).count("parallelism", 1);
    REQUIRE_FALSE(count.has_value());
    CHECK(count.error().what.find("--parallelism") != std::string::npos);
  }
}

TEST_CASE("a missing value, a value for a flag and an option given twice are refused in one line") {
  CHECK_FALSE(refusal({"-p"}).empty());
  CHECK_FALSE(refusal({"--local=yes", "x"}).empty());
  CHECK(refusal({"-q", "-q"}).find("quiet") != std::string::npos);
}

TEST_CASE("help names every option with its letter, its argument and what it does") {
  const std::string help = help_of(kOptions);
  for (const char* part : {"--local", "--parallelism", "-p", " N", "How wide.", "Say less."}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}

}  // namespace
}  // namespace weir
