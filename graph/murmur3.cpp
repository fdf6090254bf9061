// SPDX-License-Identifier: Apache-2.0
#include "graph/murmur3.h"

#include <bit>
#include <cstddef>

namespace weir {
namespace {

constexpr std::uint64_t kC1 = 0x87c37b91114253d5;
constexpr std::uint64_t kC2 = 0x4cf5ad432745937f;
constexpr std::size_t kBlockBytes = 16;

/// Up to eight bytes as a little-endian number.
std::uint64_t load(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) word = word << 8 | static_cast<std::uint8_t>(bytes[i]);
  return word;
}

std::uint64_t mix_first(std::uint64_t k) { return std::rotl(k * kC1, 31) * kC2; }
std::uint64_t mix_second(std::uint64_t k) { return std::rotl(k * kC2, 33) * kC1; }

std::uint64_t finalize(std::uint64_t k) {
  k = (k ^ k >> 33) * 0xff51afd7ed558ccd;
  k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53;
  return k ^ k >> 33;
}

}  // namespace

Digest murmur3_128(std::string_view bytes) {
  std::uint64_t h1 = 0;
  std::uint64_t h2 = 0;
  std::string_view rest = bytes;
  for (; rest.size() >= kBlockBytes; rest.remove_prefix(kBlockBytes)) {
    h1 = (std::rotl(h1 ^ mix_first(load(rest.substr(0, 8))), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ mix_second(load(rest.substr(8, 8))), 31) + h1) * 5 + 0x38495ab5;
  }
  h1 ^= mix_first(load(rest.substr(0, 8)));
  if (rest.size() > 8) h2 ^= mix_second(load(rest.substr(8)));

  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = finalize(h1);
  h2 = finalize(h2);
  h1 += h2;
  h2 += h1;

  Digest digest{};
  for (std::size_t i = 0; i < 8; ++i) {
    digest[i] = static_cast<std::uint8_t>(h1 >> 8 * i);
    digest[i + 8] = static_cast<std::uint8_t>(h2 >> 8 * i);
  }
  return digest;
}

}  // namespace weir
