// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/key_hash.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "test/support/random_value.h"

using namespace weir;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

enum class Colour : std::uint8_t { Red = 3 };

struct Place {
  std::string city;
  std::int32_t street = 0;
  bool operator==(const Place&) const = default;
};
struct PlaceView {
  std::string_view city;
  std::int32_t street = 0;
  bool operator==(const PlaceView&) const = default;
};

template <class K>
std::uint64_t hash_of(const K& key) {
  return KeyHash<K>::hash(key);
}

/// How far counts are from equal, in deviations of what chance would do. (Pearson's chi-square, made normal)
double deviation(const std::vector<std::uint32_t>& counts) {
  double total = 0;
  for (const auto count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  double chi_square = 0;
  for (const auto count : counts) chi_square += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(counts.size() - 1);
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

/// Keys as programs have them: each makes the i-th.
template <int kind>
auto key_number(std::uint64_t i) {
  if constexpr (kind == 0) return i;
  else if constexpr (kind == 1) return i * 4096;
  else if constexpr (kind == 2) return static_cast<std::int32_t>(i) - 100'000;
  else if constexpr (kind == 3) return "user-" + std::to_string(i);
  else if constexpr (kind == 4) return "a rather long prefix that all keys share/" + std::to_string(i);
  else if constexpr (kind == 5) return static_cast<double>(i) / 8;
  else if constexpr (kind == 6) return std::pair(i % 1000, i / 1000);
  else return std::tuple("shop"s, static_cast<std::int32_t>(i), std::uint8_t{7});
}

/// A key group's keys, by the bits that its table looks at: the highest seven give the place, the lowest
/// seven the tag.
template <int kind>
void check_bits_within_a_group(std::uint32_t max_parallelism) {
  CAPTURE(kind);
  CAPTURE(max_parallelism);
  std::vector<std::uint32_t> places(128);
  std::vector<std::uint32_t> tags(128);
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const auto hash = hash_of(key_number<kind>(i));
    const KeyGroup group = key_group_of(hash, max_parallelism);
    if (group % (max_parallelism / 8) != 3 % (max_parallelism / 8)) continue;  // eight groups
    ++places[hash >> 57];
    ++tags[hash & 127];
  }
  CHECK(std::abs(deviation(places)) < 5);
  CHECK(std::abs(deviation(tags)) < 5);
}

template <int... kinds>
void check_all_kinds(std::uint32_t max_parallelism, std::integer_sequence<int, kinds...>) {
  (check_bits_within_a_group<kinds>(max_parallelism), ...);
}

}  // namespace

static_assert(Key<int> && Key<bool> && Key<Colour> && Key<double> && Key<std::string> &&
              Key<std::string_view>);
static_assert(Key<std::pair<int, std::string>> && Key<std::tuple<int, std::pair<char, std::string_view>>>);
static_assert(Key<Place> && Key<std::vector<std::string>>);

TEST_CASE("a hash never changes: savepoints are cut by it") {
  CHECK(hash_of(std::uint64_t{0}) == 0x96ebbe173ff72a30);
  CHECK(hash_of(std::uint64_t{1}) == 0xccd58ea1dd117a2c);
  CHECK(hash_of(std::int32_t{-1}) == 0xae1ea72d73134b42);
  CHECK(hash_of(std::int64_t{1'000'000'007}) == 0x17733ab1658c366b);
  CHECK(hash_of(true) == 0xccd58ea1dd117a2c);
  CHECK(hash_of('a') == 0x8568b051d18ee676);
  CHECK(hash_of(3.25) == 0x25946184d7ccf494);
  CHECK(hash_of(""sv) == 0x42bc986dc5eec4d3);
  CHECK(hash_of("a"sv) == 0x6cf84e5a2465e867);
  CHECK(hash_of("the"sv) == 0xf566b48ad7a81492);
  CHECK(hash_of("weir"sv) == 0x30b66423907b917d);
  CHECK(hash_of("sixteen letters!"sv) == 0x5cac98cf83782ad0);
  CHECK(hash_of("seventeen letters"sv) == 0x2184723d65d22f0f);
  CHECK(hash_of(std::string(100, 'x')) == 0xe23cdda0cd793992);
  CHECK(hash_of(std::pair(1, "one"s)) == 0xd8b7eb38c48cd7c7);
  CHECK(hash_of(std::tuple(1, 2.0, "three"sv)) == 0xa85c82fe02c8d31f);
  CHECK(hash_of(std::vector{1, 2, 3}) == 0xb06bdc08d182a8b7);
  CHECK(hash_of(Place{"Ulm", 7}) == 0x00116dbadde04aaf);
}

TEST_CASE("equal keys hash alike, however they are typed or held") {
  CHECK(hash_of("text"sv) == hash_of("text"s));
  CHECK(hash_of(std::pair("a"sv, 1)) == hash_of(std::pair("a"s, 1)));
  CHECK(hash_of(std::tuple(1, "a"sv)) == hash_of(std::tuple(1, "a"s)));
  CHECK(hash_of(PlaceView{"Ulm", 7}) == hash_of(Place{"Ulm", 7}));
  CHECK(hash_of(std::int8_t{-3}) == hash_of(std::int64_t{-3}));
  CHECK(hash_of(std::uint16_t{300}) == hash_of(std::uint64_t{300}));
  CHECK(hash_of(Colour::Red) == hash_of(3));
  CHECK(hash_of(0.0) == hash_of(-0.0));
  CHECK(hash_of(1.5f) == hash_of(1.5));
  CHECK(hash_of(-0.0f) == hash_of(0.0));
}

TEST_CASE("owned and borrowed text of any bytes hash alike") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = testing::random_text(random);
    const std::string elsewhere = "#" + text;  // at another alignment
    REQUIRE(hash_of(text) == hash_of(std::string_view(elsewhere).substr(1)));
  }
}

TEST_CASE("different keys that look alike hash apart") {
  std::unordered_set<std::uint64_t> seen;
  std::size_t keys = 0;
  const auto add = [&](std::uint64_t hash) {
    seen.insert(hash);
    ++keys;
  };
  for (std::size_t length = 0; length <= 300; ++length) add(hash_of(std::string(length, '\0')));
  for (std::size_t place = 0; place < 60; ++place) {  // one bit, anywhere
    for (int bit = 0; bit < 8; ++bit) {
      std::string text(60, 'a');
      text[place] = static_cast<char>(text[place] ^ 1 << bit);
      add(hash_of(text));
    }
  }
  for (int bit = 0; bit < 64; ++bit) add(hash_of(std::uint64_t{1} << bit));
  add(hash_of(std::pair(1, 2)));
  add(hash_of(std::pair(2, 1)));
  add(hash_of(std::pair("a"s, "bc"s)));
  add(hash_of(std::pair("ab"s, "c"s)));
  add(hash_of(std::vector{0}));
  add(hash_of(std::vector{0, 0}));
  add(hash_of(std::vector<int>{}));
  CHECK(seen.size() == keys);
}

TEST_CASE("numbers in even steps are dealt evenly over groups, places and tags") {
  std::vector<std::uint64_t> steps{3,          1000,    977,         60'000,        1'000'000,
                                   86'400'000, 0x10001, 0x100000001, 12'345'678'901};
  for (int bit = 0; bit < 46; ++bit) steps.push_back(std::uint64_t{1} << bit);
  for (const std::uint64_t step : steps) {
    CAPTURE(step);
    std::vector<std::uint32_t> groups(128);
    std::vector<std::uint32_t> places(128);
    std::vector<std::uint32_t> tags(128);
    for (std::uint64_t i = 0; i < 100'000; ++i) {
      const auto hash = hash_of(i * step);
      ++groups[key_group_of(hash, 128)];
      ++places[hash >> 57];
      ++tags[hash & 127];
    }
    CHECK(std::abs(deviation(groups)) < 5);
    CHECK(std::abs(deviation(places)) < 5);
    CHECK(std::abs(deviation(tags)) < 5);
  }
}

TEST_CASE("each bit of a key reaches each bit of its hash") {
  constexpr int kKeys = 4000;
  for (int from = 0; from < 64; ++from) {
    std::array<int, 64> flips{};
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      const auto changed = hash_of(key * 977) ^ hash_of(key * 977 ^ std::uint64_t{1} << from);
      for (int to = 0; to < 64; ++to)
        flips[static_cast<std::size_t>(to)] += static_cast<int>(changed >> to & 1);
    }
    for (int to = 0; to < 64; ++to) {
      CAPTURE(from);
      CAPTURE(to);
      // Half of the time: 2000 of 4000, whose deviation is 32.
      REQUIRE(std::abs(flips[static_cast<std::size_t>(to)] - kKeys / 2) < 6 * 32);
    }
  }
}

TEST_CASE("the bits that choose a key group say nothing of those by which its table finds a place") {
  check_all_kinds(128, std::make_integer_sequence<int, 8>{});
  check_all_kinds(1024, std::make_integer_sequence<int, 8>{});
}
