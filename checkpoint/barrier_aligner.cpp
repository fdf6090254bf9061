// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/barrier_aligner.h"

#include <algorithm>

#include "base/result.h"

namespace weir {

namespace {
constexpr std::string_view kSubsumed = "a newer checkpoint began before all barriers of this one had come";
constexpr std::string_view kCancelled = "a task that writes to this one cancelled it";
}  // namespace

BarrierAligner::BarrierAligner(std::uint32_t channels, Mode mode) : mode_(mode), ended_(channels) {}

BarrierAligner::Steps BarrierAligner::on_barrier(std::uint32_t channel, const Barrier& barrier) {
  Steps steps;
  if (barrier.checkpoint > last_) {
    if (mode_ == Mode::ExactlyOnce) abort_older(barrier.checkpoint, kSubsumed, steps);
    begin(barrier, steps);
  }
  const auto same = [&](const Pending& known) { return known.barrier.checkpoint == barrier.checkpoint; };
  const auto found = std::find_if(pending_.begin(), pending_.end(), same);
  if (found == pending_.end()) return steps;  // outdated
  WEIR_CHECK(!found->from[channel], "a channel brings each barrier once");
  found->from[channel] = true;
  ++found->received;
  if (is_complete(*found)) complete(static_cast<std::size_t>(found - pending_.begin()), steps);
  else steps.block_channel = mode_ == Mode::ExactlyOnce;
  return steps;
}

BarrierAligner::Steps BarrierAligner::on_cancel_marker(std::uint64_t checkpoint) {
  Steps steps;
  const bool is_pending = std::any_of(pending_.begin(), pending_.end(), [&](const Pending& known) {
    return known.barrier.checkpoint == checkpoint;
  });
  if (!is_pending && checkpoint <= last_) return steps;
  abort_older(checkpoint, kSubsumed, steps);
  steps.abort.push_back({checkpoint, kCancelled});
  if (is_pending) {
    pending_.erase(pending_.begin());  // those before it have just gone
    steps.unblock_all = mode_ == Mode::ExactlyOnce;
  }
  last_ = std::max(last_, checkpoint);
  return steps;
}

BarrierAligner::Steps BarrierAligner::on_end(std::uint32_t channel) {
  Steps steps;
  WEIR_CHECK(!ended_[channel], "a channel ends once");
  ended_[channel] = true;
  // The newest that is complete now; what is older is subsumed by it.
  for (std::size_t at = pending_.size(); at-- > 0;) {
    if (!is_complete(pending_[at])) continue;
    complete(at, steps);
    break;
  }
  return steps;
}

BarrierAligner::Steps BarrierAligner::on_trigger(const Barrier& barrier) {
  if (barrier.checkpoint <= last_) return {};
  trigger_ = barrier;
  return has_finished_ ? complete_trigger() : Steps{};
}

BarrierAligner::Steps BarrierAligner::on_finished() {
  WEIR_CHECK(std::ranges::find(ended_, false) == ended_.end(),
             "a task finishes when all its input has ended");
  has_finished_ = true;
  return trigger_ && trigger_->checkpoint > last_ ? complete_trigger() : Steps{};
}

BarrierAligner::Steps BarrierAligner::complete_trigger() {
  Steps steps;
  begin(*trigger_, steps);
  complete(pending_.size() - 1, steps);
  trigger_.reset();
  return steps;
}

bool BarrierAligner::is_complete(const Pending& pending) const {
  std::uint32_t gone = 0;  // ended without this barrier
  for (std::size_t channel = 0; channel < ended_.size(); ++channel)
    gone += ended_[channel] && !pending.from[channel];
  return pending.received + gone == ended_.size();
}

void BarrierAligner::begin(const Barrier& barrier, Steps& steps) {
  last_ = barrier.checkpoint;
  pending_.push_back({.barrier = barrier, .received = 0, .from = std::vector<bool>(ended_.size())});
  if (pending_.size() <= kMostPending) return;
  steps.abort.push_back({pending_.front().barrier.checkpoint, kSubsumed});
  pending_.erase(pending_.begin());
}

void BarrierAligner::abort_older(std::uint64_t than, std::string_view reason, Steps& steps) {
  while (!pending_.empty() && pending_.front().barrier.checkpoint < than) {
    steps.abort.push_back({pending_.front().barrier.checkpoint, reason});
    steps.unblock_all = mode_ == Mode::ExactlyOnce;
    pending_.erase(pending_.begin());
  }
}

void BarrierAligner::complete(std::size_t at, Steps& steps) {
  const Barrier barrier = pending_[at].barrier;
  abort_older(barrier.checkpoint, kSubsumed, steps);
  pending_.erase(pending_.begin());
  steps.unblock_all = mode_ == Mode::ExactlyOnce;
  steps.snapshot = barrier.checkpoint;
  steps.triggered_at = barrier.triggered_at;
  steps.is_savepoint = barrier.is_savepoint;
  steps.storage_root = barrier.storage_root;
}

}  // namespace weir
