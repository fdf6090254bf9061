// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "execution/operators/element_reader.h"
#include "execution/task/channel_reader.h"
#include "execution/operators/watermark_valve.h"
#include "network/input_gate.h"

namespace weir {

/// Pulls buffers out of a task's gates, in turn, and works through them: records go to the gate's reader, and
/// the time of an operator's input is made of the times of all channels that lead to it.
///
/// Threads: the task's. Errors: throws std::runtime_error when a gate has failed or bytes make no sense.
class InputProcessor final : private ChannelReader::Listener {
public:
  enum class Step : std::uint8_t {
    Progressed,   // there may be more
    Event,        // see event(); there may be more
    Interrupted,  // `attention` is raised: see to it and come back
    Idle,         // nothing to read for now; the bell rings when there is
    Finished,     // every gate has ended
  };

  /// Adds a gate, read by `reader` into `input`, which several gates may share. Before the first step; both
  /// outlive this. The others are read only while there is nothing to read from those that go first.
  void add(InputGate& gate, std::unique_ptr<ElementReader> reader, AnyInput& input, bool goes_first = false);

  /// Works through at most one buffer.
  [[nodiscard]] Step step(const std::atomic<std::uint32_t>& attention);

  /// What step() came upon, and on which channel; channels count on over all gates in their order.
  [[nodiscard]] const StreamEvent& event() const { return *element_.event; }
  [[nodiscard]] std::uint32_t event_channel() const { return event_channel_; }
  /// Reads no further on the channel of event(), until unblock_all().
  void block_event_channel();
  void unblock_all();

  [[nodiscard]] std::uint32_t channel_count() const { return channel_count_; }
  [[nodiscard]] std::uint64_t record_count() const { return record_count_; }
  [[nodiscard]] std::uint64_t byte_count() const { return byte_count_; }

private:
  /// An input of the head operator.
  struct Entrance {
    AnyInput* input = nullptr;
    WatermarkValve valve;
    std::uint32_t channel_count = 0;
  };
  struct Source {
    InputGate* gate = nullptr;
    std::unique_ptr<ElementReader> reader;
    std::vector<ChannelReader> channels;
    std::uint32_t first_channel = 0;  // counted over all gates
    Entrance* entrance = nullptr;
    std::uint32_t first_entrance_channel = 0;  // counted over the gates of the entrance
    bool goes_first = false;
    bool is_finished = false;
  };

  [[nodiscard]] Entrance& entrance_of(AnyInput& input);
  /// Idle: nothing from that gate for now, or ever.
  [[nodiscard]] Step poll(Source& source, const std::atomic<std::uint32_t>& attention);
  [[nodiscard]] Step read_current(const std::atomic<std::uint32_t>& attention);
  void take_event(Source& source);

  // Of the channel whose element_ is under way.
  void on_watermark(EventTime watermark) override;
  void on_status(StreamStatus status) override;
  void on_latency_marker(const LatencyMarker& marker) override;
  [[nodiscard]] static std::uint32_t entrance_channel(const Source& source, std::uint32_t channel) {
    return source.first_entrance_channel + channel;
  }
  static void tell(Entrance& entrance, const WatermarkValve::Outcome& outcome);

  std::deque<Entrance> entrances_;
  std::vector<Source> sources_;
  std::size_t turn_ = 0;         // the gate to poll next
  bool some_go_first_ = false;
  Source* current_ = nullptr;    // whose buffer is under way
  BufferOrEvent element_;
  Source* event_source_ = nullptr;  // whose event() is
  std::uint32_t event_channel_ = 0;
  std::uint32_t channel_count_ = 0;
  std::uint32_t used_bytes_ = 0; // of element_.buffer
  std::uint64_t record_count_ = 0;
  std::uint64_t byte_count_ = 0;
};

}  // namespace weir
