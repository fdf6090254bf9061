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
#include "base/log.h"
#include "checkpoint/coordinator/state_assignment.h"

namespace weir {

namespace {

constexpr const char* kName = "CheckpointCoordinator";

class CoordinatorState : public CheckpointOutbox {
public:
  static inline const char* name = kName;
  using Self = CheckpointCoordinatorActor::stateful_pointer<CoordinatorState>;

  CheckpointCoordinatorActor::behavior_type start(Self self, CoordinatedJobOptions options,
                                                  CheckpointKeeperActor keeper);

  // CheckpointOutbox
  void trigger(ExecutionAttemptId task, const CheckpointOrder& order) override;
  void notify_complete(ExecutionAttemptId task, CheckpointId checkpoint) override {
    send_to_task(task, NotifyCheckpointComplete{task, checkpoint});
  }
  void notify_aborted(ExecutionAttemptId task, CheckpointId checkpoint) override {
    send_to_task(task, NotifyCheckpointAborted{task, checkpoint});
  }
  void request_id() override { self_->send(keeper_, NextCheckpointId{}); }
  void write(const CompletedCheckpoint& checkpoint, bool may_be_restored) override {
    self_->send(keeper_, WriteCheckpoint{checkpoint, may_be_restored});
  }
  void remove(const CompletedCheckpoint& checkpoint, const std::vector<std::string>& files) override {
    self_->send(keeper_, RemoveCheckpoint{checkpoint, files});
  }
  void discard(const std::string& root, const std::string& directory,
               const std::vector<std::string>& files) override {
    self_->send(keeper_, DiscardCheckpoint{root, directory, files});
  }
  void fail_job(const Error& cause) override {
    send_to_job_manager(FailJob{.job = job(), .round = round_, .cause = cause});
  }
  void answer(SavepointRequestId request, const Result<std::string>& path) override;
  void restore(const CompletedCheckpoint* latest) override;

private:
  struct Asker {
    caf::typed_response_promise<SavepointReply> answer;
    AfterSavepoint then = AfterSavepoint::GoOn;
  };

  // Each is one event of the logic, which may set or move a deadline.
  template <class Event>
  void take(Event&& event) {
    if (!logic_) return;
    event(*logic_, now());
    arm();
    quit_if_done();
  }
  void on_restore_wanted(const RequestRestore& mail);
  void on_recovered(const RecoveredCheckpoints& mail);
  void on_round(const StartCheckpointRound& mail, const std::vector<TaskManagerGateway>& task_managers);
  caf::result<SavepointReply> on_savepoint(const TriggerSavepoint& mail);
  void on_close(JobEnd end);
  void on_tick();

  void recover();
  void arm();
  void quit_if_done();
  [[nodiscard]] Result<SavepointRequest> request_of(const TriggerSavepoint& mail);
  [[nodiscard]] JobId job() const { return options_.coordinator.job; }
  [[nodiscard]] CheckpointCoordinator::Now now() const {
    return {.time = now_of(*self_), .wall = clock_.wall_now()};
  }
  template <class Mail>
  void send_to_job_manager(const Mail& mail) {
    caf::anon_send(options_.job_manager, options_.session, mail);
  }
  template <class Mail>
  void send_to_task(ExecutionAttemptId task, const Mail& mail) {
    const auto it = task_managers_.find(task);
    if (it != task_managers_.end()) caf::anon_send(it->second, options_.session, mail);
  }

  Self self_ = nullptr;
  SystemClock clock_;
  CoordinatedJobOptions options_;
  CheckpointKeeperActor keeper_;
  std::optional<CheckpointCoordinator> logic_;  // none: it is not known yet what the job goes on from
  bool is_recovering_ = false;
  std::optional<RequestRestore> wanted_;  // the latest
  std::optional<JobEnd> end_;
  std::uint64_t round_ = 0;
  std::unordered_map<ExecutionAttemptId, TaskManagerGateway> task_managers_;  // of the round
  std::map<SavepointRequestId, Asker> askers_;
  std::uint64_t last_request_ = 0;
  std::optional<TimePoint> armed_;  // a Tick comes then
};

CheckpointCoordinatorActor::behavior_type CoordinatorState::start(Self self, CoordinatedJobOptions options,
                                                                  CheckpointKeeperActor keeper) {
  self_ = self;
  options_ = std::move(options);
  keeper_ = std::move(keeper);
  self->link_to(keeper_);
  guard(*self, kName);
  return {
      // The JobManager
      [this](const RequestRestore& mail) { on_restore_wanted(mail); },
      [this](const StartCheckpointRound& mail, const std::vector<TaskManagerGateway>& task_managers) {
        on_round(mail, task_managers);
      },
      [this](const TaskIsRunning& mail) {
        take([&](auto& logic, auto now) { logic.on_task_running(mail.attempt, now); });
      },
      [this](const TaskHasFinished& mail) {
        take([&](auto& logic, auto now) { logic.on_task_finished(mail.attempt, mail.snapshot, now); });
      },
      [this](const EndCheckpointRound& mail) {
        take([&](auto& logic, auto) { logic.on_round_ended(mail.reason); });
      },
      [this](const CloseCheckpoints& mail) { on_close(mail.end); },
      // Tasks
      [this](const AcknowledgeCheckpoint& m) {
        take([&](auto& logic, auto now) { logic.on_acknowledge(m.attempt, m.checkpoint, m.snapshot, now); });
      },
      [this](const DeclineCheckpoint& m) {
        take([&](auto& logic, auto now) { logic.on_decline(m.attempt, m.checkpoint, m.reason, now); });
      },
      // People
      [this](const TriggerSavepoint& mail) { return on_savepoint(mail); },
      // The keeper
      [this](const RecoveredCheckpoints& mail) { on_recovered(mail); },
      [this](const CheckpointIdReply& mail) {
        const Result<CheckpointId> id = mail.outcome.accepted ? Result(mail.id) : mail.outcome.refusal;
        take([&](auto& logic, auto now) { logic.on_id(id, now); });
      },
      [this](const CheckpointWritten& mail) {
        take([&](auto& logic, auto now) { logic.on_written(mail.id, mail.outcome.status(), now); });
      },
      // Itself
      [this](Tick) { on_tick(); },
  };
}

// What the job goes on from

void CoordinatorState::on_restore_wanted(const RequestRestore& mail) {
  wanted_ = mail;
  if (!logic_) return recover();
  take([](auto& logic, auto) { logic.request_restore(); });
}

void CoordinatorState::recover() {
  if (!std::exchange(is_recovering_, true)) self_->send(keeper_, RecoverCheckpoints{options_.restore.path});
}

void CoordinatorState::on_recovered(const RecoveredCheckpoints& mail) {
  is_recovering_ = false;
  if (!mail.outcome.accepted) {
    log::error(kName, mail.outcome.refusal.what);
    if (wanted_)
      send_to_job_manager(RestoredState{.job = job(), .number = wanted_->number, .outcome = mail.outcome});
    if (!end_) return;
  }
  logic_.emplace(options_.coordinator, mail.checkpoints, *this);
  if (end_) return take([&](auto& logic, auto) { logic.on_job_over(*end_); });
  take([](auto& logic, auto) { logic.request_restore(); });
}

void CoordinatorState::restore(const CompletedCheckpoint* latest) {
  RestoredState reply{.job = job(), .number = wanted_->number, .outcome = Outcome::ok()};
  if (latest != nullptr) {
    auto dealt = assign_state(*latest, wanted_->vertices, options_.restore.allow_non_restored_state);
    reply.checkpoint = latest->id;
    reply.outcome = Outcome::of(dealt ? Status::ok() : Status(dealt.error()));
    if (dealt) {
      reply.tasks = std::move(dealt->tasks);
      reply.max_parallelism = std::move(dealt->max_parallelism);
    }
    log::info(kName, "Job " + job().hex() + " goes on from " +
                         (latest->is_savepoint ? "savepoint " : "checkpoint ") + std::to_string(latest->id) +
                         " in " + latest->directory);
  }
  send_to_job_manager(reply);
}

// A round of attempts

void CoordinatorState::on_round(const StartCheckpointRound& mail,
                                const std::vector<TaskManagerGateway>& task_managers) {
  round_ = mail.number;
  task_managers_.clear();
  auto next = task_managers.begin();
  for (const CheckpointedVertex& vertex : mail.plan.vertices) {
    for (const CheckpointedTask& task : vertex.tasks) {
      if (next == task_managers.end()) break;
      if (*next) task_managers_.emplace(task.attempt, *next);
      ++next;
    }
  }
  take([&](auto& logic, auto now) { logic.on_round_started(mail.plan, now); });
}

void CoordinatorState::trigger(ExecutionAttemptId task, const CheckpointOrder& order) {
  send_to_task(task, TriggerCheckpoint{.attempt = task,
                                       .checkpoint = order.checkpoint,
                                       .triggered_at = order.triggered_at,
                                       .storage_root = order.root,
                                       .is_savepoint = order.is_savepoint,
                                       .ends_sources = order.ends_sources});
}

// Savepoints

caf::result<SavepointReply> CoordinatorState::on_savepoint(const TriggerSavepoint& mail) {
  auto request = request_of(mail);
  if (!request) return SavepointReply{.outcome = Outcome::refused(request.error())};
  auto promise = self_->make_response_promise<SavepointReply>();
  askers_[request->id] = {.answer = promise, .then = mail.then};
  take([&](auto& logic, auto) { logic.trigger_savepoint(*std::move(request)); });
  return promise;
}

Result<SavepointRequest> CoordinatorState::request_of(const TriggerSavepoint& mail) {
  const auto refused = [](std::string what) {
    return Error{ErrorCode::Refused, std::move(what), Blame::User, Retry::Later};
  };
  if (!logic_ || end_)
    return refused("no savepoint of job " + job().hex() + " can be taken: it does not run");
  const std::string& parent = mail.directory.empty() ? options_.savepoint_directory : mail.directory;
  if (parent.empty())
    return refused("no place for the savepoint: name a directory, or set state.savepoints.dir");
  if (!parent.starts_with('/')) return refused("'" + parent + "' is no absolute path");
  return SavepointRequest{.id = SavepointRequestId{++last_request_},
                          .directory = parent + "/savepoint-" + job().hex().substr(0, 6) + "-" +
                                       JobId::random().hex().substr(0, 12),
                          .ends_job = mail.then != AfterSavepoint::GoOn,
                          .ends_sources = mail.then == AfterSavepoint::Stop};
}

void CoordinatorState::answer(SavepointRequestId request, const Result<std::string>& path) {
  auto asker = askers_.extract(request);
  if (asker.empty()) return;
  if (path && asker.mapped().then == AfterSavepoint::Cancel) send_to_job_manager(CancelJob{job()});
  asker.mapped().answer.deliver(path ? SavepointReply{.outcome = Outcome::ok(), .path = *path}
                                     : SavepointReply{.outcome = Outcome::refused(path.error()), .path = {}});
}

// The end, and time

void CoordinatorState::on_close(JobEnd end) {
  end_ = end;
  if (!logic_) return recover();  // what it could have gone on from is to be deleted, or kept
  take([end](auto& logic, auto) { logic.on_job_over(end); });
}

void CoordinatorState::quit_if_done() {
  if (!end_ || logic_->pending() > 0) return;
  self_->send(keeper_, CloseKeeper{.is_over = *end_ != JobEnd::Suspended});
  self_->quit();
}

void CoordinatorState::arm() {
  const auto due = logic_->next_deadline();
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  self_->delayed_send(self_, std::max(*due - now().time, Duration::zero()), Tick{});
}

void CoordinatorState::on_tick() {
  if (!armed_ || now().time < *armed_) return;  // another one comes
  armed_.reset();
  take([](auto& logic, auto now) { logic.on_time(now); });
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
