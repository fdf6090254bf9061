// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/temporary_directory.h"

namespace weir {
namespace {

using testing::content_of;

constexpr const char* kTableStart = "| key | default | meaning |";

std::vector<std::string> expected_table() {
  std::vector<std::string> lines{kTableStart, "|---|---|---|"};
  for (const AnyOption& option : options::all()) {
    const std::string fallback = option.fallback.empty() ? "" : std::string(option.fallback) + " ";
    std::string row = "| `";
    row.append(option.key).append("` | ").append(fallback).append("| ").append(option.doc).append(" |");
    lines.push_back(row);
  }
  return lines;
}

/// From the line that begins the table to the one before the empty line behind it.
std::vector<std::string> documented_table() {
  std::ifstream file(WEIR_OPERATIONS_DOCUMENT);
  REQUIRE(file.is_open());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (lines.empty() && line != kTableStart) continue;
    if (line.empty()) break;
    lines.push_back(line);
  }
  return lines;
}

TEST_CASE("docs/operations.md lists every option, with its default and its meaning") {
  const auto expected = expected_table();
  std::string text;
  for (const std::string& line : expected) text += line + "\n";
  CHECK_MESSAGE(documented_table() == expected, "the table should be\n\n" << text);
}

TEST_CASE("all() has every option that the header declares") {
  const std::string header = content_of(WEIR_OPTIONS_HEADER);
  const std::string declaration = "inline constexpr Option<";
  std::size_t declared = 0;
  for (auto at = header.find(declaration); at != std::string::npos; at = header.find(declaration, at + 1))
    ++declared;
  CHECK(options::all().size() == declared);
}

TEST_CASE("no key stands for two options") {
  std::set<std::string_view> keys;
  for (const AnyOption& option : options::all()) CHECK_MESSAGE(keys.insert(option.key).second, option.key);
}

}  // namespace
}  // namespace weir
