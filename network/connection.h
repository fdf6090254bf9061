// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "memory/buffer.h"
#include "network/stream_event.h"

// The seam between a remote channel and whatever carries its stream: ports without sockets, so that channels
// are tested without a network and the carrier without tasks.
namespace weir {

/// One stream that another worker's task writes.
struct RemotePartition {
  std::string address;  // "host:port" of that worker's data server
  ResultPartitionId partition;
  std::uint32_t subpartition = 0;
};

/// Where a link brings what arrives for one channel, in order. A port; a channel implements it.
///
/// Threads: the link's, one at a time; must not block.
/// Order:   begin_buffer() is followed by end_buffer() of the same segment, unless the link breaks or the
///          stream is closed; on_pause() follows what was brought; nothing follows on_failure().
/// Errors:  an answer that is an error says that the sender broke the rules: the link is closed.
class PartitionReceiver {
public:
  virtual ~PartitionReceiver() = default;
  /// Record bytes are about to come: the segment to put them into, or nothing: nobody wants them any more.
  [[nodiscard]] virtual Result<std::optional<BufferBuilder>> begin_buffer(std::uint32_t sequence,
                                                                          std::uint32_t bytes) = 0;
  /// They have come. `backlog_buffers` wait behind them at the sender.
  virtual void end_buffer(BufferBuilder segment, std::uint32_t bytes, std::uint32_t backlog_buffers) = 0;
  [[nodiscard]] virtual Status on_event(std::uint32_t sequence, std::uint32_t backlog_buffers,
                                        const StreamEvent& event) = 0;
  /// Nothing more for the moment: the time to wake who reads. Waking him for each buffer would cost more than
  /// the buffer.
  virtual void on_pause() = 0;
  /// The stream ends without its end: the producer failed, or the link did.
  virtual void on_failure(Error cause) = 0;
};

/// A stream that was asked for, as its reader holds it. Threads: any.
class PartitionConnection {
public:
  virtual ~PartitionConnection() = default;
  /// The receiver keeps this many segments more for the sender to fill.
  virtual void add_credit(std::uint32_t buffers) = 0;
  /// The reader has nothing else to do: what the producer has begun should come now.
  virtual void tell_starving() = 0;
  /// The reader is done, at the end of the stream or before. A segment that is being filled is dropped soon.
  virtual void close() = 0;
};

/// Who can reach other workers. Threads: any.
class ConnectionProvider {
public:
  virtual ~ConnectionProvider() = default;
  /// Asks for a stream, with `credit` segments to begin with. Never fails at once: what goes wrong is told to
  /// the receiver. May wait for a name to be resolved.
  [[nodiscard]] virtual std::shared_ptr<PartitionConnection> open(
      const RemotePartition& wanted, std::uint32_t credit, std::shared_ptr<PartitionReceiver> receiver) = 0;
};

}  // namespace weir
