// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir {

/// Sixteen tags of a hash table, compared at once: where a key stands in its run of slots is random, and a
/// loop over them would be mispredicted each time. A tag is a byte; bit i of an answer speaks of the i-th.
class TagWindow {
public:
  static constexpr std::size_t kTags = 16;

#if defined(__SSE2__)
  explicit TagWindow(const std::uint8_t* tags)
      : tags_(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(tags)))) {}

  /// Of the tag its lowest byte counts. (Wide: a tag that was spilled as a byte and loaded as a word would
  /// stall each look-up.)
  [[nodiscard]] std::uint32_t equal_to(std::uint32_t tag) const {
    return static_cast<std::uint32_t>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(tags_, _mm_set1_epi8(static_cast<char>(tag)))));
  }

private:
  __m128i tags_;
#else
  explicit TagWindow(const std::uint8_t* tags) : tags_(tags) {}

  [[nodiscard]] std::uint32_t equal_to(std::uint32_t tag) const {
    std::uint32_t equal = 0;
    for (std::size_t i = 0; i < kTags; ++i)
      equal |= std::uint32_t{tags_[i] == static_cast<std::uint8_t>(tag)} << i;
    return equal;
  }

private:
  const std::uint8_t* tags_;
#endif
};

}  // namespace weir
