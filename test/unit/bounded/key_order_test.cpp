// SPDX-License-Identifier: Apache-2.0
#include "memory/key_order.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>

using namespace weir;

namespace {

struct Name {
  std::string last;
  std::int32_t first = 0;
};
struct OnlyYear {
  std::uint16_t year = 0;
};
enum class Color : std::int8_t { Red = -1, Green, Blue };

/// The values stand in their order, each before the next one, by comparison and as their prefixes allow.
template <class K>
void check_order(const std::vector<K>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      CAPTURE(i);
      CAPTURE(j);
      const int result = KeyOrder<K>::compare(values[i], values[j]);
      CHECK((result < 0) == (i < j));
      CHECK((result == 0) == (i == j));
      const auto a = KeyOrder<K>::prefix(values[i]);
      const auto b = KeyOrder<K>::prefix(values[j]);
      if (i < j) CHECK(a <= b);
      if (i != j && KeyOrder<K>::kPrefixDecides) CHECK(a != b);
    }
  }
}

}  // namespace

TEST_CASE("numbers are ordered by size, whatever their type") {
  using Limits = std::numeric_limits<std::int64_t>;
  check_order<std::int64_t>({Limits::min(), -256, -1, 0, 1, 255, 256, Limits::max()});
  check_order<std::int8_t>({-128, -1, 0, 1, 127});
  check_order<std::uint64_t>({0, 1, 1ull << 63, ~0ull});
  check_order<bool>({false, true});
  check_order<Color>({Color::Red, Color::Green, Color::Blue});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  check_order<double>({-kInfinity, -1e300, -1.5, -1e-320, 0.0, 1e-320, 1.0, 1.5, kInfinity, std::nan("")});
  check_order<float>({-2.5f, -0.5f, 0.f, 0.5f, 2.5f});
  CHECK(KeyOrder<double>::compare(0.0, -0.0) == 0);
}

TEST_CASE("text is ordered byte by byte") {
  check_order<std::string>({"", "a", std::string("a\0", 2), "ab", "abcdefgh", "abcdefgh1", "abcdefgh2", "b",
                            "\x7f", "\x80", "\xff"});
}

TEST_CASE("what is made of others is ordered by its parts") {
  check_order<std::pair<std::int32_t, std::string>>({{-1, "z"}, {0, "a"}, {0, "b"}, {7, ""}});
  check_order<std::tuple<std::string, double>>({{"a", -1.0}, {"a", 2.0}, {"b", 0.0}});
  check_order<std::optional<std::int32_t>>({std::nullopt, -5, 0, 5});
  check_order<std::vector<std::int16_t>>({{}, {-1}, {-1, 0}, {0}, {1, -7}, {1, 2, 3}});
  check_order<std::array<std::int32_t, 2>>({{-1, 9}, {0, 0}, {0, 1}});
  check_order<Name>({{"ada", 1}, {"ada", 2}, {"bob", -1}});
  check_order<OnlyYear>({{1}, {2}, {65535}});
  static_assert(KeyOrder<OnlyYear>::kPrefixDecides);
  static_assert(!KeyOrder<Name>::kPrefixDecides);
}

TEST_CASE("another type has its own operator") {
  check_order<std::map<int, int>>({{}, {{1, 1}}, {{1, 2}}, {{2, 0}}});
}
