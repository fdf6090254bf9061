// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/text.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

TEST_CASE("durations have the unit that people would use") {
  CHECK(short_duration(-5ms) == "0 ms");
  CHECK(short_duration(999ms) == "999 ms");
  CHECK(short_duration(1000ms) == "1.0 s");
  CHECK(short_duration(59'999ms) == "59.9 s");
  CHECK(short_duration(245s) == "4 min 05 s");
  CHECK(short_duration(3h + 12min + 59s) == "3 h 12 min");
}

TEST_CASE("counts have three digits and a unit") {
  CHECK(short_count(0) == "0");
  CHECK(short_count(999) == "999");
  CHECK(short_count(999.7) == "1.00 k");
  CHECK(short_count(1'234) == "1.23 k");
  CHECK(short_count(12'345) == "12.3 k");
  CHECK(short_count(999'499) == "999 k");
  CHECK(short_count(999'500) == "1.00 M");
  CHECK(short_count(1.5e19) == "15000 P");
}

TEST_CASE("names from users cannot move the cursor") {
  CHECK(printable("a\x1b[2Jb\nc\x7f") == "a?[2Jb?c?");
  CHECK(printable("Zähler") == "Zähler");
  CHECK(printable("a\xC2\x9B" "2Jb") == "a?2Jb");
}

TEST_CASE("text is cut between characters, never within one") {
  CHECK(columns_of("Zähler") == 6);
  CHECK(cut_to("Zähler", 6) == "Zähler");
  CHECK(cut_to("Zählerei", 5) == "Zä...");
  CHECK(cut_to("abcdef", 2) == "..");
  CHECK(cut_to("abcdef", 0).empty());
}

TEST_CASE("a table is as wide as it must be, and its lines end where their text does") {
  TextTable table({{"Name"}, {"Count", TextTable::Align::Right}, {"Note"}});
  table.add({"Zähler", "7", ""});
  table.add({"x", "123456", "yes"});
  CHECK(table.text() ==
        "Name     Count  Note\n"
        "Zähler       7\n"
        "x       123456  yes\n");
}

TEST_CASE("a time that has not come is empty") {
  CHECK(list_time(WallTime{}).empty());
  CHECK(list_time(WallTime{1ms * 1'500'000'000'000}).size() == 19);
  CHECK(step_time(WallTime{1ms * 1'500'000'000'000})[2] == '/');
}

}  // namespace
}  // namespace weir
