// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "examples/word_count/tokenizer.h"

using namespace weir::examples;

namespace {

using Words = std::vector<std::string>;

/// What a tokenizer ought to do, said as plainly as can be.
Words naive_words(std::string_view text) {
  Words words;
  bool in_word = false;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool is_word = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (is_word && !in_word) words.emplace_back();
    if (is_word) words.back() += static_cast<char>(upper ? c - 'A' + 'a' : c);
    in_word = is_word;
  }
  return words;
}

Words words_of(std::string_view text) {
  Tokenizer tokenizer;
  Words words;
  tokenizer.split(text, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

Words words_in_place(std::string_view text) {
  std::string copy(text);
  copy.resize(text.size() + kBlockBytes, 'x');
  Words words;
  split_in_place(copy.data(), text.size(), [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

std::string random_bytes(std::mt19937_64& random, std::size_t bytes, unsigned separator_every) {
  static constexpr std::string_view kWordBytes = "abcXYZ019_";
  std::string text(bytes, ' ');
  for (char& c : text) {
    const auto draw = random();
    c = draw % separator_every == 0 ? static_cast<char>(draw >> 32)
                                    : kWordBytes[(draw >> 16) % kWordBytes.size()];
  }
  return text;
}

}  // namespace

TEST_CASE("words are lower case and everything but letters, digits and underscore separates them") {
  CHECK(words_of("The quick-brown FOX_2 jumps!") == Words{"the", "quick", "brown", "fox_2", "jumps"});
  CHECK(words_of("a\r\nb\tc\0d") == Words{"a", "b", "c"});
  CHECK(words_of("caf\xC3\xA9 na\xEFve \xFF") == Words{"caf", "na", "ve"});
}

TEST_CASE("nothing, only separators, and one word without end are no special cases") {
  CHECK(words_of("").empty());
  CHECK(words_of(" .,;\n").empty());
  CHECK(words_of("word") == Words{"word"});
  for (const std::size_t length : {63u, 64u, 65u, 127u, 128u, 1000u}) {
    CHECK(words_of(std::string(length, 'A')) == Words{std::string(length, 'a')});
  }
}

TEST_CASE("a tokenizer may be used again for longer and for shorter texts") {
  Tokenizer tokenizer;
  const auto count = [&](std::string_view text) {
    std::size_t words = 0;
    tokenizer.split(text, [&](std::string_view) { ++words; });
    return words;
  };
  CHECK(count("one two") == 2);
  CHECK(count(std::string(100'000, 'x') + " y") == 2);
  CHECK(count("three") == 1);
}

TEST_CASE("any bytes at any length are split as the naive way splits them") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_bytes(random, random() % 400, 1 + random() % 12);
    const Words expected = naive_words(text);
    CAPTURE(text);
    REQUIRE(words_of(text) == expected);
    REQUIRE(words_in_place(text) == expected);
  }
}

TEST_CASE("the vector way sees in a block what the byte way sees") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const std::string block = random_bytes(random, kBlockBytes, 1 + random() % 3);
    std::string by_vector(kBlockBytes, '?');
    std::string by_byte(kBlockBytes, '?');
    REQUIRE(lower_block(block.data(), by_vector.data()) ==
            lower_block_bytewise(block.data(), by_byte.data()));
    REQUIRE(by_vector == by_byte);
  }
}
