// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "actors/checkpoint_coordinator/coordinated_job.h"
#include "ha/checkpoint_keeper.h"
#include "test/sim/cluster.h"
#include "test/sim/mailbox.h"
#include "test/sim/worker.h"

namespace weir::sim {

/// A job's CheckpointCoordinator and its keeper, in the process of a JobManager: the real ones, in skins that
/// are made of events.
class CoordinatorNode final : private CoordinatedJobOutbox {
public:
  struct Options {
    CoordinatedJob::Options job;
    LeaderSessionId session;
    std::function<void(const RestoredState&)> restored;
    std::function<void(const FailJob&)> fail_job;
  };

  /// `keeper` is the job's, and lives as long as what it stands on.
  CoordinatorNode(Cluster& cluster, NodeId node, Options options, std::unique_ptr<CheckpointKeeper> keeper);

  /// Mail to it: one event of its logic. Mail to one that has ended vanishes.
  template <class Event>
  void tell(Event event) {
    mail_.send([this, event = std::move(event)] {
      if (!has_ended_) event(logic_, now());
    });
  }
  /// The same, and where the tasks of the round are.
  void start_round(const StartCheckpointRound& mail, const std::vector<ConnectionId>& places);

private:
  void to_task(const BeginTask& mail) override { send_to_task(mail); }
  void to_task(const TriggerCheckpoint& mail) override { send_to_task(mail); }
  void to_task(const NotifyCheckpointComplete& mail) override { send_to_task(mail); }
  void to_task(const NotifyCheckpointAborted& mail) override { send_to_task(mail); }
  void to_keeper(const RecoverCheckpoints& mail) override;
  void to_keeper(const CheckFiles& mail) override;
  void to_keeper(const NextCheckpointId& mail) override;
  void to_keeper(const WriteCheckpoint& mail) override;
  void to_keeper(const RemoveCheckpoint& mail) override;
  void to_keeper(const DiscardCheckpoint& mail) override;
  void to_keeper(const SweepCheckpoints& mail) override;
  void to_keeper(const CloseKeeper& mail) override;
  void to_job_manager(const RestoredState& mail) override;
  void to_job_manager(const FailJob& mail) override;
  void to_job_manager(const CancelJob&) override {}
  void answer(SavepointRequestId, const SavepointReply&) override {}
  void wake_at(TimePoint due) override;
  void quit() override { has_ended_ = true; }

  template <class Mail>
  void send_to_task(const Mail& mail);
  /// What the keeper says, as mail.
  template <class Event>
  void answer_later(Event event) {
    from_keeper_.send([this, event = std::move(event)] {
      if (!has_ended_) event(logic_, now());
    });
  }
  [[nodiscard]] CoordinatedJob::Now now() const {
    return {.time = cluster_.world.now(), .wall = cluster_.world.wall_now()};
  }

  Cluster& cluster_;
  const NodeId node_;
  const Options options_;
  const std::unique_ptr<CheckpointKeeper> keeper_;
  Mailbox mail_;
  Mailbox from_keeper_;
  Mailbox to_job_manager_;
  CoordinatedJob logic_;
  bool has_ended_ = false;
  std::map<ExecutionAttemptId, ConnectionId> places_;  // of the tasks of the round
  Worker thread_;                                      // the keeper's; ends first
};

}  // namespace weir::sim
