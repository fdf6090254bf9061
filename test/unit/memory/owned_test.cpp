// SPDX-License-Identifier: Apache-2.0
#include "memory/owned.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/random_value.h"

using namespace weir;
using namespace std::string_view_literals;

namespace {

struct Word {
  std::string_view text;
  std::int64_t count = 0;
  bool operator==(const Word&) const = default;
};
struct Sentence {
  Word subject;
  std::pair<std::string_view, int> verb;
  std::tuple<std::string, std::string_view> object;
  bool operator==(const Sentence&) const = default;
};

}  // namespace

static_assert(!Borrows<int>::value && !Borrows<std::string>::value &&
              !Borrows<std::vector<std::string>>::value);
static_assert(Borrows<std::string_view>::value && Borrows<Word>::value && Borrows<Sentence>::value);
static_assert(Borrows<std::array<Word, 2>>::value && Borrows<std::optional<std::string_view>>::value);
static_assert(Borrows<std::vector<std::pair<int, std::string_view>>>::value);
static_assert(Borrows<std::map<std::string_view, int>>::value);

TEST_CASE("what is kept outlives what it was made of") {
  std::string buffer = "wordverbobject";
  const std::string_view all = buffer;
  Owned<Sentence> kept(Sentence{{all.substr(0, 4), 7}, {all.substr(4, 4), 8}, {"owned", all.substr(8)}});
  buffer.assign(buffer.size(), '#');
  CHECK(kept.get() == Sentence{{"word", 7}, {"verb", 8}, {"owned", "object"}});
}

TEST_CASE("moving what is kept leaves its views valid") {
  Owned<Word> first(Word{std::string("a longer text than fits anywhere by itself"), 1});
  Owned<Word> second(std::move(first));
  CHECK(second.get().text == "a longer text than fits anywhere by itself");

  std::vector<Owned<Word>> many;
  for (int i = 0; i < 100; ++i) many.emplace_back(Word{std::to_string(i), i});
  for (int i = 0; i < 100; ++i) CHECK(many[static_cast<std::size_t>(i)].get() == Word{std::to_string(i), i});

  first = std::move(many[42]);
  CHECK(first.get() == Word{"42", 42});
}

TEST_CASE("what points into itself at its old places is taken over for nothing") {
  Owned<Word> kept(Word{"hello", 1});
  const char* const before = kept.get().text.data();
  kept.assign({kept.get().text, 2});
  CHECK(kept.get() == Word{"hello", 2});
  CHECK(kept.get().text.data() == before);

  kept.assign({kept.get().text.substr(0, 4), 3});
  CHECK(kept.get() == Word{"hell", 3});
  CHECK(kept.get().text.data() == before);
}

TEST_CASE("what points into itself elsewhere is copied before it is dropped") {
  Owned<std::pair<std::string_view, std::string_view>> kept({"left", "right"});
  SUBCASE("in another order") {
    kept.assign({kept.get().second, kept.get().first});
    CHECK(kept.get() == std::pair{"right"sv, "left"sv});
  }
  SUBCASE("twice") {
    kept.assign({kept.get().first, kept.get().first});
    CHECK(kept.get() == std::pair{"left"sv, "left"sv});
  }
  SUBCASE("a part of it") {
    kept.assign({kept.get().first.substr(1), kept.get().second.substr(2, 2)});
    CHECK(kept.get() == std::pair{"eft"sv, "gh"sv});
  }
  SUBCASE("the whole") {
    kept.assign(kept.get());
    CHECK(kept.get() == std::pair{"left"sv, "right"sv});
  }
}

TEST_CASE("empty texts, and none at all, can be kept") {
  Owned<Word> kept(Word{});
  CHECK(kept.get() == Word{});
  kept.assign({"", 1});
  CHECK(kept.get() == Word{"", 1});
  kept.assign({{}, 2});
  CHECK(kept.get() == Word{"", 2});
  kept.assign({"text", 3});
  CHECK(kept.get() == Word{"text", 3});
}

TEST_CASE("texts in arrays, optionals and vectors are kept as well") {
  std::string buffer = "onetwothree";
  const std::string_view all = buffer;
  const std::string_view one = all.substr(0, 3);
  const std::string_view two = all.substr(3, 3);

  Owned<std::array<std::string_view, 2>> array({one, two});
  Owned<std::optional<std::string_view>> optional(two);
  Owned<std::optional<std::string_view>> none(std::nullopt);
  Owned<std::vector<Word>> words(std::vector<Word>{{one, 1}, {all.substr(6), 3}});
  buffer.assign(buffer.size(), '#');

  CHECK(array.get() == std::array{"one"sv, "two"sv});
  CHECK(optional.get() == "two");
  CHECK(none.get() == std::nullopt);
  CHECK(words.get() == std::vector<Word>{{"one", 1}, {"three", 3}});
}

TEST_CASE("a field that is no view is changed in place") {
  Owned<Word> kept(Word{"text", 1});
  kept.mutate().count += 41;
  CHECK(kept.get() == Word{"text", 42});
}

TEST_CASE("an owned value keeps its text through any sequence of changes") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  using Pair = std::pair<std::string_view, std::string_view>;
  Owned<Pair> kept(Pair{});
  std::pair<std::string, std::string> expected;
  for (int round = 0; round < 2000; ++round) {
    const auto pick = [&](const std::string& fresh) -> std::string_view {
      const std::string_view mine = random() % 2 == 0 ? kept.get().first : kept.get().second;
      if (random() % 3 == 0) return fresh;
      const auto from = random() % (mine.size() + 1);
      return mine.substr(from, random() % (mine.size() + 1));
    };
    const std::string fresh[] = {testing::random_text(random), testing::random_text(random)};
    const Pair next{pick(fresh[0]), pick(fresh[1])};
    expected = {std::string(next.first), std::string(next.second)};
    kept.assign(next);
    REQUIRE(kept.get() == Pair(expected.first, expected.second));
  }
}

TEST_CASE("what owns its text already is kept as it is") {
  Owned<std::string> kept("text");
  kept.assign(kept.get() + "s");
  CHECK(kept.get() == "texts");
}
