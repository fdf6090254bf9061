// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::examples {

/// Text is looked at in blocks of this many bytes: one bit a byte fills one register.
inline constexpr std::size_t kBlockBytes = 64;

/// Lower-cases the block `in` into `out` (which may be the same) and says which of its bytes belong to words:
/// bit i is byte i. Word bytes are [A-Za-z0-9_]; everything else separates, each byte of UTF-8's longer
/// characters too.
inline std::uint64_t lower_block_bytewise(const char* in, char* out) {
  std::uint64_t word_bytes = 0;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    const auto byte = static_cast<unsigned char>(in[i]);
    const bool letter = static_cast<unsigned char>((byte | 0x20) - 'a') < 26;
    const bool digit = static_cast<unsigned char>(byte - '0') < 10;
    out[i] = static_cast<char>(letter ? byte | 0x20 : byte);
    word_bytes |= std::uint64_t{letter || digit || byte == '_'} << i;
  }
  return word_bytes;
}

#if defined(__SSE2__)
/// The same with vectors of 16 bytes, which every x86-64 has.
inline std::uint64_t lower_block(const char* in, char* out) {
  const auto repeat = [](int byte) { return _mm_set1_epi8(static_cast<char>(byte)); };
  // There is no unsigned comparison: x <= limit if and only if min(x, limit) is x.
  const auto at_most = [](__m128i x, __m128i limit) { return _mm_cmpeq_epi8(_mm_min_epu8(x, limit), x); };
  std::uint64_t word_bytes = 0;
  for (std::size_t i = 0; i < kBlockBytes; i += 16) {
    const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(in + i)));
    const __m128i lowered = _mm_or_si128(bytes, repeat(0x20));
    const __m128i letter = at_most(_mm_sub_epi8(lowered, repeat('a')), repeat(25));
    const __m128i digit = at_most(_mm_sub_epi8(bytes, repeat('0')), repeat(9));
    const __m128i part = _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(bytes, repeat('_')));
    const __m128i result = _mm_or_si128(bytes, _mm_and_si128(letter, repeat(0x20)));
    _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(out + i)), result);
    word_bytes |= std::uint64_t{static_cast<std::uint16_t>(_mm_movemask_epi8(part))} << i;
  }
  return word_bytes;
}
#else
inline std::uint64_t lower_block(const char* in, char* out) { return lower_block_bytewise(in, out); }
#endif

/// Finds where words begin and end in a text that comes as blocks of word bits.
class WordFinder {
public:
  /// `text` is the whole text as lower_block() wrote it so far; `word_bytes` are the bits of the block at
  /// `begin`.
  template <class Visit>
  void add(const char* text, std::size_t begin, std::uint64_t word_bytes, Visit& visit) {
    // A set bit: here a run of word bytes begins or ends. Ends and beginnings alternate.
    std::uint64_t edges = word_bytes ^ (word_bytes << 1 | std::uint64_t{in_word_});
    const auto next_edge = [&] {
      const auto edge = begin + static_cast<std::size_t>(std::countr_zero(edges));
      edges &= edges - 1;
      return edge;
    };
    if (in_word_ && edges != 0) end_word(text, next_edge(), visit);
    while (edges != 0) {
      word_begin_ = next_edge();
      in_word_ = edges == 0;
      if (!in_word_) end_word(text, next_edge(), visit);
    }
  }

  /// The text ends: so does a word that reaches to its end.
  template <class Visit>
  void finish(const char* text, std::size_t end, Visit& visit) {
    if (in_word_) end_word(text, end, visit);
  }

private:
  template <class Visit>
  void end_word(const char* text, std::size_t end, Visit& visit) {
    in_word_ = false;
    visit(std::string_view(text + word_begin_, end - word_begin_));
  }

  std::size_t word_begin_ = 0;
  bool in_word_ = false;
};

/// Calls `visit(std::string_view)` for each word of `text`, lower-cased in its own place.
///
/// Unit:   `bytes` of text; the kBlockBytes behind them are readable and writable, and come out changed.
/// Order:  as in the text. A word is valid as long as the text is.
template <class Visit>
void split_in_place(char* text, std::size_t bytes, Visit&& visit) {
  WordFinder finder;
  std::size_t begin = 0;
  for (; begin + kBlockBytes <= bytes; begin += kBlockBytes) {
    finder.add(text, begin, lower_block(text + begin, text + begin), visit);
  }
  if (begin < bytes) {
    std::memset(text + bytes, 0, begin + kBlockBytes - bytes);
    finder.add(text, begin, lower_block(text + begin, text + begin), visit);
  }
  finder.finish(text, bytes, visit);
}

/// Splits texts that may not be written to. Keeps one buffer as long as the longest text; allocates only to
/// grow it.
///
/// Threads: one. A word is valid until the next call.
class Tokenizer {
public:
  Tokenizer() = default;
  /// A copy makes a buffer of its own when it needs one.
  Tokenizer(const Tokenizer&) {}
  Tokenizer& operator=(const Tokenizer&) = delete;

  template <class Visit>
  void split(std::string_view text, Visit&& visit) {
    reserve(text.size());
    char* const lowered = lowered_.get();
    WordFinder finder;
    std::size_t begin = 0;
    for (; begin + kBlockBytes <= text.size(); begin += kBlockBytes) {
      finder.add(lowered, begin, lower_block(text.data() + begin, lowered + begin), visit);
    }
    if (begin < text.size()) {
      const std::size_t rest = text.size() - begin;
      std::memcpy(lowered + begin, text.data() + begin, rest);
      std::memset(lowered + text.size(), 0, kBlockBytes - rest);
      finder.add(lowered, begin, lower_block(lowered + begin, lowered + begin), visit);
    }
    finder.finish(lowered, text.size(), visit);
  }

private:
  void reserve(std::size_t bytes) {
    if (bytes + kBlockBytes <= capacity_) return;
    capacity_ = std::bit_ceil(bytes + kBlockBytes);
    lowered_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }

  std::unique_ptr<char[]> lowered_;
  std::size_t capacity_ = 0;
};

}  // namespace weir::examples
