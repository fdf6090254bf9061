// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/sync.h"
#include "base/thread.h"
#include "base/time.h"
#include "ha/election.h"
#include "ha/leader_sight.h"
#include "ha/ports.h"
#include "ha/zk_client.h"
#include "ha/zk_paths.h"

namespace weir {

/// The election in ZooKeeper: carries out what an Election asks for, on a thread of its own.
///
/// Threads: made and ended by the owner. The contender is called by the election's thread.
class ZkLeaderElection final : public LeaderElection, private ZkListener, private ElectionOutbox {
public:
  struct Options {
    ZkClient::Options zookeeper;
    ZkPaths paths;
    /// Hears of each session that is begun. Called by the election's thread.
    std::function<void(const ZkSession&)> on_session = [](const ZkSession&) {};
  };

  /// Errors: the list of hosts cannot be understood.
  [[nodiscard]] static Result<std::unique_ptr<ZkLeaderElection>> make(Options options);
  ~ZkLeaderElection() override;

  void start(LeaderContender& contender) override WEIR_EXCLUDES(lock_);
  void confirm(LeaderSessionId session, const std::string& address) override WEIR_EXCLUDES(lock_);
  /// Ends the session too, so that another can lead at once.
  void stop() override WEIR_EXCLUDES(lock_);

  /// By which the leader writes. Lives as long as this; has no session any more after stop().
  [[nodiscard]] ZkClient& client() { return *client_; }

private:
  using Event = std::function<void(TimePoint now)>;

  explicit ZkLeaderElection(Options options) : options_(std::move(options)) {}

  void post(Event event) WEIR_EXCLUDES(lock_);
  void run() WEIR_EXCLUDES(lock_);
  /// None: nothing came until `deadline`.
  [[nodiscard]] std::optional<Event> next_event(std::optional<TimePoint> deadline) WEIR_EXCLUDES(lock_);

  // ZkListener, on ZooKeeper's thread
  void on_session(ZkSessionState state, const ZkSession& session) override;
  void on_changed(const std::string& path) override;

  // ElectionOutbox
  void look() override;
  void bid(std::int32_t epoch) override;
  void bid_again(std::int32_t epoch) override;
  bool prepare() override;
  void publish(std::int32_t epoch) override;
  bool renew_session() override;
  void grant(LeaderSessionId term) override;
  void revoke(std::string_view reason) override;
  void commit_bid(ZkOp claim, std::int32_t epoch);
  void look_at_leader(const ZkReply<ZkNode>& epoch);

  const Options options_;
  std::unique_ptr<ZkClient> client_;
  LeaderContender* contender_ = nullptr;  // null: not started, or stopped

  // The election's thread alone:
  Election logic_{*this};
  LeaderAddress published_;
  std::int64_t announced_session_ = 0;

  Mutex lock_;
  CondVar posted_;
  std::deque<Event> events_ WEIR_GUARDED_BY(lock_);
  bool is_over_ WEIR_GUARDED_BY(lock_) = false;
  Thread thread_;
};

/// Follows the leader in ZooKeeper, as a LeaderSight makes it out.
///
/// Threads: made and ended by the owner. The listener is called by a thread of the retrieval.
class ZkLeaderRetrieval final : public LeaderRetrieval, private ZkListener {
public:
  struct Options {
    ZkClient::Options zookeeper;
    ZkPaths paths;
  };

  /// Errors: the list of hosts cannot be understood.
  [[nodiscard]] static Result<std::unique_ptr<ZkLeaderRetrieval>> make(Options options);
  ~ZkLeaderRetrieval() override { stop(); }

  void start(LeaderListener& listener) override WEIR_EXCLUDES(lock_);
  void stop() override WEIR_EXCLUDES(lock_);

private:
  explicit ZkLeaderRetrieval(Options options) : options_(std::move(options)) {}

  void run() WEIR_EXCLUDES(lock_);
  [[nodiscard]] std::optional<LeaderAddress> read_leader();
  void note(const std::string& problem);
  void renew_session();
  void tell(const LeaderAddress& leader);

  // ZkListener, on ZooKeeper's thread
  void on_session(ZkSessionState state, const ZkSession& session) override WEIR_EXCLUDES(lock_);
  void on_changed(const std::string& path) override WEIR_EXCLUDES(lock_);

  const Options options_;
  std::unique_ptr<ZkClient> client_;
  LeaderListener* listener_ = nullptr;  // null: not started, or stopped

  // The retrieval's thread.
  LeaderSight sight_;
  std::string noted_;

  Mutex lock_;
  CondVar woken_;
  bool must_read_ WEIR_GUARDED_BY(lock_) = false;
  bool is_expired_ WEIR_GUARDED_BY(lock_) = false;
  bool is_over_ WEIR_GUARDED_BY(lock_) = false;
  Thread thread_;
};

}  // namespace weir
