// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_key.h"

#include <cstddef>

namespace weir {

namespace {

constexpr unsigned kNoDigit = 16;

unsigned value_of(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return kNoDigit;
}

}  // namespace

std::optional<BlobKey> BlobKey::parse(std::string_view hex) {
  BlobKey key;
  if (hex.size() != 2 * key.digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < key.digest.size(); ++i) {
    const unsigned high = value_of(hex[2 * i]);
    const unsigned low = value_of(hex[2 * i + 1]);
    if (high == kNoDigit || low == kNoDigit) return std::nullopt;
    key.digest[i] = static_cast<std::byte>(high << 4 | low);
  }
  return key;
}

}  // namespace weir
