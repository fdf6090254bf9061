// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace weir {

namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82F63B78u;

/// Eight tables: byte i of a word of eight has i bytes behind it, so all eight are looked up at once.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t behind = 1; behind < tables.size(); ++behind) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[behind - 1][byte];
      tables[behind][byte] = crc >> 8 ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint64_t load_word(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// A register is a polynomial over GF(2), its lowest power in the highest bit, modulo the one of the CRC.

constexpr std::uint32_t kOne = std::uint32_t{1} << 31;

constexpr std::uint32_t times_x(std::uint32_t a) {
  return a >> 1 ^ ((a & 1) != 0 ? kReflectedPolynomial : 0);
}

constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) {
  std::uint32_t sum = 0;
  for (std::uint32_t bit = kOne; bit != 0; bit >>= 1, b = times_x(b))
    if ((a & bit) != 0) sum ^= b;
  return sum;
}

/// By what a register is multiplied when 1, 2, 4, 8 ... bytes of zeros follow.
using Powers = std::array<std::uint32_t, 64>;

constexpr Powers make_powers() {
  Powers powers{};
  std::uint32_t power = kOne;
  for (int bit = 0; bit < 8; ++bit) power = times_x(power);
  for (std::uint32_t& of_bytes : powers) {
    of_bytes = power;
    power = product(power, power);
  }
  return powers;
}

constexpr Powers kPowers = make_powers();

#if defined(__x86_64__)
/// The instruction takes three cycles until its result is there, but begins one each cycle: three stretches
/// are gone through side by side, and then put together.
constexpr std::size_t kLaneBytes = 1024;

/// What a register becomes when kLaneBytes of zeros follow: the sum of what each of its four bytes becomes.
using Shift = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr Shift make_shift() {
  static_assert(kLaneBytes == std::size_t{1} << 10);
  Shift shift{};
  for (std::size_t place = 0; place < shift.size(); ++place)
    for (std::uint32_t byte = 0; byte < 256; ++byte)
      shift[place][byte] = product(kPowers[10], byte << 8 * place);
  return shift;
}

constexpr Shift kShift = make_shift();

std::uint32_t shifted(std::uint64_t crc) {
  return kShift[0][crc & 0xFF] ^ kShift[1][crc >> 8 & 0xFF] ^ kShift[2][crc >> 16 & 0xFF] ^
         kShift[3][crc >> 24 & 0xFF];
}

[[gnu::target("sse4.2")]] std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes,
                                                              std::uint32_t before) {
  std::uint64_t crc = static_cast<std::uint32_t>(~before);
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kLaneBytes; at += 2 * kLaneBytes, left -= 3 * kLaneBytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const std::byte* const end = at + kLaneBytes; at != end; at += 8) {
      crc = _mm_crc32_u64(crc, load_word(at));
      second = _mm_crc32_u64(second, load_word(at + kLaneBytes));
      third = _mm_crc32_u64(third, load_word(at + 2 * kLaneBytes));
    }
    crc = shifted(shifted(crc) ^ second) ^ third;
  }
  for (; left >= 8; at += 8, left -= 8) crc = _mm_crc32_u64(crc, load_word(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(*at));
  return ~narrow;
}
#endif

}  // namespace

std::uint32_t detail::crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_word(at) ^ crc;
    crc = 0;
    for (unsigned i = 0; i < 8; ++i) crc ^= kTables[7 - i][word >> (8 * i) & 0xFF];
  }
  for (; left > 0; ++at, --left) crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<std::uint8_t>(*at)) & 0xFF];
  return ~crc;
}

std::uint32_t crc32c_joined(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  for (std::size_t i = 0; second_bytes != 0; ++i, second_bytes >>= 1)
    if ((second_bytes & 1) != 0) first = product(kPowers[i], first);
  return first ^ second;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return crc32c_by_instruction(bytes, before);
#endif
  return detail::crc32c_by_table(bytes, before);
}

}  // namespace weir
