// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "messages/leadership.h"

namespace weir {

/// What the search for the leader asks of the world. The actor sends mail; a test writes it down.
class LeaderSearchOutbox {
public:
  virtual ~LeaderSearchOutbox() = default;
  /// Comes back as on_connected() or on_failed(), with the same session.
  virtual void connect(const LeaderAt& leader) = 0;
  /// To all followers.
  virtual void found(LeaderSessionId session) = 0;
  virtual void lost(const std::string& reason) = 0;
  /// Call on_tick() then.
  virtual void wake_after(Duration delay) = 0;
};

/// Finds the leader that the retrieval names, and finds it again after it was lost: at once, then after
/// pauses that double. One that was lost is not waited for long at first: it may be dead or frozen, and while
/// an attempt lasts nobody hears that another is named.
///
///     nobody named -> connecting -> connected
///                       ^    |         |
///                     pause <-+  lost <-+
///
/// Threads: none. One caller at a time: the actor, or a test.
/// Time:    reads no clock; `now` comes with the call.
class LeaderSearch {
public:
  struct Options {
    Duration initial_pause = 50ms;
    Duration max_pause = 1s;
    Duration patience = 2s;           // of an attempt
    Duration hasty_patience = 250ms;  // of the first ones after a loss
  };
  static constexpr int kHastyAttempts = 4;

  /// `out` outlives this.
  LeaderSearch(Options options, LeaderSearchOutbox& out) : options_(options), out_(out) {}

  /// An empty address: there is none for now.
  void on_leader_at(const LeaderAt& leader, TimePoint now);
  /// The leader is in this process: nobody needs to look for it.
  void on_given(LeaderSessionId session);
  void on_connected(LeaderSessionId session, TimePoint now);
  void on_failed(LeaderSessionId session, const std::string& reason, TimePoint now);
  /// The connection broke, or the leader fell silent.
  void on_lost(const std::string& reason, TimePoint now);
  void on_tick(TimePoint now);

  /// How long the attempt may take that connect() was called for.
  [[nodiscard]] Duration patience() const {
    return hasty_attempts_ > 0 ? options_.hasty_patience : options_.patience;
  }
  /// None: there is no leader.
  [[nodiscard]] std::optional<LeaderSessionId> connected() const { return connected_; }

private:
  void begin(TimePoint now);

  const Options options_;
  LeaderSearchOutbox& out_;
  LeaderAt target_;  // where the retrieval sees it; no address: nowhere
  std::optional<LeaderSessionId> connected_;
  bool connecting_ = false;
  int hasty_attempts_ = 0;  // the one under way, and those that follow it
  Duration pause_{};
  TimePoint next_attempt_{};  // while neither connected nor connecting
};

}  // namespace weir
