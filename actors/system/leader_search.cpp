// SPDX-License-Identifier: Apache-2.0
#include "actors/system/leader_search.h"

#include <algorithm>

#include "base/log.h"

namespace weir {

namespace {
constexpr std::string_view kLogger = "LeaderSearch";
}  // namespace

void LeaderSearch::on_leader_at(const LeaderAt& leader, TimePoint now) {
  if (leader == target_) return;
  target_ = leader;
  hasty_attempts_ = 0;
  if (connected_) {
    connected_.reset();
    out_.lost(leader.address.empty() ? "the leader stepped down" : "another JobManager leads now");
  }
  pause_ = options_.initial_pause;
  begin(now);
}

void LeaderSearch::on_given(LeaderSessionId session) {
  connected_ = session;
  out_.found(session);
}

void LeaderSearch::on_connected(LeaderSessionId session, TimePoint now) {
  connecting_ = false;
  if (session != target_.session) return begin(now);  // another was named meanwhile
  log::info(kLogger, "Connected to the JobManager at " + target_.address);
  pause_ = options_.initial_pause;
  hasty_attempts_ = 0;
  connected_ = session;
  out_.found(session);
}

void LeaderSearch::on_failed(LeaderSessionId session, const std::string& reason, TimePoint now) {
  connecting_ = false;
  if (session != target_.session) return begin(now);
  if (hasty_attempts_ > 0) --hasty_attempts_;
  if (pause_ == options_.initial_pause) log::warn(kLogger, "No JobManager yet, trying on: " + reason);
  next_attempt_ = now + pause_;
  out_.wake_after(pause_);
  pause_ = std::min(2 * pause_, options_.max_pause);
}

void LeaderSearch::on_lost(const std::string& reason, TimePoint now) {
  if (!connected_) return;
  connected_.reset();
  hasty_attempts_ = kHastyAttempts;
  out_.lost(reason);
  begin(now);
}

void LeaderSearch::on_tick(TimePoint now) {
  if (!connected_ && !connecting_ && now >= next_attempt_) begin(now);
}

void LeaderSearch::begin(TimePoint now) {
  next_attempt_ = now;
  if (target_.address.empty() || connecting_) return;
  connecting_ = true;
  out_.connect(target_);
}

}  // namespace weir
