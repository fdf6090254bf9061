// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "execution/operators/input.h"

namespace weir {

/// The time of one input that is read from several channels: what the slowest of them says, as long as it
/// says anything.
///
/// A channel that is idle holds nobody back. When it comes back it counts again once its time has caught up
/// with the input's: what it sends until then is late. A channel that has ended, with the watermark
/// EventTime::max() or without, neither holds back nor speaks for the others; when all have ended with it,
/// the input has.
///
/// Threads: one. Time: the input's never goes back.
class WatermarkValve {
public:
  /// What the input's readers are to be told, in this order.
  struct Outcome {
    bool became_active = false;
    EventTime watermark = EventTime::none();  // none: nothing new
    bool became_idle = false;
    bool operator==(const Outcome&) const = default;
  };

  /// More channels, numbered on from those before. Before anything is said.
  void add_channels(std::uint32_t count) { channels_.resize(channels_.size() + count); }

  [[nodiscard]] Outcome on_watermark(std::uint32_t channel, EventTime watermark);
  [[nodiscard]] Outcome on_status(std::uint32_t channel, StreamStatus status);
  /// Nothing follows on that channel.
  [[nodiscard]] Outcome on_end(std::uint32_t channel);

private:
  struct Channel {
    EventTime watermark = EventTime::none();
    StreamStatus status = StreamStatus::Active;
    bool has_caught_up = true;  // since it was idle last
    bool has_ended = false;

    [[nodiscard]] bool is_awaited() const { return status == StreamStatus::Active && !has_ended; }
  };

  /// What has changed, all channels considered.
  [[nodiscard]] Outcome settle();
  /// Where time is while some channel is awaited; none: nobody has caught up.
  [[nodiscard]] EventTime earliest_awaited() const;
  /// Where time is when none is.
  [[nodiscard]] EventTime latest_known() const;

  std::vector<Channel> channels_;
  EventTime watermark_ = EventTime::none();  // the input's
  StreamStatus status_ = StreamStatus::Active;
};

}  // namespace weir
