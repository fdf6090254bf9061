// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace weir {

using Sha256Digest = std::array<std::byte, 32>;

/// The SHA-256 of bytes that come piece by piece.
///
/// Threads: one.
class Sha256 {
public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::span<const std::byte> bytes);
  /// Of all that was added. Nothing is added afterwards.
  [[nodiscard]] Sha256Digest finish();

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 64 lower-case hex digits.
[[nodiscard]] std::string hex_of(const Sha256Digest& digest);

/// The SHA-256 of a file's content as 64 lower-case hex digits. Errors: names the file and what went wrong.
[[nodiscard]] Result<std::string> sha256_of_file(const std::string& path);

}  // namespace weir
