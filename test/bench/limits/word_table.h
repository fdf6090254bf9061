// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/unordered/unordered_flat_map.hpp>

namespace weir::limits {

/// Both halves of the product of two numbers, folded: every bit of the result depends on every bit of both.
inline std::uint64_t folded_multiply(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline constexpr std::uint64_t kSalt[] = {0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu, 0x8EBC6AF09C88C6E3u};

inline std::uint64_t load_u64(const char* at) {
  std::uint64_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

/// The first 16 bytes of a word, those behind its end zeroed. Reads 16 bytes whatever the length: a segment
/// has slack for that, and so has a std::string, whose shortest buffer has 16.
struct WordHead {
  std::uint64_t low;
  std::uint64_t high;

  explicit WordHead(std::string_view word) {
    const auto bits = 8 * static_cast<unsigned>(word.size());
    low = load_u64(word.data());
    high = load_u64(word.data() + 8);
    if (bits < 64) {
      low = bits == 0 ? 0 : low << (64 - bits) >> (64 - bits);
      high = 0;
    } else if (bits < 128) {
      high = bits == 64 ? 0 : high << (128 - bits) >> (128 - bits);
    }
  }
};

/// In the manner of wyhash: one multiplication for 16 bytes.
inline std::uint64_t hash_of(std::string_view word) {
  const WordHead head(word);
  std::uint64_t hash = folded_multiply(head.low ^ kSalt[0], head.high ^ kSalt[1] ^ word.size());
  if (word.size() > 16) [[unlikely]] {
    std::size_t at = 16;
    for (; at + 16 < word.size(); at += 16) {
      hash = folded_multiply(load_u64(word.data() + at) ^ hash, load_u64(word.data() + at + 8) ^ kSalt[2]);
    }
    const char* const tail = word.data() + word.size() - 16;
    hash = folded_multiply(load_u64(tail) ^ hash, load_u64(tail + 8) ^ kSalt[2]);
  }
  return hash;
}

struct WordHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(std::string_view word) const { return hash_of(word); }
};

struct SameWord {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    if (a.size() != b.size()) return false;
    if (a.size() > 16) [[unlikely]]
      return std::memcmp(a.data(), b.data(), a.size()) == 0;
    const WordHead left(a);
    const WordHead right(b);
    return ((left.low ^ right.low) | (left.high ^ right.high)) == 0;
  }
};

/// Counts by word. Looks up by view and makes a string for a new word only.
class WordTable {
public:
  void add(std::string_view word, std::int64_t count) {
    const auto found = counts_.find(word);
    if (found != counts_.end()) [[likely]]
      found->second += count;
    else counts_.emplace(word, count);
  }

  [[nodiscard]] const auto& counts() const { return counts_; }

private:
  boost::unordered_flat_map<std::string, std::int64_t, WordHash, SameWord> counts_;
};

}  // namespace weir::limits
