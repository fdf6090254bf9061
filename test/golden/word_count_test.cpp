// SPDX-License-Identifier: Apache-2.0
// The word count example beside a count by hand, for texts that are hard to cut.
#include "examples/word_count/tokenizer.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "api/program_loader.h"
#include "test/support/local_job.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::LocalJob;
using weir::testing::TemporaryDirectory;

namespace {

bool is_of_word(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// The lines that the job must write: byte by byte, without any part of the example.
std::vector<std::string> counted_by_hand(std::string_view text) {
  std::map<std::string, std::int64_t> counts;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const auto c = i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(' ');
    if (is_of_word(c)) {
      word += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    } else if (!word.empty()) {
      ++counts[word];
      word.clear();
    }
  }
  std::string lines;
  for (const auto& [each, count] : counts) lines += "(" + each + "," + std::to_string(count) + ")\n";
  return testing::sorted_lines(lines);
}

/// Counts with one, two and four subtasks, in one worker.
void check_counts(std::string_view text) {
  const auto expected = counted_by_hand(text);
  const TemporaryDirectory directory;
  const std::string input = directory.file("text", text);
  LocalJob job;
  for (const std::uint32_t parallelism : {1u, 2u, 4u}) {
    CAPTURE(parallelism);
    const std::string output = directory.path("out" + std::to_string(parallelism));
    ProgramLoader loader;
    const auto program = loader.build(std::string(WEIR_EXAMPLES) + "/libword_count.so",
                                      {"--input", input, "--output", output, "--emit", "final"}, parallelism);
    REQUIRE_MESSAGE(program.has_value(), program.error().what);
    const auto outcome = job.run(loader, (*program)->job_graph());
    REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    REQUIRE(testing::sorted_lines(testing::content_of(output)) == expected);
  }
}

}  // namespace

TEST_CASE("an empty file has no words") { check_counts(""); }

TEST_CASE("the last line counts, with a newline or without") {
  check_counts("one two\none");
  check_counts("one two\none\n");
  check_counts("one");
}

TEST_CASE("lines may end as they do on Windows") { check_counts("one two\r\none\r\n\r\nthree\r\n"); }

TEST_CASE("a line of ten megabytes is counted like any other") {
  std::string text = "before\n";
  while (text.size() < 10'000'000)
    text += "a word of A long Line and number " + std::to_string(text.size() % 1000) + " ";
  SUBCASE("at the end") {}
  SUBCASE("in the middle") { text += "\nafter it\n"; }
  check_counts(text);
}

TEST_CASE("a word of ten megabytes is a word") { check_counts(std::string(10'000'000, 'x') + "\nx\n"); }

TEST_CASE("bytes that are no UTF-8, and bytes that are, part words") {
  check_counts("caf\xC3\xA9 caf\xE9 \xFF\xFEword\x80word \xE2\x82 caf\n\xC0\xC1");
  check_counts(std::string("zero\0bytes\0in\0it\n", 17));
}

TEST_CASE("random bytes are counted alike, however many readers cut them") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 10; ++round) {
    std::string text(random() % 100'000, '\0');
    for (char& c : text) c = random() % 4 == 0 ? static_cast<char>(random()) : "abcAB_9 \n\r"[random() % 10];
    check_counts(text);
  }
}
