// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "test/bench/limits/limits.h"
#include "test/bench/limits/word_table.h"
#include "test/bench/text_generator.h"

using namespace weir::limits;

namespace {

/// A file that is gone at the end of its test.
class TextOnDisk {
public:
  explicit TextOnDisk(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  ~TextOnDisk() { std::remove(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  const std::string path_ = "/tmp/weir_limits_test." + std::to_string(::getpid());
};

std::string generated_text(std::uint64_t bytes) {
  weir::bench::TextGenerator text({.vocabulary = 5000, .seed = 11});
  std::string all;
  while (all.size() < bytes) all += text.next_line();
  return all;
}

}  // namespace

TEST_CASE("a limit counts right: a fast wrong answer is no limit") {
  std::string text;
  SUBCASE("much text") { text = generated_text(3'000'000); }
  SUBCASE("nothing") {}
  SUBCASE("no last newline") { text = "One two\ntwo"; }
  SUBCASE("CRLF and empty lines") { text = "one\r\n\r\ntwo\r\nTWO\r\n"; }
  SUBCASE("a line longer than a block") { text = generated_text(700'000).substr(0, 600'000); }
  SUBCASE("one line only") {
    text = generated_text(700'000);
    for (char& c : text) c = c == '\n' ? ' ' : c;
  }
  SUBCASE("words of every length") {
    for (int length = 1; length < 100; ++length) {
      text += std::string(length, 'x') + " " + std::string(length, 'y') + "\n";
    }
  }
  SUBCASE("invalid UTF-8") { text = "caf\xC3\xA9 \xFF\xFEword\xC0word\n"; }
  const TextOnDisk file(text);
  const WordCounts expected = word_count_plain(file.path());
  CHECK(word_count_pipeline(file.path()) == expected);
  CHECK(word_count_exchange(file.path()) == expected);
}

TEST_CASE("the digest tells counts apart") {
  CHECK(digest_of("a", 1) != digest_of("a", 2));
  CHECK(digest_of("a", 1) + digest_of("b", 2) != digest_of("a", 2) + digest_of("b", 1));
}

TEST_CASE("a word's hash and equality look at all its bytes and at no other") {
  for (std::size_t length = 0; length < 70; ++length) {
    std::string word(length + 32, 'a');
    const std::string_view view(word.data(), length);
    const auto hash = hash_of(view);
    const std::string same(view);
    for (std::size_t i = 0; i < word.size(); ++i) {
      word[i] = 'b';
      CHECK_UNARY((hash_of(view) != hash) == (i < length));
      CHECK_UNARY(SameWord()(view, same) == (i >= length));
      word[i] = 'a';
    }
  }
}

TEST_CASE("a keyed sum emits every running sum") {
  const KeyedRecords records(10'000, 37, 5);
  std::map<std::uint64_t, std::int64_t> sums;
  std::int64_t expected = 0;
  for (int round = 0; round < 2; ++round) {
    for (const auto& segment : records.segments()) {
      for (std::size_t at = 0; at < segment.size(); at += sizeof(KeyedRecord)) {
        KeyedRecord record;
        std::memcpy(&record, segment.data() + at, sizeof record);
        expected += sums[record.key] += record.value;
      }
    }
  }
  CHECK(sums.size() == 37);
  CHECK(keyed_sum(records, 2) == expected);
}

TEST_CASE("a hand-off loses nothing and a chain adds its length") {
  const std::uint64_t words = 32 * 1024 / 8;
  CHECK(hand_off(1000) == 1000 * (words * (words - 1) / 2));
  CHECK(hand_off(0) == 0);
  CHECK(virtual_chain(3, 10) == 45 + 3 * 10);
}
