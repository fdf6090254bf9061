// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/watermark_valve.h"

#include <algorithm>
#include <utility>

namespace weir {

WatermarkValve::Outcome WatermarkValve::on_watermark(std::uint32_t channel, EventTime watermark) {
  Channel& here = channels_[channel];
  if (!here.is_awaited() || watermark <= here.watermark) return {};
  // Unless it was this channel that all waited for, nothing changes.
  const bool was_slowest = here.watermark <= watermark_ || !here.has_caught_up;
  here.watermark = watermark;
  here.has_caught_up = here.has_caught_up || watermark >= watermark_;
  here.has_ended = watermark == EventTime::max();
  return was_slowest || here.has_ended ? settle() : Outcome{};
}

WatermarkValve::Outcome WatermarkValve::on_status(std::uint32_t channel, StreamStatus status) {
  Channel& here = channels_[channel];
  if (here.has_ended || here.status == status) return {};
  here.status = status;
  here.has_caught_up = here.watermark >= watermark_;
  return settle();
}

WatermarkValve::Outcome WatermarkValve::on_end(std::uint32_t channel) {
  if (std::exchange(channels_[channel].has_ended, true)) return {};
  return settle();
}

WatermarkValve::Outcome WatermarkValve::settle() {
  Outcome outcome;
  const bool is_awaited = std::ranges::any_of(channels_, &Channel::is_awaited);
  const EventTime now = is_awaited ? earliest_awaited() : latest_known();
  // The end of time is said by a stream that is active, even if it was idle until then.
  const bool is_idle = !is_awaited && now != EventTime::max();
  const StreamStatus status = is_idle ? StreamStatus::Idle : StreamStatus::Active;
  const StreamStatus before = std::exchange(status_, status);
  outcome.became_active = before == StreamStatus::Idle && !is_idle;
  outcome.became_idle = before == StreamStatus::Active && is_idle;
  if (now > watermark_) outcome.watermark = watermark_ = now;
  return outcome;
}

EventTime WatermarkValve::earliest_awaited() const {
  EventTime earliest = EventTime::max();
  bool has_any = false;
  for (const Channel& channel : channels_) {
    if (!channel.is_awaited() || !channel.has_caught_up) continue;
    earliest = std::min(earliest, channel.watermark);
    has_any = true;
  }
  return has_any ? earliest : EventTime::none();
}

EventTime WatermarkValve::latest_known() const {
  EventTime latest = EventTime::none();
  bool all_at_the_end = true;
  for (const Channel& channel : channels_) {
    if (channel.watermark == EventTime::max()) continue;
    all_at_the_end = false;
    latest = std::max(latest, channel.watermark);
  }
  return all_at_the_end ? EventTime::max() : latest;
}

}  // namespace weir
