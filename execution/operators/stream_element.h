// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "execution/operators/input.h"
#include "memory/data_view.h"

namespace weir {

/// What stands in a buffer: elements back to back, each led by its tag.
///
///     Record          [1]                      value
///     TimedRecord     [0] [event time, i64 ms] value
///     Watermark       [2] [event time, i64 ms]
///     LatencyMarker   [3] [marked at, i64 us] [source, u32] [its subtask, u32]
///     StreamStatus    [4] [0 active, 1 idle, u8]
///     LargeElement    [5] [length, u64] an element of any kind that does not fit into a segment; its bytes
///                     go on in the channel's following buffers, behind nothing else, until the length is
///                     reached
///
/// But for a LargeElement nothing spans buffers, so that a reader checks once an element and not once a byte.
enum class ElementTag : std::uint8_t {
  TimedRecord = 0,
  Record = 1,
  Watermark = 2,
  LatencyMarker = 3,
  StreamStatus = 4,
  LargeElement = 5,
};

/// The tag and the time before a value, at most.
inline constexpr std::size_t kMaxElementHeaderBytes = 1 + sizeof(std::int64_t);
/// The tag and the length before the first piece of a LargeElement.
inline constexpr std::size_t kLargeElementHeaderBytes = 1 + sizeof(std::uint64_t);
/// An element longer than this is refused by the writer, and not believed by the reader.
inline constexpr std::uint64_t kMaxElementBytes = std::uint64_t{1} << 30;

[[nodiscard]] inline std::byte* write_record_header(std::byte* at, EventTime time) {
  if (time.is_none()) {
    *at = static_cast<std::byte>(ElementTag::Record);
    return at + 1;
  }
  *at = static_cast<std::byte>(ElementTag::TimedRecord);
  return store_raw(at + 1, time.millis);
}

// Elements between records.
using WatermarkBytes = std::array<std::byte, 1 + sizeof(std::int64_t)>;
using StreamStatusBytes = std::array<std::byte, 2>;
using LatencyMarkerBytes = std::array<std::byte, 1 + sizeof(std::int64_t) + 2 * sizeof(std::uint32_t)>;

[[nodiscard]] inline WatermarkBytes watermark_bytes(EventTime watermark) {
  WatermarkBytes bytes{static_cast<std::byte>(ElementTag::Watermark)};
  store_raw(bytes.data() + 1, watermark.millis);
  return bytes;
}
[[nodiscard]] inline StreamStatusBytes status_bytes(StreamStatus status) {
  return {static_cast<std::byte>(ElementTag::StreamStatus), static_cast<std::byte>(status)};
}

[[nodiscard]] inline LatencyMarkerBytes latency_marker_bytes(const LatencyMarker& marker) {
  LatencyMarkerBytes bytes{static_cast<std::byte>(ElementTag::LatencyMarker)};
  (void)store_raw(store_raw(store_raw(bytes.data() + 1, marker.marked_at), marker.source), marker.subtask);
  return bytes;
}
/// `at` is behind the tag.
[[nodiscard]] inline LatencyMarker read_latency_marker(const std::byte* at) {
  return {.marked_at = load_raw<std::int64_t>(at),
          .source = load_raw<std::uint32_t>(at + 8),
          .subtask = load_raw<std::uint32_t>(at + 12)};
}

/// The value behind a record's header, or nullptr if what stands at `at` is no record or ends too early.
[[nodiscard]] inline const std::byte* read_record_header(EventTime& time, const std::byte* at,
                                                         const std::byte* end) {
  const auto tag = static_cast<ElementTag>(*at++);
  if (tag == ElementTag::Record) [[likely]] {
    time = EventTime::none();
    return at;
  }
  if (tag != ElementTag::TimedRecord || static_cast<std::size_t>(end - at) < sizeof time.millis)
    return nullptr;
  time.millis = load_raw<std::int64_t>(at);
  return at + sizeof time.millis;
}

}  // namespace weir
