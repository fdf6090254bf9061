// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::bench {

/// A small, fast generator whose numbers are the same on every machine (splitmix64).
class Random {
public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Below `bound`, which is not 0.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }

private:
  std::uint64_t state_;
};

/// Draws 0, 1, 2 ... with probabilities in proportion to 1, 1/2, 1/3 ...: how often the words of a language
/// occur. One draw takes constant time (Walker's alias method).
class Zipf {
public:
  explicit Zipf(std::uint32_t ranks);
  [[nodiscard]] std::uint32_t draw(Random& random) const;

private:
  struct Column {
    std::uint32_t keep = 0;   // of 2^32: how often the column's own rank is drawn, else
    std::uint32_t alias = 0;  // this one
  };
  std::vector<Column> columns_;
};

/// Text as word counts are measured with: Zipf-distributed words of 4 to 10 letters (6.6 in the mean) in
/// lines of 80 to 120 bytes that begin with a capital and end with a full stop. Same options, same bytes.
///
/// Threads: one.
class TextGenerator {
public:
  struct Options {
    std::uint32_t vocabulary = 100'000;  // distinct words, 1 to a million
    std::uint64_t seed = 1;
  };

  explicit TextGenerator(Options options);

  /// With its '\n'; valid until the next call.
  [[nodiscard]] std::string_view next_line();

private:
  Random random_;
  const Zipf ranks_;
  std::vector<std::string> words_;  // most frequent first
  std::string line_;
};

/// Writes at least `bytes` of text, whole lines, to a new file at `path`.
[[nodiscard]] Status write_text(const std::string& path, std::uint64_t bytes, TextGenerator::Options options);

}  // namespace weir::bench
