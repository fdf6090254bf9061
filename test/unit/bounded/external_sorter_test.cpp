// SPDX-License-Identifier: Apache-2.0
#include "execution/bounded/external_sorter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "execution/bounded/sort_order.h"
#include "test/support/faulty_file_system.h"
#include "test/unit/bounded/small_space.h"

using namespace weir;
using weir::testing::FaultyFileSystem;
using weir::testing::SmallSpace;

namespace {

struct Row {
  std::string name;
  std::int32_t number = 0;
  std::uint32_t came = 0;  // as which
  bool operator==(const Row&) const = default;
};

struct ByName {
  auto operator()(const Row& row) const -> const std::string& { return row.name; }
};

/// Names that are often equal, now and then long or very long.
std::vector<Row> random_rows(std::mt19937_64& random, std::uint32_t count) {
  std::vector<Row> rows;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string name = "common-" + std::to_string(random() % (count / 3 + 1));
    if (random() % 50 == 0) name += std::string(random() % 6000, 'x');
    rows.push_back({std::move(name), static_cast<std::int32_t>(random() % 100) - 50, i});
  }
  return rows;
}

template <class By>
std::vector<Row> sorted(By by, SmallSpace& small, const std::vector<Row>& rows, std::size_t* runs = nullptr) {
  ExternalSorter<Row, By> sorter(by, small.space);
  for (const Row& row : rows) sorter.add(row, EventTime{static_cast<std::int64_t>(row.came)});
  sorter.finish();
  std::vector<Row> result;
  while (sorter.next()) {
    CHECK(sorter.time() == EventTime{static_cast<std::int64_t>(sorter.value().came)});
    result.push_back(sorter.value());
  }
  CHECK_FALSE(sorter.next());
  if (runs != nullptr) *runs = sorter.run_count();
  return result;
}

}  // namespace

TEST_CASE("any input comes out as std::stable_sort would have it, in little memory or in less") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto by_name = SortKey<ByName>{};
  const auto by_number = SortKey<std::int32_t Row::*>{&Row::number, SortOrder::Descending};
  for (int round = 0; round < 60; ++round) {
    const auto rows = random_rows(random, static_cast<std::uint32_t>(random() % 2000));
    const auto pages = static_cast<std::uint32_t>(SortMemory::kLeastPages + random() % 40);
    const IoMode mode = random() % 2 == 0 ? IoMode::Sync : IoMode::Async;
    CAPTURE(round);
    CAPTURE(pages);
    SmallSpace small(pages, mode);
    auto expected = rows;
    switch (random() % 3) {
      case 0:
        std::ranges::stable_sort(expected, {}, &Row::name);
        CHECK(sorted(by_name, small, rows) == expected);
        break;
      case 1:
        std::ranges::stable_sort(expected, std::greater<>{}, &Row::number);
        CHECK(sorted(by_number, small, rows) == expected);
        break;
      default:
        std::ranges::stable_sort(expected, [](const Row& a, const Row& b) {
          return a.number != b.number ? a.number > b.number : a.name < b.name;
        });
        CHECK(sorted(SortKeys{by_number, by_name}, small, rows) == expected);
    }
  }
}

TEST_CASE("more runs than can be merged at once are merged in several passes") {
  std::mt19937_64 random(7);
  auto rows = random_rows(random, 3000);
  SmallSpace small(SortMemory::kLeastPages);
  ExternalSorter<Row, SortKey<ByName>> sorter({}, small.space);
  for (const Row& row : rows) sorter.add(row, EventTime::none());
  CHECK(sorter.run_count() > 30);
  sorter.finish();
  CHECK(sorter.run_count() <= 3);
  CHECK(sorter.merge_passes() > 10);
  std::ranges::stable_sort(rows, {}, &Row::name);
  for (const Row& row : rows) {
    REQUIRE(sorter.next());
    REQUIRE(sorter.value() == row);
  }
  CHECK_FALSE(sorter.next());
}

TEST_CASE("what fits into memory touches no disk") {
  FaultyFileSystem files;
  files.create_error = EIO;
  SmallSpace small(64, IoMode::Sync, &files);
  std::mt19937_64 random(3);
  std::size_t runs = 1;
  CHECK(sorted(SortKey<ByName>{}, small, random_rows(random, 300), &runs).size() == 300);
  CHECK(runs == 0);
}

TEST_CASE("a record larger than all memory is sorted like the others") {
  SmallSpace small(SortMemory::kLeastPages);
  const std::vector<Row> rows{{"b", 1, 0}, {std::string(100'000, 'a'), 2, 1}, {"c", 3, 2}, {"a", 4, 3}};
  const auto result = sorted(SortKey<ByName>{}, small, rows);
  CHECK(result == std::vector<Row>{rows[3], rows[1], rows[0], rows[2]});
}

TEST_CASE("a sort that is given up, or that the disk fails, leaves no page and no file") {
  std::mt19937_64 random(5);
  const auto rows = random_rows(random, 2000);
  for (const IoMode mode : {IoMode::Sync, IoMode::Async}) {
    FaultyFileSystem files;
    SmallSpace small(8, mode, &files);
    {
      ExternalSorter<Row, SortKey<ByName>> sorter({}, small.space);
      for (const Row& row : rows) sorter.add(row, EventTime::none());
      sorter.finish();
      REQUIRE(sorter.next());
    }
    small.check_all_home();
    for (const std::uint64_t room : {0, 5000, 40'000, 100'000}) {
      files.room_bytes = room;
      CHECK_THROWS_WITH_AS(sorted(SortKey<ByName>{}, small, rows),
                           doctest::Contains("cannot keep its input on disk: no space left"),
                           std::runtime_error);
      small.check_all_home();
    }
    files.room_bytes = UINT64_MAX;
    files.create_error = ENOSPC;
    CHECK_THROWS_WITH_AS(sorted(SortKey<ByName>{}, small, rows), doctest::Contains("No space left on device"),
                         std::runtime_error);
  }
}
