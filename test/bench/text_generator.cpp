// SPDX-License-Identifier: Apache-2.0
#include "test/bench/text_generator.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unordered_set>

namespace weir::bench {

namespace {

/// A million different words, short ones not yet exhausted: by rank in turn, so that frequent words are as
/// long as rare ones and the mean is 6.6 whatever the vocabulary.
constexpr std::uint32_t kLengths[] = {7, 5, 9, 6, 4, 8, 7, 6, 10, 4};

std::vector<std::string> distinct_words(std::uint32_t count, Random& random) {
  std::vector<std::string> words;
  words.reserve(count);
  std::unordered_set<std::string> known;
  known.reserve(count);
  while (words.size() < count) {
    std::string word(kLengths[words.size() % std::size(kLengths)], ' ');
    for (char& letter : word) letter = static_cast<char>('a' + random.below(26));
    if (known.insert(word).second) words.push_back(std::move(word));
  }
  return words;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Error write_error(const std::string& path) {
  return {.code = ErrorCode::IoFailure,
          .what = "cannot write " + path + ": " + std::strerror(errno),
          .blame = Blame::Environment};
}

}  // namespace

std::uint64_t Random::next() {
  std::uint64_t bits = state_ += 0x9E3779B97F4A7C15u;
  bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
  return bits ^ bits >> 31;
}

Zipf::Zipf(std::uint32_t ranks) : columns_(ranks) {
  double sum = 0;
  for (std::uint32_t rank = 0; rank < ranks; ++rank) sum += 1.0 / (rank + 1);

  // Each column holds the same mass. Ranks that have less are filled up by one that has more.
  std::vector<double> mass(ranks);
  std::vector<std::uint32_t> poor;
  std::vector<std::uint32_t> rich;
  for (std::uint32_t rank = 0; rank < ranks; ++rank) {
    mass[rank] = ranks / (sum * (rank + 1));
    (mass[rank] < 1 ? poor : rich).push_back(rank);
  }
  while (!poor.empty() && !rich.empty()) {
    const auto low = poor.back();
    const auto high = rich.back();
    poor.pop_back();
    columns_[low] = {.keep = static_cast<std::uint32_t>(mass[low] * 0x1p32), .alias = high};
    mass[high] -= 1 - mass[low];
    if (mass[high] < 1) {
      rich.pop_back();
      poor.push_back(high);
    }
  }
  for (const auto& rest : {poor, rich}) {
    for (const auto rank : rest) columns_[rank] = {.keep = 0xFFFFFFFFu, .alias = rank};
  }
}

std::uint32_t Zipf::draw(Random& random) const {
  const auto column = random.below(static_cast<std::uint32_t>(columns_.size()));
  const auto coin = static_cast<std::uint32_t>(random.next());
  return coin < columns_[column].keep ? column : columns_[column].alias;
}

TextGenerator::TextGenerator(Options options)
    : random_(options.seed),
      ranks_(options.vocabulary),
      words_(distinct_words(options.vocabulary, random_)) {}

std::string_view TextGenerator::next_line() {
  const std::size_t enough = 80 + random_.below(30);
  line_ = words_[ranks_.draw(random_)];
  line_[0] = static_cast<char>(line_[0] - 'a' + 'A');
  while (line_.size() < enough) {
    line_ += ' ';
    line_ += words_[ranks_.draw(random_)];
  }
  line_ += ".\n";
  return line_;
}

Status write_text(const std::string& path, std::uint64_t bytes, TextGenerator::Options options) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "wb"));
  if (!file) return write_error(path);
  TextGenerator text(options);
  for (std::uint64_t written = 0; written < bytes;) {
    const auto line = text.next_line();
    if (std::fwrite(line.data(), 1, line.size(), file.get()) != line.size()) return write_error(path);
    written += line.size();
  }
  if (std::fflush(file.get()) != 0) return write_error(path);
  return Status::ok();
}

}  // namespace weir::bench
