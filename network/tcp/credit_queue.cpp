// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/credit_queue.h"

#include "base/result.h"

namespace weir {

void CreditQueue::add(Channel channel, std::uint32_t credit) {
  if (channel >= channels_.size()) channels_.resize(channel + 1);
  State& state = channels_[channel];
  WEIR_CHECK(!state.is_member, "a channel is added once");
  // It may still stand in the queue from an earlier life; next() sees that it has nothing to send.
  state = {.is_member = true, .is_queued = state.is_queued, .credit = credit};
}

void CreditQueue::remove(Channel channel) {
  State& state = channels_[channel];
  state = {.is_queued = state.is_queued};
}

void CreditQueue::on_data(Channel channel) {
  State& state = channels_[channel];
  if (!state.is_member) return;
  state.has_data = true;
  enqueue_if_able(channel);
}

bool CreditQueue::on_credit(Channel channel, std::uint32_t credit, std::uint32_t most) {
  State& state = channels_[channel];
  if (credit > most - state.credit) return false;
  state.credit += credit;
  enqueue_if_able(channel);
  return true;
}

std::optional<CreditQueue::Turn> CreditQueue::next() {
  while (!turns_.empty()) {
    const auto channel = turns_.front();
    turns_.pop_front();
    State& state = channels_[channel];
    state.is_queued = false;
    if (state.has_data) return Turn{.channel = channel, .may_send_buffer = state.credit > 0};
  }
  return std::nullopt;
}

void CreditQueue::on_turn_over(Channel channel, Outcome outcome, bool more) {
  State& state = channels_[channel];
  switch (outcome) {
    case Outcome::SentBuffer:
      WEIR_CHECK(state.credit > 0, "a buffer was sent without credit");
      --state.credit;
      [[fallthrough]];
    case Outcome::SentEvent:
      state.has_data = more;
      state.buffer_is_next = false;
      break;
    case Outcome::NeedsCredit: state.buffer_is_next = true; break;
    case Outcome::Empty:
      state.has_data = false;
      state.buffer_is_next = false;
      break;
  }
  enqueue_if_able(channel);
}

void CreditQueue::enqueue_if_able(Channel channel) {
  State& state = channels_[channel];
  const bool may_send = state.credit > 0 || !state.buffer_is_next;
  if (!state.has_data || !may_send || state.is_queued) return;
  state.is_queued = true;
  turns_.push_back(channel);
}

}  // namespace weir
