// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "network/ring_queue.h"

namespace weir {

/// Whose turn it is to send on a link that many channels share. A channel is in the queue, once, while it has
/// something that it may send: an event, or a buffer and a credit for it. The first in the queue has its
/// turn, sends at most one thing and goes to the end; so a channel waits for at most one thing of each other,
/// and one without credit waits outside, in nobody's way. Pure.
///
/// Unit:    a credit is one buffer that the receiver keeps free. Events need none.
/// Order:   every next() is followed by one on_turn_over() of that channel, or its remove().
class CreditQueue {
public:
  using Channel = std::uint32_t;  // small numbers; used again after remove()

  struct Turn {
    Channel channel = 0;
    bool may_send_buffer = false;  // else only an event
  };
  enum class Outcome : std::uint8_t {
    SentBuffer,   // one credit less
    SentEvent,
    NeedsCredit,  // a buffer is next, and the turn was for an event only
    Empty,        // nothing to send until on_data()
  };

  /// A channel that has nothing to send yet.
  void add(Channel channel, std::uint32_t credit);
  void remove(Channel channel);

  /// The channel has something to send.
  void on_data(Channel channel);
  /// False if it would have more than `most`.
  [[nodiscard]] bool on_credit(Channel channel, std::uint32_t credit, std::uint32_t most);

  [[nodiscard]] std::optional<Turn> next();
  /// `more`: the channel has still something to send. Counts for the two that sent.
  void on_turn_over(Channel channel, Outcome outcome, bool more);

  [[nodiscard]] std::uint32_t credit(Channel channel) const { return channels_[channel].credit; }

private:
  struct State {
    bool is_member = false;
    bool is_queued = false;
    bool has_data = false;
    bool buffer_is_next = false;  // known since a turn without credit
    std::uint32_t credit = 0;
  };

  void enqueue_if_able(Channel channel);

  std::vector<State> channels_;
  RingQueue<Channel> turns_;  // may hold channels that were removed since
};

}  // namespace weir
