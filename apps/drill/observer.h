// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "apps/drill/recorder.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/thread.h"
#include "ha/zk_client.h"
#include "ha/zk_paths.h"

namespace weir::drill {

/// Looks at a cluster's nodes in ZooKeeper with a session of its own, and writes down who leads and which
/// checkpoints are completed. Where it lives nothing is cut.
///
/// Threads: made and ended by the owner; all calls by him.
class Observer final : private ZkListener {
public:
  /// `recorder` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<Observer>> start(const std::string& hosts,
                                                               const std::string& cluster,
                                                               Recorder& recorder);
  ~Observer() override;

  /// From now on checkpoints of this job are looked at.
  void follow(JobId job) WEIR_EXCLUDES(lock_);
  /// Paths below the cluster's node, of whatever should be gone when the job has ended.
  [[nodiscard]] std::vector<std::string> nodes_of(JobId job);
  /// Writes as the leader of that term would: what comes of it.
  [[nodiscard]] ZkOutcome write_under(std::uint64_t epoch);
  /// Whether somebody leads.
  [[nodiscard]] bool has_leader();
  /// Which session the leader's node goes with; 0: nobody leads.
  [[nodiscard]] std::int64_t leader_session();

private:
  Observer(ZkPaths paths, Recorder& recorder) : paths_(std::move(paths)), recorder_(recorder) {}

  void run() WEIR_EXCLUDES(lock_);
  /// False when it is over.
  bool await_change() WEIR_EXCLUDES(lock_);
  void look_at_leader();
  void look_at_checkpoints() WEIR_EXCLUDES(lock_);

  // ZkListener, on ZooKeeper's thread
  void on_session(ZkSessionState state, const ZkSession& session) override WEIR_EXCLUDES(lock_);
  void on_changed(const std::string& path) override WEIR_EXCLUDES(lock_);

  const ZkPaths paths_;
  Recorder& recorder_;
  std::unique_ptr<ZkClient> client_;
  // The observer's thread:
  std::pair<std::int64_t, std::int32_t> seen_leader_;  // the transaction that made its node, and its version
  std::set<std::string> seen_checkpoints_;

  Mutex lock_;
  CondVar woken_;
  JobId job_ WEIR_GUARDED_BY(lock_);
  bool has_changed_ WEIR_GUARDED_BY(lock_) = false;
  bool is_expired_ WEIR_GUARDED_BY(lock_) = false;
  bool is_over_ WEIR_GUARDED_BY(lock_) = false;
  Thread thread_;
};

}  // namespace weir::drill
