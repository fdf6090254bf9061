// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "memory/buffer.h"
#include "network/stream_event.h"

namespace weir {

/// One thing that was read from a stream.
struct BufferOrEvent {
  std::uint32_t channel = 0;
  Buffer buffer;  // empty if `event` is set
  std::optional<StreamEvent> event;
};

/// What a reader can do with.
enum class Wanted : std::uint8_t {
  Anything,
  EventsOnly,  // it has no credit for a buffer
};

/// What a reader got when it asked for the next thing.
struct Polled {
  enum class Kind : std::uint8_t { Data, Empty, Failed };

  Kind kind = Kind::Empty;
  /// There is something behind it already: ask again. If not, the reader will be told when there is. With
  /// Empty: there is a buffer, but only events were wanted.
  bool more = false;
  /// Buffers, not events, that wait behind it. A remote reader is told, to fetch memory for them.
  std::uint32_t backlog_buffers = 0;
};

}  // namespace weir
