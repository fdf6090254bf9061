// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "actors/client/job_submission.h"
#include "actors/system/fence.h"
#include "test/sim/cluster.h"
#include "test/sim/follower.h"

namespace weir::sim {

/// The process of a client that submits the job and waits for its end: the real JobSubmission, in a skin that
/// is made of events. It lives as long as the schedule.
class ClientNode final : private JobSubmissionOutbox {
public:
  ClientNode(Cluster& cluster, NodeId node);

  void start() { follower_.start(); }
  void on_down(ConnectionId connection);
  void lose_zookeeper() { follower_.lose_zookeeper(); }
  /// Asks the leader to cancel the job, until one has said that it is cancelled.
  void cancel();

  void on_result(LeaderSessionId session, const JobResult& mail);

private:
  void submit(const SubmitJob& mail) override;
  void attach(const AttachToJob& mail) override;
  void finish(Result<JobResult> result) override;
  void wake_after(Duration delay) override;

  void on_new_leader(LeaderSessionId session, ConnectionId leader);
  void on_leader_lost(const std::string& reason);
  template <class Event, class OnReply>
  void ask(Event event, OnReply on_reply);
  [[nodiscard]] JobId job() const { return cluster_.plan.graph.id; }
  [[nodiscard]] TimePoint now() const { return cluster_.world.now(); }

  Cluster& cluster_;
  const NodeId node_;
  Fence fence_;
  JobSubmission logic_;
  Follower follower_;
  Mailbox from_system_;
  std::optional<ConnectionId> leader_;
};

}  // namespace weir::sim
