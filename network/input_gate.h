// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bell.h"
#include "base/sync.h"
#include "memory/buffer.h"
#include "network/input_channel.h"
#include "network/stream_event.h"

namespace weir {

/// One thing that came out of a gate.
struct BufferOrEvent {
  std::uint32_t channel = 0;
  Buffer buffer;                     // empty if `event` is set
  std::optional<StreamEvent> event;
};

/// Everything that one task reads of one data set: one channel a producer, read in turn so that none starves.
///
/// Threads: poll() and is_finished() by the task; on_data() by whoever fills a channel.
/// Order:   lock_ is a leaf, a channel that has data stands in the queue exactly once.
class InputGate {
public:
  enum class Poll : std::uint8_t { Data, Empty, Finished, Failed };

  /// `bell` rings when data arrives where there was none; it outlives this.
  InputGate(std::vector<std::unique_ptr<InputChannel>> channels, Bell& bell);

  /// Begins to read: asks every channel for its partition. (lazily, at the task's first read)
  void request_partitions();

  /// The next buffer or event, in turn over the channels that have some; never waits. An EndOfPartition event is
  /// delivered and counted; after the last one the answer is Finished. Failed: see failure().
  [[nodiscard]] Poll poll(BufferOrEvent& out);

  /// Why poll() said Failed: the producer failed, its partition was never found, or the link broke.
  [[nodiscard]] std::string failure() const;

  [[nodiscard]] std::uint32_t channel_count() const { return static_cast<std::uint32_t>(channels_.size()); }

  /// Wakes and empties everything; poll() says Failed from now on. Threads: any.
  void close();

private:
  std::vector<std::unique_ptr<InputChannel>> channels_;
  Bell& bell_;
};

}  // namespace weir
