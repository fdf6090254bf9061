// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

/// The unit of memory and of exchange: by our measurements 32 KiB is the best size of one write
/// to a socket, because both copies stay in the second-level cache.
inline constexpr std::uint32_t kDefaultSegmentBytes = 32 * 1024;
inline constexpr std::uint32_t kMinSegmentBytes = 4 * 1024;

/// Writable bytes behind every segment's end. A serializer may copy a short string as whole vectors and so
/// write up to this much past the record; what lies there is never read.
inline constexpr std::uint32_t kSegmentSlackBytes = 64;

/// A view of one fixed block of memory, `bytes` long and followed by kSegmentSlackBytes. Owned by the pool
/// that made it.
struct MemorySegment {
  std::byte* data = nullptr;
  std::uint32_t bytes = 0;
};

}  // namespace weir
