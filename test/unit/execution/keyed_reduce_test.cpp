// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/keyed_reduce.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/operator_ends.h"

using namespace weir;
using weir::testing::Gathered;

namespace {

struct Word {
  std::string_view text;
  std::int64_t count = 0;
  bool operator==(const Word&) const = default;
};
struct Visit {
  std::string shop;
  std::int32_t day = 0;
  double spent = 0;
  bool operator==(const Visit&) const = default;
};
struct ShopAndDay {
  std::string shop;
  std::int32_t day = 0;
  bool operator==(const ShopAndDay&) const = default;
};

/// What comes out keeps its text, as a sink's neighbour would have to.
struct OwnedWords final : Input<Word> {
  void process(const Word& word, EventTime) override { all.emplace_back(word.text, word.count); }
  std::vector<std::pair<std::string, std::int64_t>> all;
};

template <class T, class Key, class Fold, class Next = Gathered<T>>
struct Reducer {
  Reducer(Key key, Fold fold, Emit emit) : reduce(std::move(key), std::move(fold), emit) {
    reduce.bind(context);
    reduce.set_output(out);
    reduce.open(context);
  }
  void add(const T& value) { reduce.process(value, EventTime{value_count++}); }

  Next out;
  std::int64_t value_count = 0;
  OperatorContext context{{"reduce", 0, 1, 128}};
  KeyedReduce<T, Key, Fold> reduce;
};

template <class T, class Next = Gathered<T>, class Key, class Fold>
auto reducer(Key key, Fold fold, Emit emit = Emit::Updates) {
  return std::make_unique<Reducer<T, Key, Fold, Next>>(std::move(key), std::move(fold), emit);
}

template <class T, class F>
ReduceFold<T, F> by(F function) {
  return {std::move(function)};
}

}  // namespace

TEST_CASE("each record of a key brings the new sum, with the record's time") {
  const auto sum = reducer<Visit>(&Visit::shop, SumFold<Visit, double Visit::*>{{&Visit::spent}});
  sum->add({"a", 1, 10});
  sum->add({"b", 2, 5});
  sum->add({"a", 3, 2.5});
  CHECK(sum->out.values == std::vector<Visit>{{"a", 1, 10}, {"b", 2, 5}, {"a", 1, 12.5}});
  CHECK(sum->out.times == std::vector{EventTime{0}, EventTime{1}, EventTime{2}});
  sum->reduce.finish();
  CHECK(sum->out.values.size() == 3);
}

TEST_CASE("with final results a key speaks once, at the end") {
  const auto sum =
      reducer<Visit>(&Visit::shop, SumFold<Visit, double Visit::*>{{&Visit::spent}}, Emit::Final);
  for (int i = 0; i < 1000; ++i) sum->add({std::to_string(i % 10), i, 1});
  CHECK(sum->out.values.empty());
  sum->reduce.finish();
  REQUIRE(sum->out.values.size() == 10);
  for (const Visit& visit : sum->out.values) CHECK(visit.spent == 100);
}

TEST_CASE("least and most of a field, by member or by function; the other fields stay the first record's") {
  const auto day = [](auto& visit) -> auto& { return visit.day; };
  const auto least = reducer<Visit>(&Visit::shop, MinFold<Visit, decltype(day)>{{day}});
  const auto most = reducer<Visit>(&Visit::shop, MaxFold<Visit, decltype(day)>{{day}});
  for (const int each : {5, 3, 9, 4}) {
    least->add({"a", each, each * 1.0});
    most->add({"a", each, each * 1.0});
  }
  CHECK(least->out.values == std::vector<Visit>{{"a", 5, 5}, {"a", 3, 5}, {"a", 3, 5}, {"a", 3, 5}});
  CHECK(most->out.values == std::vector<Visit>{{"a", 5, 5}, {"a", 5, 5}, {"a", 9, 5}, {"a", 9, 5}});
}

TEST_CASE("borrowed words are counted though the buffer they came in is gone") {
  const auto counts = reducer<Word, OwnedWords>(
      &Word::text, SumFold<Word, std::int64_t Word::*>{{&Word::count}}, Emit::Final);
  std::map<std::string, std::int64_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    std::string buffer(static_cast<std::size_t>(i) % 50, 'x');
    buffer += std::to_string(i % 700);
    counts->add({buffer, 1});
    ++expected[buffer];
    buffer.assign(buffer.size(), '#');
  }
  counts->reduce.finish();
  std::ranges::sort(counts->out.all);
  CHECK(counts->out.all ==
        std::vector<std::pair<std::string, std::int64_t>>(expected.begin(), expected.end()));
}

TEST_CASE("keys of several parts: tuples of views, structs, results of functions") {
  SUBCASE("a tuple that borrows") {
    const auto key = [](const Visit& visit) { return std::tuple(std::string_view(visit.shop), visit.day); };
    const auto sum = reducer<Visit>(key, SumFold<Visit, double Visit::*>{{&Visit::spent}});
    for (const double spent : {1.0, 2.0}) sum->add({"a", 1, spent});
    sum->add({"a", 2, 5});
    CHECK(sum->out.values == std::vector<Visit>{{"a", 1, 1}, {"a", 1, 3}, {"a", 2, 5}});
  }
  SUBCASE("a struct") {
    const auto key = [](const Visit& visit) { return ShopAndDay{visit.shop, visit.day}; };
    const auto sum = reducer<Visit>(key, SumFold<Visit, double Visit::*>{{&Visit::spent}});
    for (const double spent : {1.0, 2.0}) sum->add({"a", 1, spent});
    sum->add({"b", 1, 5});
    CHECK(sum->out.values == std::vector<Visit>{{"a", 1, 1}, {"a", 1, 3}, {"b", 1, 5}});
  }
  SUBCASE("the record itself") {
    const auto count =
        reducer<std::string>(std::identity{}, by<std::string>([](const auto& held, auto&) { return held; }));
    for (const char* text : {"a", "b", "a"}) count->add(text);
    CHECK(count->out.values == std::vector<std::string>{"a", "b", "a"});
  }
}

TEST_CASE("a reduce function gets what is held and what is new, and decides on every field") {
  const auto latest = reducer<Visit>(&Visit::shop, by<Visit>([](const Visit& held, const Visit& next) {
    return Visit{held.shop, std::max(held.day, next.day), held.spent + next.spent};
  }));
  latest->add({"a", 4, 1});
  latest->add({"a", 2, 1});
  latest->add({"a", 7, 1});
  CHECK(latest->out.values == std::vector<Visit>{{"a", 4, 1}, {"a", 4, 2}, {"a", 7, 3}});
}

TEST_CASE("a reduce function may return views of what is held and of what is new") {
  const auto longest = reducer<Word, OwnedWords>([](const Word& word) { return word.count; },
                                                 by<Word>([](const Word& held, const Word& next) {
                                                   return held.text.size() >= next.text.size() ? held : next;
                                                 }));
  for (const char* text :
       {"short", "a rather longer text", "medium text", "the very longest text of them all"}) {
    const std::string buffer = text;
    longest->add({buffer, 1});
  }
  CHECK(longest->out.all == std::vector<std::pair<std::string, std::int64_t>>{
                                {"short", 1},
                                {"a rather longer text", 1},
                                {"a rather longer text", 1},
                                {"the very longest text of them all", 1}});
}

TEST_CASE("what the user's functions throw carries the operator's name") {
  const auto key = [](const Visit& visit) {
    if (visit.shop.empty()) throw std::invalid_argument("a visit to no shop");
    return visit.day;
  };
  const auto sum = reducer<Visit>(key, by<Visit>([](const Visit& held, const Visit& next) -> Visit {
    if (next.spent < 0) throw std::out_of_range("negative");
    return held;
  }));
  sum->add({"a", 1, 1});
  try {
    sum->add({"", 1, 1});
    FAIL("nothing was thrown");
  } catch (const OperatorFailure& failure) {
    CHECK(failure.operator_name() == "reduce");
    CHECK(std::string(failure.what()) == "a visit to no shop");
  }
  CHECK_THROWS_AS(sum->add({"a", 1, -1}), OperatorFailure);
}

TEST_CASE("a reduce function that returns another key is told so, not believed") {
  const auto forgets_key = reducer<Visit>(&Visit::shop, by<Visit>([](const Visit& held, const Visit& next) {
    return Visit{"", 0, held.spent + next.spent};
  }));
  forgets_key->add({"a", 1, 1});
  try {
    forgets_key->add({"a", 1, 1});
    FAIL("nothing was thrown");
  } catch (const OperatorFailure& failure) {
    CHECK(failure.operator_name() == "reduce");
    CHECK(std::string(failure.what()) == "the reduce function returned a record of another key");
  }
}
