// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "memory/memory_segment.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WEIR_SANITIZED 1
#endif
#endif

namespace weir {

static_assert(std::endian::native == std::endian::little,
              "records lie in memory as they lie on the wire: little endian");

/// The longest copy that copy_short() takes; the slack behind every segment covers it.
inline constexpr std::size_t kShortCopyBytes = 32;
static_assert(kShortCopyBytes <= kSegmentSlackBytes);

/// Unaligned load of a plain number.
template <class T>
[[nodiscard]] inline T load_raw(const std::byte* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Unaligned store of a plain number; returns the byte behind it.
template <class T>
inline std::byte* store_raw(std::byte* at, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

/// Copies `bytes` bytes and may scribble over up to kShortCopyBytes of the destination, which must have that
/// much room. Most strings are short, and two whole vectors are copied in a third of the time that a memcpy
/// of unknown length takes.
///
/// The source is read past its end only inside its own page, where the read cannot fault and what it yields
/// is never looked at. Sanitizers rightly dislike that: under them it is a plain memcpy.
#if defined(__SSE2__) && !defined(WEIR_SANITIZED)
inline void copy_short(std::byte* to, const void* from, std::size_t bytes) {
  constexpr std::uintptr_t kPageBytes = 4096;
  const bool same_page =
      (reinterpret_cast<std::uintptr_t>(from) & (kPageBytes - 1)) <= kPageBytes - kShortCopyBytes;
  if (bytes - 1 < kShortCopyBytes && same_page) [[likely]] {  // not 0 bytes: they may come from nullptr
    asm("" : "+r"(from));  // a compiler that knew the object it is a part of would see a read past its end
    const auto* source = static_cast<const __m128i*>(from);
    auto* target = reinterpret_cast<__m128i*>(to);
    const __m128i low = _mm_loadu_si128(source);
    const __m128i high = _mm_loadu_si128(source + 1);
    _mm_storeu_si128(target, low);
    _mm_storeu_si128(target + 1, high);
    return;
  }
  if (bytes != 0) std::memcpy(to, from, bytes);
}
#else
inline void copy_short(std::byte* to, const void* from, std::size_t bytes) {
  if (bytes != 0) std::memcpy(to, from, bytes);
}
#endif

/// Lengths: seven bits a byte, lowest first, the top bit says that more follow.
inline constexpr std::size_t kMaxVarintBytes = 10;

inline std::byte* write_varint(std::byte* at, std::uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<std::byte>(value);
  return at;
}

/// The byte behind the number, or nullptr if it does not end before `end` or has more than 64 bits.
inline const std::byte* read_varint(std::uint64_t& value, const std::byte* at, const std::byte* end) {
  if (at < end && static_cast<std::uint8_t>(*at) < 0x80) [[likely]] {
    value = static_cast<std::uint8_t>(*at);
    return at + 1;
  }
  value = 0;
  for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*at++);
    if (shift == 63 && byte > 1) return nullptr;
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return at;
  }
  return nullptr;
}

}  // namespace weir
