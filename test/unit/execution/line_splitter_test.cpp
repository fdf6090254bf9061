// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/line_splitter.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace weir;

namespace {

using Lines = std::vector<std::string>;

/// Splits a text that comes in pieces of `piece` bytes.
Lines split(std::string_view text, std::size_t piece) {
  Lines lines;
  const auto take = [&](const std::string& line) {
    lines.push_back(line);
    return true;
  };
  LineSplitter splitter;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    splitter.feed(text.substr(0, piece), take);
  splitter.finish(take);
  return lines;
}

}  // namespace

TEST_CASE("a line ends at a newline, and the last one may go without") {
  const std::pair<std::string, Lines> table[] = {
      {"", {}},
      {"\n", {""}},
      {"a", {"a"}},
      {"a\n", {"a"}},
      {"a\nb", {"a", "b"}},
      {"\n\na\n\n", {"", "", "a", ""}},
      {"a\r\nb\r\n", {"a", "b"}},
      {"a\rb\nc\r", {"a\rb", "c\r"}},
      {"\r\n\r\n", {"", ""}},
      {"a\r\r\n", {"a\r"}},
      {std::string("\0\xFF\xC3\n\xE2\x82", 6), {std::string("\0\xFF\xC3", 3), "\xE2\x82"}},
  };
  for (const auto& row : table) {
    const std::string& text = row.first;
    for (std::size_t piece = 1; piece <= 4; ++piece) {
      CAPTURE(text);
      CAPTURE(piece);
      CHECK(split(text, piece) == row.second);
    }
  }
}

TEST_CASE("lines do not depend on where the pieces are cut") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = "\n\r\rab\xFF"[random() % 6];
    REQUIRE(split(text, 1 + random() % 20) == split(text, 1000));
  }
}

TEST_CASE("whoever has enough is given no more") {
  LineSplitter splitter;
  Lines lines;
  const bool wants_more = splitter.feed("a\nb\nc\n", [&](const std::string& line) {
    lines.push_back(line);
    return lines.size() < 2;
  });
  CHECK_FALSE(wants_more);
  CHECK(lines == Lines{"a", "b"});
}
