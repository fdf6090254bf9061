// SPDX-License-Identifier: Apache-2.0
// Which of several JobManagers leads: what a candidate decides. In ZooKeeper there are two nodes:
//
//   leader   ephemeral: goes with the session of who leads
//   epoch    stays; its version counts the terms, and numbers the sessions of leaders
//
// Who makes `leader` raises `epoch` in the same commit. So every term has a number of its own, and a write
// that checks the version of `epoch` is refused once another has taken over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "ha/zk_client.h"

namespace weir {

/// Both nodes as one look showed them.
struct ElectionView {
  std::int32_t epoch = 0;          // version of `epoch`
  std::int64_t epoch_created = 0;  // tells one life of the ensemble from another
  std::int64_t leader_owner = 0;   // session of who leads; 0: nobody
  bool operator==(const ElectionView&) const = default;
};

/// The session of one term: higher terms have higher numbers, and none equals that of a cluster without
/// ZooKeeper.
[[nodiscard]] LeaderSessionId session_of_term(std::int64_t epoch_created, std::int32_t epoch);
/// The version of `epoch` that a write of this term must find.
[[nodiscard]] std::int32_t epoch_of(LeaderSessionId session);

/// What a candidate asks of the world. The skin asks ZooKeeper and sends mail; a test writes it down.
///
/// Order:   none calls back before it returns.
class ElectionOutbox {
public:
  virtual ~ElectionOutbox() = default;
  /// Look at both nodes, `epoch` first, and watch `leader`. Comes back as on_view().
  virtual void look() = 0;
  /// Make `leader` and raise `epoch`, if that still has this version. Comes back as on_bid().
  virtual void bid(std::int32_t epoch) = 0;
  /// The same if `leader` is there and ours.
  virtual void bid_again(std::int32_t epoch) = 0;
  /// Make `epoch`, which is not there. False: it could not be.
  [[nodiscard]] virtual bool prepare() = 0;
  /// Write into `leader`, if `epoch` still has this version, where this one is found. Comes back as
  /// on_published().
  virtual void publish(std::int32_t epoch) = 0;
  /// The session is over: begin another. Comes back as on_session(). False: it could not be begun.
  [[nodiscard]] virtual bool renew_session() = 0;
  virtual void grant(LeaderSessionId term) = 0;
  virtual void revoke(std::string_view reason) = 0;
};

/// One candidate.
///
///     apart -> looking -> bidding -> leading -> looking     another leads, or the node is gone
///                 |  ^       |          +-----> looking     no contact for 60 % of the session
///                 |  +-------+ lost     +-----> apart       the session is over
///                 +-> standing by -> looking                the leader's node is gone
///
/// A connection that breaks does not end a term: the session lives on with the servers, and nobody else can
/// lead while it does. A term ends when this candidate cannot know that any more. The servers may end a
/// session `timeout` after they last heard of it, so a candidate that has not heard of them for 60 % of that
/// has stepped down before another can lead, unless it stood still in between; then its writes are refused.
///
/// Threads: none. One caller at a time.
/// Time:    reads no clock; `now` comes with the call and never goes back.
/// Order:   a grant is followed by its revocation before there is another.
class Election {
public:
  static constexpr int kFencePercent = 60;
  static constexpr int kLooksPerSession = 10;
  static constexpr Duration kRenewalPause = 1s;

  /// `out` outlives this.
  explicit Election(ElectionOutbox& out) : out_(out) {}

  void on_session(ZkSessionState state, const ZkSession& session, TimePoint now);
  void on_view(ZkOutcome outcome, const ElectionView& view, TimePoint now);
  void on_bid(ZkOutcome outcome, TimePoint now);
  /// The contender took the grant and can be found. Of a term that is over: does nothing.
  void on_confirm(LeaderSessionId term);
  void on_published(ZkOutcome outcome);
  /// The node `leader` was made, changed or removed.
  void on_leader_changed(TimePoint now);
  void on_tick(TimePoint now);
  /// Leads no longer, and asks for nothing more.
  void on_stop();

  /// When on_tick() is due; none: when something else happens first.
  [[nodiscard]] std::optional<TimePoint> next_tick() const;
  [[nodiscard]] std::optional<LeaderSessionId> term() const { return term_; }

private:
  enum class Phase { Apart, Looking, Bidding, Leading, StandingBy, Over };
  enum class Publication { None, Wanted, UnderWay, Done };

  void look(TimePoint now);
  void look_after(Duration pause, TimePoint now);
  void renew(TimePoint now);
  void lead(TimePoint now);
  void step_down(std::string_view reason);
  void publish_if_wanted();
  void keep_leading(const ElectionView& view, TimePoint now);
  void seek_lead(const ElectionView& view, TimePoint now);
  [[nodiscard]] Duration share_of_session(int percent) const { return timeout_ * percent / 100; }

  ElectionOutbox& out_;
  Phase phase_ = Phase::Apart;
  bool is_connected_ = false;
  std::int64_t session_ = 0;
  Duration timeout_{};

  std::optional<TimePoint> next_renewal_;  // none: there is a session, or one is being begun
  bool is_looking_ = false;    // an answer is under way
  bool must_look_ = false;     // something changed since that was asked
  TimePoint asked_at_{};       // of the latest question, a look or a bid
  TimePoint next_look_{};
  ElectionView bid_on_;        // while Bidding
  std::optional<LeaderSessionId> term_;  // while leading
  TimePoint contact_{};        // while leading: the servers knew our session then, or later
  Publication publication_ = Publication::None;  // while leading
};

}  // namespace weir
