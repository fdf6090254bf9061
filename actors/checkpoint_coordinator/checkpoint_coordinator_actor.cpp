// SPDX-License-Identifier: Apache-2.0
#include "actors/checkpoint_coordinator/checkpoint_coordinator_actor.h"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/system/actor_system.h"

namespace weir {

namespace {

constexpr const char* kName = "CheckpointCoordinator";

class CoordinatorState : public CoordinatedJobOutbox {
public:
  static inline const char* name = kName;
  using Self = CheckpointCoordinatorActor::stateful_pointer<CoordinatorState>;

  CheckpointCoordinatorActor::behavior_type start(Self self, CoordinatedJobOptions options,
                                                  CheckpointKeeperActor keeper);

  // CoordinatedJobOutbox
  void to_task(const BeginTask& mail) override { send_to_task(mail); }
  void to_task(const TriggerCheckpoint& mail) override { send_to_task(mail); }
  void to_task(const NotifyCheckpointComplete& mail) override { send_to_task(mail); }
  void to_task(const NotifyCheckpointAborted& mail) override { send_to_task(mail); }
  void to_keeper(const RecoverCheckpoints& mail) override { self_->send(keeper_, mail); }
  void to_keeper(const CheckFiles& mail) override { self_->send(keeper_, mail); }
  void to_keeper(const NextCheckpointId& mail) override { self_->send(keeper_, mail); }
  void to_keeper(const WriteCheckpoint& mail) override { self_->send(keeper_, mail); }
  void to_keeper(const RemoveCheckpoint& mail) override { self_->send(keeper_, mail); }
  void to_keeper(const DiscardCheckpoint& mail) override { self_->send(keeper_, mail); }
  void to_keeper(const SweepCheckpoints& mail) override { self_->send(keeper_, mail); }
  void to_keeper(const CloseKeeper& mail) override { self_->send(keeper_, mail); }
  void to_job_manager(const RestoredState& mail) override { send_to_job_manager(mail); }
  void to_job_manager(const FailJob& mail) override { send_to_job_manager(mail); }
  void to_job_manager(const CancelJob& mail) override { send_to_job_manager(mail); }
  void answer(SavepointRequestId request, const SavepointReply& reply) override {
    askers_.extract(request).mapped().deliver(reply);
  }
  void wake_at(TimePoint due) override {
    self_->delayed_send(self_, std::max(due - now().time, Duration::zero()), Tick{});
  }
  void quit() override { self_->quit(); }

private:
  void on_round(const StartCheckpointRound& mail, const std::vector<TaskManagerGateway>& task_managers);
  caf::result<SavepointReply> on_savepoint(const TriggerSavepoint& mail);

  [[nodiscard]] CoordinatedJob::Now now() const {
    return {.time = now_of(*self_), .wall = clock_.wall_now()};
  }
  template <class Mail>
  void send_to_job_manager(const Mail& mail) {
    caf::anon_send(job_manager_, session_, mail);
  }
  template <class Mail>
  void send_to_task(const Mail& mail) {
    const auto it = task_managers_.find(mail.attempt);
    if (it != task_managers_.end()) caf::anon_send(it->second, session_, mail);
  }

  Self self_ = nullptr;
  SystemClock clock_;
  LeaderSessionId session_;
  JobManagerActor job_manager_;
  CheckpointKeeperActor keeper_;
  std::optional<CoordinatedJob> logic_;
  std::unordered_map<ExecutionAttemptId, TaskManagerGateway> task_managers_;  // of the round
  std::map<SavepointRequestId, caf::typed_response_promise<SavepointReply>> askers_;
  std::uint64_t last_request_ = 0;
};

CheckpointCoordinatorActor::behavior_type CoordinatorState::start(Self self, CoordinatedJobOptions options,
                                                                  CheckpointKeeperActor keeper) {
  self_ = self;
  session_ = options.session;
  job_manager_ = std::move(options.job_manager);
  keeper_ = std::move(keeper);
  logic_.emplace(std::move(options.job), *this);
  self->link_to(keeper_);
  guard(*self, kName);
  return {
      // The JobManager
      [this](const RequestRestore& mail) { logic_->on_restore_wanted(mail, now()); },
      [this](const StartCheckpointRound& mail, const std::vector<TaskManagerGateway>& task_managers) {
        on_round(mail, task_managers);
      },
      [this](const TaskIsRunning& mail) { logic_->on_task_running(mail, now()); },
      [this](const TaskHasFinished& mail) { logic_->on_task_finished(mail, now()); },
      [this](const EndCheckpointRound& mail) { logic_->on_round_ended(mail, now()); },
      [this](const CloseCheckpoints& mail) { logic_->on_close(mail.end, now()); },
      // Tasks
      [this](const AcknowledgeCheckpoint& mail) { logic_->on_acknowledge(mail, now()); },
      [this](const DeclineCheckpoint& mail) { logic_->on_decline(mail, now()); },
      // People
      [this](const TriggerSavepoint& mail) { return on_savepoint(mail); },
      // The keeper
      [this](const RecoveredCheckpoints& mail) { logic_->on_recovered(mail, now()); },
      [this](const FilesChecked& mail) { logic_->on_files_checked(mail, now()); },
      [this](const CheckpointIdReply& mail) { logic_->on_id(mail, now()); },
      [this](const CheckpointWritten& mail) { logic_->on_written(mail, now()); },
      // Itself
      [this](Tick) { logic_->on_tick(now()); },
  };
}

void CoordinatorState::on_round(const StartCheckpointRound& mail,
                                const std::vector<TaskManagerGateway>& task_managers) {
  task_managers_.clear();
  auto next = task_managers.begin();
  for (const CheckpointedVertex& vertex : mail.plan.vertices) {
    for (const CheckpointedTask& task : vertex.tasks) {
      if (next == task_managers.end()) break;
      if (*next) task_managers_.emplace(task.attempt, *next);
      ++next;
    }
  }
  logic_->on_round_started(mail, now());
}

caf::result<SavepointReply> CoordinatorState::on_savepoint(const TriggerSavepoint& mail) {
  const SavepointRequestId request{++last_request_};
  auto promise = self_->make_response_promise<SavepointReply>();
  askers_.emplace(request, promise);
  logic_->on_savepoint(request, mail, now());
  return promise;
}

}  // namespace

CheckpointCoordinatorActor spawn_checkpoint_coordinator(caf::actor_system& system,
                                                        CoordinatedJobOptions options,
                                                        CheckpointKeeperActor keeper) {
  return system.spawn(
      [](CheckpointCoordinatorActor::stateful_pointer<CoordinatorState> self,
         const CoordinatedJobOptions& chosen,
         const CheckpointKeeperActor& kept) { return self->state.start(self, chosen, kept); },
      std::move(options), std::move(keeper));
}

}  // namespace weir
