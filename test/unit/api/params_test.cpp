// SPDX-License-Identifier: Apache-2.0
#include "api/params.h"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

using namespace weir;

namespace {

/// What the user is told.
std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const ProgramError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an option is named with two dashes, and its value follows it or stands behind an equals sign") {
  const Params params({"--input", "a.txt", "--output=b=c", "--empty=", "--dash=--x", "--flag"});
  CHECK(params.get("input", "") == "a.txt");
  CHECK(params.get("output", "") == "b=c");
  CHECK(params.get("empty", "else") == "");
  CHECK(params.get("dash", "") == "--x");
  CHECK(params.has("flag"));
  CHECK_FALSE(params.has("other"));
  CHECK(params.get("other", "else") == "else");
  params.refuse_unknown();
}

TEST_CASE("a flag is followed by nothing, or by another option") {
  const Params params({"--first", "--second", "--last"});
  for (const char* name : {"first", "second", "last"}) CHECK(params.has(name));
  CHECK(refusal([&] { (void)params.get("first", ""); }) == "option --first needs a value");
  CHECK(refusal([&] { (void)params.require("last"); }) == "option --last needs a value");
}

TEST_CASE("of an option that is given twice the last one counts") {
  CHECK(Params({"--n", "1", "--n=2"}).get_int("n", 0) == 2);
}

TEST_CASE("numbers are whole, with a sign or without") {
  const Params params({"--a", "42", "--b=-7", "--c", "-9", "--most=9223372036854775807"});
  CHECK(params.get_int("a", 0) == 42);
  CHECK(params.get_int("b", 0) == -7);
  CHECK(params.get_int("c", 0) == -9);
  CHECK(params.get_int("most", 0) == std::numeric_limits<std::int64_t>::max());
  CHECK(params.get_int("none", -3) == -3);
  for (const char* wrong : {"", "x", "1x", "1.5", " 1", "9223372036854775808"}) {
    CHECK(refusal([&] { (void)Params({std::string("--n=") + wrong}).get_int("n", 0); }) ==
          "option --n needs a whole number, not '" + std::string(wrong) + "'");
  }
}

TEST_CASE("what is required is said to be missing, beside what was given") {
  CHECK(Params({"--input=a"}).require("input") == "a");
  CHECK(refusal([] { (void)Params().require("input"); }) == "option --input is missing");
  CHECK(refusal([] { (void)Params({"--in", "a", "--out=b"}).require("input"); }) ==
        "option --input is missing; given are: --in --out");
}

TEST_CASE("a choice is one of those that there are, else the first") {
  CHECK(Params().choose("emit", {"updates", "final"}) == "updates");
  CHECK(Params({"--emit=final"}).choose("emit", {"updates", "final"}) == "final");
  CHECK(refusal([] { (void)Params({"--emit=late"}).choose("emit", {"updates", "final"}); }) ==
        "option --emit is one of updates, final, not 'late'");
}

TEST_CASE("what the program never asked for is refused, beside what it knows") {
  const Params params({"--input", "a", "--ouput", "b"});
  (void)params.get("input", "");
  (void)params.get("output", "");
  CHECK(refusal([&] { params.refuse_unknown(); }) ==
        "the program has no option --ouput; it knows --input, --output");
  CHECK(refusal([] { Params({"--x"}).refuse_unknown(); }) == "the program has no option --x; it takes none");
}

TEST_CASE("an argument without a name is refused") {
  for (const char* argument : {"file.txt", "-p", "--", "-", ""}) {
    CAPTURE(argument);
    CHECK(refusal([&] { Params({argument}).refuse_unknown(); }) ==
          "the program takes no argument '" + std::string(argument) + "'; it takes none");
  }
  CHECK(refusal([] { Params({"--=x"}).refuse_unknown(); }) ==
        "the program takes no argument '--=x'; it takes none");
}

TEST_CASE("the arguments are there as they were given") {
  const std::vector<std::string> arguments{"--a", "1", "--b=2"};
  CHECK(Params(arguments).arguments() == arguments);
}
