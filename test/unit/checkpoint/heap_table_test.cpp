// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/heap_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checkpoint/state/keyed_backend.h"
#include "memory/owned.h"

using namespace weir;

namespace {

struct Count {
  std::string key;
  std::int64_t count = 0;
};

struct ByKey {
  using Key = std::string_view;
  [[nodiscard]] std::uint64_t hash(const Count& entry) const { return KeyHash<std::string>::hash(entry.key); }
  [[nodiscard]] bool equal(const Count& entry, const Key& key) const { return entry.key == key; }
};
using Counts = HeapTable<Count, ByKey>;

Counts::Place place_of(Counts& table, std::string_view key) {
  return table.locate(KeyHash<std::string_view>::hash(key));
}
Count* find(Counts& table, std::string_view key) { return table.find(place_of(table, key), key); }
void add(Counts& table, std::string key, std::int64_t count) {
  const auto place = place_of(table, key);
  table.insert(place, {std::move(key), count});
}

/// A number that hashes to few places and fewer tags, and that counts how many of it live.
struct Crowded {
  explicit Crowded(int number) : number(number), alive(std::make_shared<int>(number)) {
    all.push_back(alive);
  }
  int number;
  std::shared_ptr<int> alive;

  [[nodiscard]] static std::size_t count_alive() {
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [](const auto& each) { return !each.expired(); }));
  }
  static inline std::vector<std::weak_ptr<int>> all;
};
struct ByNumber {
  using Key = int;
  /// Three homes at the end of the table, of which runs go round to its beginning; two tags.
  [[nodiscard]] static std::uint64_t hash_of(int number) {
    return ~std::uint64_t{0} << 8 ^ static_cast<std::uint64_t>(number % 3) << 58 ^
           static_cast<std::uint64_t>(number % 2);
  }
  [[nodiscard]] std::uint64_t hash(const Crowded& entry) const { return hash_of(entry.number); }
  [[nodiscard]] bool equal(const Crowded& entry, int key) const { return entry.number == key; }
};

struct Number {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};
struct ByNumberKey {
  using Key = std::uint64_t;
  [[nodiscard]] std::uint64_t hash(const Number& entry) const {
    return KeyHash<std::uint64_t>::hash(entry.key);
  }
  [[nodiscard]] bool equal(const Number& entry, std::uint64_t key) const { return entry.key == key; }
};

/// Look-ups of all keys a second, the best of five rounds. The table has them all.
double probe_rate(const std::vector<std::uint64_t>& keys, KeyGroupRange range,
                  std::uint32_t max_parallelism) {
  HeapTable<Number, ByNumberKey> table(range, max_parallelism);
  for (const auto key : keys) table.insert(table.locate(KeyHash<std::uint64_t>::hash(key)), {key, key});
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t sum = 0;
    for (const auto key : keys)
      sum += table.find(table.locate(KeyHash<std::uint64_t>::hash(key)), key)->value == key;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    REQUIRE(sum == keys.size());
    best = std::max(best, static_cast<double>(keys.size()) / took.count());
  }
  return best;
}

}  // namespace

TEST_CASE("an entry is found by its key, changed in place, and removed") {
  Counts table({0, 127}, 128);
  CHECK(find(table, "a") == nullptr);
  add(table, "a", 1);
  add(table, "", 2);
  CHECK(table.entry_count() == 2);
  REQUIRE(find(table, "a") != nullptr);
  find(table, "a")->count += 10;
  CHECK(find(table, "a")->count == 11);
  CHECK(find(table, "")->count == 2);

  table.erase(place_of(table, "a"), "a");
  table.erase(place_of(table, "never there"), "never there");
  CHECK(find(table, "a") == nullptr);
  CHECK(table.entry_count() == 1);
}

TEST_CASE("a place stays good while the table grows under it") {
  Counts table({0, 0}, 1);
  const auto place = place_of(table, "first");
  for (int i = 0; i < 1000; ++i) add(table, std::to_string(i), i);
  CHECK(table.find(place, "first") == nullptr);
  table.insert(place, {"first", 7});
  CHECK(table.find(place, "first")->count == 7);
  for (int i = 1000; i < 10'000; ++i) add(table, std::to_string(i), i);
  CHECK(table.find(place, "first")->count == 7);
  for (int i = 0; i < 10'000; ++i) REQUIRE(find(table, std::to_string(i))->count == i);
}

TEST_CASE("all entries are visited once, group by group") {
  Counts table({0, 9}, 10);
  for (int i = 0; i < 500; ++i) add(table, std::to_string(i), 1);
  KeyGroup last_group = 0;
  std::int64_t visited = 0;
  table.for_each([&](Count& entry) {
    const KeyGroup group = key_group_of(ByKey{}.hash(entry), 10);
    CHECK(group >= last_group);
    last_group = group;
    visited += entry.count--;
  });
  CHECK(visited == 500);
  table.for_each([&](const Count& entry) { REQUIRE(entry.count == 0); });
}

TEST_CASE("a subtask's table holds the groups of its range") {
  for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
    const KeyGroupRange range = range_of(subtask, 3, 128);
    Counts table(range, 128);
    std::size_t mine = 0;
    for (int i = 0; i < 3000; ++i) {
      const std::string key = std::to_string(i);
      if (!range.contains(key_group_of(KeyHash<std::string>::hash(key), 128))) continue;
      add(table, key, i);
      ++mine;
    }
    CHECK(table.entry_count() == mine);
    CHECK(mine > 800);
  }
}

TEST_CASE("a key of a group that the subtask has not is refused, not looked for beyond the table") {
  Counts table({43, 85}, 128);
  int refused = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t hash = KeyHash<std::uint64_t>::hash(i);
    const KeyGroup group = key_group_of(hash, 128);
    if (43 <= group && group <= 85) {
      (void)table.locate(hash);
      continue;
    }
    ++refused;
    CHECK_THROWS_WITH_AS(
        (void)table.locate(hash),
        ("a key is of key group " + std::to_string(group) +
         ", but this subtask has the groups 43 to 85: the key function must give the same key for "
         "the same record, always")
            .c_str(),
        std::logic_error);
  }
  CHECK(refused > 500);
}

TEST_CASE("entries that crowd one corner are found, removed and let go like any others") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    Crowded::all.clear();
    {
      HeapTable<Crowded, ByNumber> table({0, 0}, 1);
      std::vector<bool> expected(60);
      for (int step = 0; step < 500; ++step) {
        const auto number = static_cast<int>(random() % expected.size());
        const auto place = table.locate(ByNumber::hash_of(number));
        const auto at = static_cast<std::size_t>(number);
        if (table.find(place, number) == nullptr) table.insert(place, Crowded(number));
        else table.erase(place, number);
        expected[at] = !expected[at];
        for (int each = 0; each < static_cast<int>(expected.size()); ++each) {
          const Crowded* found = table.find(table.locate(ByNumber::hash_of(each)), each);
          REQUIRE((found != nullptr) == expected[static_cast<std::size_t>(each)]);
          if (found != nullptr) REQUIRE(*found->alive == each);
        }
      }
      CHECK(Crowded::count_alive() == table.entry_count());
    }
    CHECK(Crowded::count_alive() == 0);
  }
}

TEST_CASE("a table that is emptied lets go what its entries have") {
  Crowded::all.clear();
  HeapTable<Crowded, ByNumber> table({0, 0}, 1);
  for (int number = 0; number < 20; ++number)
    table.insert(table.locate(ByNumber::hash_of(number)), Crowded(number));
  CHECK(Crowded::count_alive() == 20);
  table.clear();
  CHECK(Crowded::count_alive() == 0);
}

TEST_CASE("a table does what a map of the standard library does") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Counts table({0, 6}, 7);
  std::unordered_map<std::string, std::int64_t> expected;
  for (int step = 0; step < 50'000; ++step) {
    const std::string key = std::to_string(random() % 3000);
    const auto place = place_of(table, key);
    Count* found = table.find(place, key);
    REQUIRE((found != nullptr) == expected.contains(key));
    if (random() % 4 == 0) {
      table.erase(place, key);
      expected.erase(key);
    } else if (found == nullptr) {
      table.insert(place, {key, 1});
      expected.emplace(key, 1);
    } else {
      REQUIRE(++found->count == ++expected[key]);
    }
  }
  CHECK(table.entry_count() == expected.size());
}

TEST_CASE("what is kept of borrowed text is found after the table has grown") {
  struct Word {
    std::string_view text;
    std::int64_t count = 0;
  };
  struct ByText {
    using Key = std::string_view;
    [[nodiscard]] std::uint64_t hash(const Owned<Word>& held) const {
      return KeyHash<Key>::hash(held.get().text);
    }
    [[nodiscard]] bool equal(const Owned<Word>& held, const Key& key) const { return held.get().text == key; }
  };
  HeapTable<Owned<Word>, ByText> table({0, 0}, 1);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = std::string(static_cast<std::size_t>(i) % 40, 'x') + std::to_string(i);
    table.insert(table.locate(KeyHash<std::string>::hash(text)), Owned<Word>(Word{text, i}));
  }
  for (int i = 0; i < 5000; ++i) {
    const std::string text = std::string(static_cast<std::size_t>(i) % 40, 'x') + std::to_string(i);
    const auto* found = table.find(table.locate(KeyHash<std::string>::hash(text)), text);
    REQUIRE(found != nullptr);
    REQUIRE(found->get().count == i);
  }
}

TEST_CASE("keys in key groups are found about as fast as the same keys in one map") {
  constexpr std::uint32_t kGroups = 128;
  std::vector<std::uint64_t> keys(1'000'000);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = i * 1000;
  std::vector<std::uint64_t> of_one_subtask;
  const KeyGroupRange range = range_of(1, 8, kGroups);
  for (const auto key : keys) {
    if (range.contains(key_group_of(KeyHash<std::uint64_t>::hash(key), kGroups)))
      of_one_subtask.push_back(key);
  }
  // Were the group chosen by the bits that choose the place, this would be a twentieth.
  const double all = probe_rate(keys, {0, kGroups - 1}, kGroups) / probe_rate(keys, {0, 0}, 1);
  const double some = probe_rate(of_one_subtask, range, kGroups) / probe_rate(of_one_subtask, {0, 0}, 1);
  MESSAGE("in all groups " << all << " of one map's rate, in one subtask's " << some);
  CHECK(all >= 0.3);
  CHECK(some >= 0.3);
}

TEST_CASE("a backend makes a table once and hands it out again") {
  KeyedBackend backend({0, 127}, 128);
  CHECK(backend.range() == KeyGroupRange{0, 127});
  auto& table = backend.table<Count>("counts", ByKey{});
  add(table, "a", 1);
  CHECK(&backend.table<Count>("counts", ByKey{}) == &table);
  CHECK(backend.table<Count>("others", ByKey{}).entry_count() == 0);
}
