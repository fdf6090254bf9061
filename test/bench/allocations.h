// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace weir::bench {

/// Bytes that this process has asked operator new for so far, in all threads. Programs that link
/// allocations.cpp count every allocation of C++, those of shared libraries too.
[[nodiscard]] std::uint64_t allocated_bytes();

/// Bytes that a call asks for.
template <class Call>
[[nodiscard]] std::uint64_t allocated_bytes_of(Call&& call) {
  const auto before = allocated_bytes();
  call();
  return allocated_bytes() - before;
}

}  // namespace weir::bench
