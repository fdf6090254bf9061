// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <sys/random.h>

#include "base/result.h"

namespace weir::detail {

std::array<std::uint64_t, 2> random_bits() {
  std::array<std::uint64_t, 2> bits{};
  const auto got = ::getrandom(bits.data(), sizeof bits, 0);
  WEIR_CHECK(got == static_cast<ssize_t>(sizeof bits), "the operating system gave no entropy");
  return bits;
}

std::optional<std::array<std::uint64_t, 2>> parse_bits(std::string_view hex) {
  if (hex.size() != 32) return std::nullopt;
  std::array<std::uint64_t, 2> bits{};
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f') digit = static_cast<std::uint64_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') digit = static_cast<std::uint64_t>(c - 'A' + 10);
    else return std::nullopt;
    auto& word = bits[i / 16];
    word = word << 4 | digit;
  }
  return bits;
}

std::string hex_of(std::uint64_t high, std::uint64_t low) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[15 - i] = kDigits[high >> (4 * i) & 15];
    text[31 - i] = kDigits[low >> (4 * i) & 15];
  }
  return text;
}

}  // namespace weir::detail
