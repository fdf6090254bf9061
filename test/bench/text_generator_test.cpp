// SPDX-License-Identifier: Apache-2.0
#include "test/bench/text_generator.h"

#include <doctest/doctest.h>

#include <set>

#include "examples/word_count/tokenizer.h"

using namespace weir::bench;

namespace {

std::string lines_of(TextGenerator::Options options, int count) {
  TextGenerator text(options);
  std::string lines;
  for (int i = 0; i < count; ++i) lines += text.next_line();
  return lines;
}

}  // namespace

TEST_CASE("the same options give the same text, another seed another") {
  CHECK(lines_of({.seed = 7}, 100) == lines_of({.seed = 7}, 100));
  CHECK(lines_of({.seed = 7}, 100) != lines_of({.seed = 8}, 100));
}

TEST_CASE("lines have 80 to 125 bytes, words 6.6 letters in the mean") {
  TextGenerator text({.vocabulary = 100'000});
  weir::examples::Tokenizer tokenizer;
  std::uint64_t words = 0;
  std::uint64_t letters = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto line = text.next_line();
    CHECK_UNARY(line.size() >= 80 && line.size() <= 125);
    CHECK_UNARY(line.ends_with(".\n"));
    tokenizer.split(line, [&](std::string_view word) {
      ++words;
      letters += word.size();
    });
  }
  const double mean = static_cast<double>(letters) / static_cast<double>(words);
  CHECK(mean > 6.4);
  CHECK(mean < 6.8);
}

TEST_CASE("the second rank is drawn half as often as the first, the tenth a tenth") {
  const Zipf ranks(1000);
  Random random(3);
  std::vector<int> drawn(1000);
  for (int i = 0; i < 1'000'000; ++i) ++drawn[ranks.draw(random)];
  CHECK(drawn[1] == doctest::Approx(drawn[0] / 2.0).epsilon(0.05));
  CHECK(drawn[9] == doctest::Approx(drawn[0] / 10.0).epsilon(0.05));
  CHECK(drawn[999] > 0);
}

TEST_CASE("a vocabulary of one word is no special case") {
  TextGenerator text({.vocabulary = 1});
  weir::examples::Tokenizer tokenizer;
  std::set<std::string> words;
  tokenizer.split(text.next_line(), [&](std::string_view word) { words.emplace(word); });
  CHECK(words.size() == 1);
}

TEST_CASE("a file that cannot be written is named") {
  const auto status = write_text("/nowhere/at/all", 1, {});
  REQUIRE_FALSE(status);
  CHECK(status.error().what == "cannot write /nowhere/at/all: No such file or directory");
}
