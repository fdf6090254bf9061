// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/registration.h"

#include <algorithm>

namespace weir {

void Registration::begin_waiting(TimePoint now) {
  const bool waits_already = phase_ == Phase::Searching || phase_ == Phase::Asking;
  if (!waits_already && options_.give_up_after) give_up_at_ = now + *options_.give_up_after;
}

void Registration::search(TimePoint now) {
  begin_waiting(now);
  phase_ = Phase::Searching;
}

void Registration::start(TimePoint now) {
  begin_waiting(now);
  phase_ = Phase::Asking;
  due_ = now;
  pause_ = options_.initial_pause;
}

Registration::Step Registration::poll(TimePoint now) {
  const bool waits = phase_ == Phase::Searching || phase_ == Phase::Asking;
  if (waits && give_up_at_ && now >= *give_up_at_) {
    phase_ = Phase::Idle;
    return Step::GiveUp;
  }
  if (phase_ != Phase::Asking || now < due_) return Step::Wait;
  due_ = now + pause_;
  pause_ = std::min(2 * pause_, options_.max_pause);
  return Step::Ask;
}

bool Registration::on_reply(const RegistrationReply& reply, TimePoint now) {
  if (phase_ != Phase::Asking) return false;
  if (reply.kind == RegistrationReply::Kind::Refused) {
    // The pause is the leader's doing, not time lost in vain: it does not count against the deadline.
    due_ = now + options_.refused_pause;
    pause_ = options_.initial_pause;
    if (give_up_at_) *give_up_at_ += options_.refused_pause;
    return false;
  }
  phase_ = Phase::Registered;
  return true;
}

std::optional<TimePoint> Registration::due() const {
  if (phase_ == Phase::Searching) return give_up_at_;
  if (phase_ != Phase::Asking) return std::nullopt;
  return give_up_at_ ? std::min(due_, *give_up_at_) : due_;
}

}  // namespace weir
