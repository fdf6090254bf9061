// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir {

/// CRC-32C (Castagnoli, as in iSCSI and ext4) of bytes that come piece by piece: pass what the piece before
/// gave. Any single flipped bit, and any burst of up to 32 bits, changes it.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

/// What crc32c() gives of two pieces, of which each was summed by itself and the second has so many bytes.
[[nodiscard]] std::uint32_t crc32c_joined(std::uint32_t first, std::uint32_t second,
                                          std::uint64_t second_bytes);

namespace detail {
/// The same without the processor's instruction: for other processors, and to be compared with.
[[nodiscard]] std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before = 0);
}  // namespace detail

}  // namespace weir
