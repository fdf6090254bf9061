// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// 128 bits of a hash as the bytes that people see printed: the low byte of the first word first.
using Digest = std::array<std::uint8_t, 16>;

/// MurmurHash3 x64 128 (Appleby), seed 0. Spreads well, keeps no secrets: ids and fingerprints only.
[[nodiscard]] Digest murmur3_128(std::string_view bytes);

/// The digest as an id that prints as the digest does.
template <class Id>
[[nodiscard]] Id id_of(const Digest& digest) {
  Id id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = id.high << 8 | digest[i];
    id.low = id.low << 8 | digest[i + 8];
  }
  return id;
}

/// The reverse of id_of().
template <class Id>
[[nodiscard]] Digest digest_of(const Id& id) {
  Digest digest{};
  for (std::size_t i = 0; i < 8; ++i) {
    digest[i] = static_cast<std::uint8_t>(id.high >> (56 - 8 * i));
    digest[i + 8] = static_cast<std::uint8_t>(id.low >> (56 - 8 * i));
  }
  return digest;
}

/// Collects what is hashed. Numbers are little-endian. Texts carry their length: ("ab","c") is not
/// ("a","bc").
class HashInput {
public:
  void add(std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(number >> shift & 0xff));
  }
  void add(std::string_view text) {
    add(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
  }
  void add(const Digest& digest) { bytes_.append(digest.begin(), digest.end()); }

  [[nodiscard]] Digest digest() const { return murmur3_128(bytes_); }

private:
  std::string bytes_;
};

}  // namespace weir
