// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/registration.h"

#include <algorithm>

namespace weir {

void Registration::start(TimePoint now) {
  phase_ = Phase::Asking;
  due_ = now;
  pause_ = options_.initial_pause;
  give_up_at_.reset();
  if (options_.give_up_after) give_up_at_ = now + *options_.give_up_after;
}

Registration::Step Registration::poll(TimePoint now) {
  if (phase_ != Phase::Asking || now < due_) return Step::Wait;
  if (give_up_at_ && now >= *give_up_at_) {
    phase_ = Phase::Idle;
    return Step::GiveUp;
  }
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
  if (phase_ != Phase::Asking) return std::nullopt;
  return due_;
}

}  // namespace weir
