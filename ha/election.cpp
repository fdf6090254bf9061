// SPDX-License-Identifier: Apache-2.0
#include "ha/election.h"

#include <algorithm>

namespace weir {

LeaderSessionId session_of_term(std::int64_t epoch_created, std::int32_t epoch) {
  return {.high = static_cast<std::uint64_t>(epoch_created), .low = static_cast<std::uint64_t>(epoch)};
}

std::int32_t epoch_of(LeaderSessionId session) { return static_cast<std::int32_t>(session.low); }

void Election::on_session(ZkSessionState state, const ZkSession& session, TimePoint now) {
  if (phase_ == Phase::Over) return;
  is_connected_ = state == ZkSessionState::Connected;
  if (state == ZkSessionState::Suspended) return;  // the session may be alive, and so may our term
  if (!is_connected_ || session.id != session_) {
    step_down(is_connected_ ? "it is in another session" : "its session with ZooKeeper is over");
    if (phase_ != Phase::Bidding) phase_ = Phase::Apart;  // a bid is answered, however it ends
    session_ = is_connected_ ? session.id : 0;
  }
  timeout_ = session.timeout;
  if (is_connected_) look(now);
  if (state == ZkSessionState::Expired) renew(now);
}

void Election::renew(TimePoint now) {
  next_renewal_.reset();
  if (!out_.renew_session()) next_renewal_ = now + kRenewalPause;
}

void Election::on_view(ZkOutcome outcome, const ElectionView& view, TimePoint now) {
  is_looking_ = false;
  if (phase_ == Phase::Over || phase_ == Phase::Bidding) return;
  if (outcome == ZkOutcome::NoNode) {
    step_down("its term is not on record any more");
    phase_ = Phase::Looking;
    return out_.prepare() ? look(now) : look_after(share_of_session(100 / kLooksPerSession), now);
  }
  if (outcome != ZkOutcome::Done) return look_after(share_of_session(100 / kLooksPerSession), now);
  if (phase_ == Phase::Leading) keep_leading(view, now);
  else if (!must_look_) seek_lead(view, now);
  if (must_look_) look(now);
}

void Election::keep_leading(const ElectionView& view, TimePoint now) {
  if (view.leader_owner == session_ && session_of_term(view.epoch_created, view.epoch) == term_) {
    contact_ = asked_at_;
    publish_if_wanted();
    return look_after(share_of_session(100 / kLooksPerSession), now);
  }
  step_down("another JobManager has taken over");
  seek_lead(view, now);
}

void Election::seek_lead(const ElectionView& view, TimePoint now) {
  if (view.leader_owner != 0 && view.leader_owner != session_) {
    phase_ = Phase::StandingBy;
    return look_after(timeout_, now);  // its watch comes first; this is for what nobody has thought of
  }
  phase_ = Phase::Bidding;
  bid_on_ = view;
  asked_at_ = now;
  if (view.leader_owner == 0) out_.bid(view.epoch);
  else out_.bid_again(view.epoch);  // ours, of a bid whose answer was lost, or of a term that we gave up
}

void Election::on_bid(ZkOutcome outcome, TimePoint now) {
  if (phase_ != Phase::Bidding) return;
  phase_ = Phase::Looking;
  switch (outcome) {
    case ZkOutcome::Done: return lead(now);
    case ZkOutcome::NotAllowed:
    case ZkOutcome::TooLarge: return look_after(share_of_session(100 / kLooksPerSession), now);
    default: return look(now);  // another was quicker, or it is not known whether we were
  }
}

void Election::lead(TimePoint now) {
  // Too slow to be sure of it: look() will find the node ours.
  if (!is_connected_ || now - asked_at_ > share_of_session(kFencePercent)) return look(now);
  phase_ = Phase::Leading;
  term_ = session_of_term(bid_on_.epoch_created, bid_on_.epoch + 1);
  contact_ = asked_at_;
  out_.grant(*term_);
  look_after(share_of_session(100 / kLooksPerSession), now);
}

void Election::on_confirm(LeaderSessionId term) {
  if (term_ != term) return;
  publication_ = Publication::Wanted;
  publish_if_wanted();
}

void Election::on_published(ZkOutcome outcome) {
  if (publication_ != Publication::UnderWay) return;
  publication_ = outcome == ZkOutcome::Done ? Publication::Done : Publication::Wanted;
}

void Election::publish_if_wanted() {
  if (publication_ != Publication::Wanted) return;
  publication_ = Publication::UnderWay;
  out_.publish(epoch_of(*term_));
}

void Election::on_leader_changed(TimePoint now) { look(now); }

void Election::on_tick(TimePoint now) {
  if (phase_ == Phase::Over) return;
  if (next_renewal_ && now >= *next_renewal_) return renew(now);
  if (term_ && now - contact_ > share_of_session(kFencePercent)) {
    step_down("it has not heard of ZooKeeper for 60 % of the session's time-out");
    phase_ = Phase::Looking;
    look(now);
  }
  if (now >= next_look_ && !is_looking_) look(now);
}

void Election::on_stop() {
  step_down("it ends");
  phase_ = Phase::Over;
}

std::optional<TimePoint> Election::next_tick() const {
  std::optional<TimePoint> next;
  if (phase_ == Phase::Over) return next;
  if (next_renewal_) return next_renewal_;
  if (term_) next = contact_ + share_of_session(kFencePercent) + Duration(1);
  const bool will_look = is_connected_ && !is_looking_ && phase_ != Phase::Bidding;
  if (will_look) next = next ? std::min(*next, next_look_) : next_look_;
  return next;
}

void Election::look(TimePoint now) {
  if (phase_ == Phase::Over || phase_ == Phase::Bidding || !is_connected_) return;
  must_look_ = is_looking_;
  if (is_looking_) return;
  is_looking_ = true;
  asked_at_ = now;
  if (phase_ != Phase::Leading) phase_ = Phase::Looking;
  out_.look();
}

void Election::look_after(Duration pause, TimePoint now) { next_look_ = now + pause; }

void Election::step_down(std::string_view reason) {
  if (!term_) return;
  term_.reset();
  publication_ = Publication::None;
  out_.revoke(reason);
}

}  // namespace weir
