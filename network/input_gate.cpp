// SPDX-License-Identifier: Apache-2.0
#include "network/input_gate.h"

#include <utility>

namespace weir {

InputGate::InputGate(std::vector<std::unique_ptr<InputChannel>> channels, Bell& bell)
    : channels_(std::move(channels)), bell_(bell), is_ready_(channels_.size()), is_blocked_(channels_.size()),
      is_fed_(channels_.size()) {}

InputGate::~InputGate() { release_all(); }

void InputGate::request_partitions() {
  has_requested_ = true;
  for (std::uint32_t i = 0; i < channel_count(); ++i) channels_[i]->request_partition(*this, i);
}

void InputGate::replace(std::uint32_t channel, std::unique_ptr<InputChannel> known) {
  if (failure_ || dynamic_cast<UnknownInputChannel*>(channels_[channel].get()) == nullptr) return;
  channels_[channel] = std::move(known);
  if (has_requested_) channels_[channel]->request_partition(*this, channel);
}

InputGate::Poll InputGate::poll(BufferOrEvent& out) {
  out = {};
  if (failure_) return Poll::Failed;
  if (closed_.load(std::memory_order_acquire)) {
    return fail({.code = ErrorCode::Closed, .what = "the input was closed", .blame = Blame::Environment});
  }
  fetch_arrivals();
  while (!ready_.empty()) {
    const auto channel = ready_.front();
    ready_.pop_front();
    if (is_blocked_[channel]) {
      waiting_.push_back(channel);
      continue;
    }
    is_ready_[channel] = false;
    const auto answer = poll_channel(channel, out);
    if (answer != Poll::Empty) return answer;
  }
  if (ended_ == channel_count()) return Poll::Finished;
  tell_starving();
  return Poll::Empty;
}

void InputGate::unblock_all() {
  is_blocked_.assign(is_blocked_.size(), false);
  for (const auto channel : waiting_) ready_.push_back(channel);
  waiting_.clear();
}

InputGate::Poll InputGate::poll_channel(std::uint32_t channel, BufferOrEvent& out) {
  if (!is_fed_[channel]) {
    is_fed_[channel] = true;
    fed_.push_back(channel);
  }
  const auto polled = channels_[channel]->poll(out);
  if (polled.kind == Polled::Kind::Failed) return fail(channels_[channel]->failure());
  if (polled.kind == Polled::Kind::Empty) return Poll::Empty;
  out.channel = channel;
  if (polled.more) enqueue(channel);
  if (out.event && out.event->kind == StreamEvent::Kind::EndOfPartition) {
    ++ended_;
    channels_[channel]->release();
  }
  return Poll::Data;
}

void InputGate::enqueue(std::uint32_t channel) {
  if (is_ready_[channel]) return;
  is_ready_[channel] = true;
  ready_.push_back(channel);
}

void InputGate::fetch_arrivals() {
  if (!has_arrivals_.load(std::memory_order_acquire)) return;
  MutexLock held(lock_);
  for (const auto channel : arrivals_) enqueue(channel);
  arrivals_.clear();
  has_arrivals_.store(false, std::memory_order_relaxed);
}

void InputGate::on_data(std::uint32_t channel) {
  bool first = false;
  {
    MutexLock held(lock_);
    first = arrivals_.empty();
    arrivals_.push_back(channel);
    has_arrivals_.store(true, std::memory_order_release);
  }
  if (first) bell_.ring();
}

void InputGate::tell_starving() {
  for (const auto channel : fed_) {
    is_fed_[channel] = false;
    channels_[channel]->on_starving();
  }
  fed_.clear();
}

InputGate::Poll InputGate::fail(Error cause) {
  failure_ = std::move(cause);
  release_all();
  return Poll::Failed;
}

void InputGate::release_all() {
  for (const auto& channel : channels_) channel->release();
}

void InputGate::close() {
  Bell& bell = bell_;  // the task may see the mark, and end this gate, before the ring
  closed_.store(true, std::memory_order_release);
  bell.ring();
}

}  // namespace weir
