// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/text_format.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using namespace weir;

namespace {

enum class Colour : std::uint8_t { Red = 7 };
struct Nothing {};
struct Word {
  std::string_view text;
  std::int64_t count = 0;
};
struct Line {
  std::vector<Word> words;
  std::optional<int> number;
  bool is_last = false;
};
struct Money {
  std::int64_t cents = 0;
};
std::ostream& operator<<(std::ostream& out, const Money& money) { return out << money.cents / 100 << " EUR"; }

template <class T>
std::string text_of(const T& value) {
  std::string text;
  format_record(text, value);
  return text;
}

}  // namespace

TEST_CASE("text and letters are written as they are") {
  CHECK(text_of(std::string("a \"b\"\\")) == "a \"b\"\\");
  CHECK(text_of(std::string_view("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(text_of('c') == "c");
}

TEST_CASE("numbers are written so that they can be read back, and no longer") {
  CHECK(text_of(0) == "0");
  CHECK(text_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(text_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(text_of(std::uint8_t{65}) == "65");
  CHECK(text_of(std::int8_t{-1}) == "-1");
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(1.0f / 3) == "0.33333334");
  CHECK(text_of(std::numeric_limits<double>::lowest()) == "-1.7976931348623157e+308");
  CHECK(text_of(true) == "true");
  CHECK(text_of(Colour::Red) == "7");
}

TEST_CASE("structs, pairs and tuples stand in round brackets") {
  CHECK(text_of(Word{"hello", 3}) == "(hello,3)");
  CHECK(text_of(std::pair(1, std::string("one"))) == "(1,one)");
  CHECK(text_of(std::tuple(1, 2.5, std::pair('x', false))) == "(1,2.5,(x,false))");
  CHECK(text_of(std::tuple<int>(1)) == "(1)");
  CHECK(text_of(Nothing{}) == "()");
}

TEST_CASE("containers stand in square brackets") {
  CHECK(text_of(std::vector{1, 2, 3}) == "[1, 2, 3]");
  CHECK(text_of(std::vector<int>{}) == "[]");
  CHECK(text_of(std::array{true, false}) == "[true, false]");
  CHECK(text_of(std::vector{true, false}) == "[true, false]");
  CHECK(text_of(std::set<std::string>{"b", "a"}) == "[a, b]");
  CHECK(text_of(std::map<int, std::string>{{1, "one"}, {2, "two"}}) == "[(1,one), (2,two)]");
}

TEST_CASE("what is not there is written as nothing") {
  CHECK(text_of(std::optional<int>(5)) == "5");
  CHECK(text_of(std::optional<int>()) == "");
  CHECK(text_of(Line{{{"a", 1}, {"b", 2}}, std::nullopt, true}) == "([(a,1), (b,2)],,true)");
}

TEST_CASE("a type with an operator of its own is written by that") {
  CHECK(text_of(Money{1250}) == "12 EUR");
  CHECK(text_of(std::vector{Money{100}, Money{200}}) == "[1 EUR, 2 EUR]");
}

TEST_CASE("a record is appended to what stands there") {
  std::string text = "2> ";
  format_record(text, 7);
  CHECK(text == "2> 7");
}
