// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace weir {

/// Names a blob: the SHA-256 of its content. What is not exactly 64 lower-case hex digits is none, so that a
/// key in a path is a name and nothing else.
struct BlobKey {
  Sha256Digest digest{};

  [[nodiscard]] static std::optional<BlobKey> parse(std::string_view hex);
  [[nodiscard]] std::string hex() const { return hex_of(digest); }

  auto operator<=>(const BlobKey&) const = default;
};

}  // namespace weir
