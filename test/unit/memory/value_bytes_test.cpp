// SPDX-License-Identifier: Apache-2.0
#include "memory/value_bytes.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace weir {
namespace {

enum class Colour : std::uint8_t { Red, Green };

struct Inner {
  std::string name;
  std::vector<std::int64_t> numbers;
  bool operator==(const Inner&) const = default;
};
struct Outer {
  std::uint16_t small = 0;
  bool flag = false;
  Colour colour = Colour::Red;
  std::chrono::nanoseconds length{};
  std::map<std::string, Inner> inner;
  bool operator==(const Outer&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, Inner& x) {
  return f(x.name, x.numbers);
}
template <class F>
typename F::result_type inspect(F& f, Outer& x) {
  return f(x.small, x.flag, x.colour, x.length, x.inner);
}

const Outer kSample{
    .small = 65535,
    .flag = true,
    .colour = Colour::Green,
    .length = std::chrono::nanoseconds(-5),
    .inner = {{"a", {.name = "x", .numbers = {0, -1, std::numeric_limits<std::int64_t>::min()}}},
              {"b", {.name = "", .numbers = {std::numeric_limits<std::int64_t>::max()}}}}};

TEST_CASE("a value with fields, containers and extreme numbers comes back as it was") {
  CHECK(from_value_bytes<Outer>(to_value_bytes(kSample)) == kSample);
  CHECK(from_value_bytes<Outer>(to_value_bytes(Outer{})) == Outer{});
}

TEST_CASE("bytes that are cut off or go on are no value") {
  const std::string bytes = to_value_bytes(kSample);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK(!from_value_bytes<Outer>(bytes.substr(0, length)));
  CHECK(!from_value_bytes<Outer>(bytes + '\0'));
}

TEST_CASE("a number that its field cannot hold is no value") {
  std::string bytes = to_value_bytes(Outer{});
  CHECK(!from_value_bytes<Outer>("\x80\x80\x04" + bytes.substr(1)));
  bytes[1] = 2;  // the flag
  CHECK(!from_value_bytes<Outer>(bytes));
}

TEST_CASE("a length beyond the end makes no room") {
  const std::string claims_2_to_the_40 = "\x80\x80\x80\x80\x80\x20";
  CHECK(!from_value_bytes<Inner>(claims_2_to_the_40));
  CHECK(!from_value_bytes<Inner>(std::string(1, '\0') + claims_2_to_the_40));
}

TEST_CASE("keys of a map come once and in order") {
  Outer two;
  two.inner = {{"a", {}}, {"b", {}}};
  std::string bytes = to_value_bytes(two);
  const std::size_t first = bytes.find('a');
  std::swap(bytes[first], bytes[bytes.find('b')]);
  CHECK(!from_value_bytes<Outer>(bytes));
}

}  // namespace
}  // namespace weir
