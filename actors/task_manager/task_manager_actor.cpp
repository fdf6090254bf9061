// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/task_manager_actor.h"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/system/actor_system.h"
#include "actors/system/fence.h"
#include "base/address.h"
#include "base/log.h"

namespace weir {

namespace {

constexpr const char* kName = "TaskManager";

class TaskManagerState : public TaskManagerOutbox {
public:
  static inline const char* name = kName;
  using Self = TaskManagerActor::stateful_pointer<TaskManagerState>;

  TaskManagerActor::behavior_type start(Self self, const TaskManager::Options& options, TaskRunner& tasks,
                                        TaskManagerEvents owner);

  void register_at_leader(const RegisterTaskManager& mail) override;
  void heartbeat(const Heartbeat& mail) override;
  void leader_is_silent(const std::string& reason) override;
  void report(const UpdateTaskExecutionState& mail) override;
  void registered(InstanceId instance, const ClusterAccess& access) override;
  void give_up(const std::string& reason) override;
  void wake_after(Duration delay) override { self_->delayed_send(self_, delay, Tick{}); }

private:
  Outcome on_submit(LeaderSessionId session, const SubmitTask& mail);
  void on_new_leader(LeaderSessionId session, const JobManagerActor& leader);
  void on_leader_lost(const std::string& reason);
  void on_disconnect(const Disconnect& mail);
  void on_report_reply(LeaderSessionId asked_under, ExecutionAttemptId attempt, const UpdateTaskReply& reply);
  template <class Mail>
  void send_to_leader(const Mail& mail) {
    if (leader_) caf::anon_send(leader_, fence_.session(), mail);
  }
  void on_heartbeat_reply(LeaderSessionId asked_under, InstanceId instance, const HeartbeatReply& reply);
  void on_registration_reply(LeaderSessionId asked_under, const RegistrationReply& reply);
  void request_input_split(const RequestNextInputSplit& mail);
  caf::result<InstanceId> await_registration();

  Self self_ = nullptr;
  TaskManagerEvents owner_;
  Fence fence_{kName};
  std::optional<TaskManager> logic_;
  JobManagerActor leader_;  // null: none is known
  std::vector<caf::typed_response_promise<InstanceId>> awaiting_registration_;
};

TaskManagerActor::behavior_type TaskManagerState::start(Self self, const TaskManager::Options& options,
                                                        TaskRunner& tasks, TaskManagerEvents owner) {
  self_ = self;
  owner_ = std::move(owner);
  logic_.emplace(options, tasks, *this);
  logic_->start(now_of(*self));
  guard(*self, kName);
  self->set_down_handler([this](caf::down_msg& down) {
    if (leader_ && leader_.address() == down.source)
      on_leader_lost("the connection to the JobManager was lost");
  });
  return {
      // TaskManagerGateway
      [this](LeaderSessionId session, const SubmitTask& mail) { return on_submit(session, mail); },
      [this](LeaderSessionId session, const CancelTask& mail) {
        if (fence_.admits(session)) logic_->on_cancel(mail);
      },
      [this](LeaderSessionId session, const StopTask& mail) {
        if (fence_.admits(session)) logic_->on_stop(mail);
      },
      [this](LeaderSessionId session, const BeginTask& mail) {
        if (fence_.admits(session)) logic_->on_begin(mail);
      },
      [this](LeaderSessionId session, const TriggerCheckpoint& mail) {
        if (fence_.admits(session)) logic_->on_trigger_checkpoint(mail);
      },
      [this](LeaderSessionId session, const NotifyCheckpointComplete& mail) {
        if (fence_.admits(session)) logic_->on_checkpoint_complete(mail);
      },
      [this](LeaderSessionId session, const NotifyCheckpointAborted& mail) {
        if (fence_.admits(session)) logic_->on_checkpoint_aborted(mail);
      },
      [this](LeaderSessionId session, const UpdatePartitionInfo& mail) {
        if (fence_.admits(session)) logic_->on_partition_update(mail);
      },
      [this](LeaderSessionId session, const ReleasePartitions& mail) {
        if (fence_.admits(session)) logic_->on_release(mail);
      },
      [this](LeaderSessionId session, const Disconnect& mail) {
        if (fence_.admits(session)) on_disconnect(mail);
      },
      // Its own process
      [this](const NewLeader& mail, const JobManagerActor& leader) { on_new_leader(mail.session, leader); },
      [this](const LeaderLost& mail) { on_leader_lost(mail.reason); },
      [this](const TaskExecutionState& state) { logic_->on_task_state(state); },
      [this](const RequestNextInputSplit& mail) { request_input_split(mail); },
      [this](const ScheduleOrUpdateConsumers& mail) { send_to_leader(mail); },
      [this](const AcknowledgeCheckpoint& mail) { send_to_leader(mail); },
      [this](const DeclineCheckpoint& mail) { send_to_leader(mail); },
      [this](AwaitRegistration) { return await_registration(); },
      [this](Tick) { logic_->on_tick(now_of(*self_)); },
  };
}

Outcome TaskManagerState::on_submit(LeaderSessionId session, const SubmitTask& mail) {
  if (fence_.admits(session)) return logic_->on_submit(mail, session);
  return Outcome::refused({ErrorCode::NotLeader, "the TaskManager does not follow this JobManager",
                           Blame::Environment, Retry::Later});
}

void TaskManagerState::on_disconnect(const Disconnect& mail) {
  const bool has_stepped_down = !mail.leads && mail.instance == logic_->instance();
  if (has_stepped_down) on_leader_lost(mail.reason);
  else logic_->on_disconnect(mail, now_of(*self_));
}

void TaskManagerState::on_new_leader(LeaderSessionId session, const JobManagerActor& leader) {
  if (leader_) self_->demonitor(leader_.address());
  leader_ = leader;
  fence_.open(session);
  self_->monitor(leader_);
  logic_->on_new_leader(now_of(*self_));
}

void TaskManagerState::on_leader_lost(const std::string& reason) {
  logic_->on_leader_lost(reason, now_of(*self_));
  fence_.close();
  if (leader_) self_->demonitor(leader_.address());
  leader_ = nullptr;
}

void TaskManagerState::register_at_leader(const RegisterTaskManager& mail) {
  const LeaderSessionId session = fence_.session();
  self_->request(leader_, ask_timeout(*self_), session, mail, caf::actor_cast<TaskManagerGateway>(self_))
      .then([this, session](const RegistrationReply& reply) { on_registration_reply(session, reply); },
            [this](const caf::error& cause) {
              log::debug(kName, mail_error(*self_, cause, "RegisterTaskManager").what);
            });
}

void TaskManagerState::on_registration_reply(LeaderSessionId asked_under, const RegistrationReply& reply) {
  // Whom we asked may have been deposed since.
  if (fence_.admits(asked_under)) logic_->on_registration_reply(reply, now_of(*self_));
}

void TaskManagerState::heartbeat(const Heartbeat& mail) {
  const LeaderSessionId session = fence_.session();
  const InstanceId instance = mail.instance;
  self_->request(leader_, ask_timeout(*self_), session, mail)
      .then([this, session,
             instance](const HeartbeatReply& reply) { on_heartbeat_reply(session, instance, reply); },
            [this](const caf::error& cause) {
              log::debug(kName, mail_error(*self_, cause, "Heartbeat").what);
            });
}

void TaskManagerState::on_heartbeat_reply(LeaderSessionId asked_under, InstanceId instance,
                                          const HeartbeatReply& reply) {
  if (!fence_.admits(asked_under)) return;
  if (reply.leads) logic_->on_heartbeat_reply(instance, reply, now_of(*self_));
  else if (instance == logic_->instance()) on_leader_lost("the JobManager leads no longer");
}

void TaskManagerState::leader_is_silent(const std::string& reason) {
  if (owner_.leader_lost) owner_.leader_lost(reason);  // and so the finder looks again
  on_leader_lost(reason);
}

void TaskManagerState::report(const UpdateTaskExecutionState& mail) {
  const LeaderSessionId session = fence_.session();
  const ExecutionAttemptId attempt = mail.task.attempt;
  self_->request(leader_, ask_timeout(*self_), session, mail)
      .then([this, session,
             attempt](const UpdateTaskReply& reply) { on_report_reply(session, attempt, reply); },
            [this, session, attempt](const caf::error& cause) {
              // One that is gone is told of by itself; the next leader hears of the task when we register.
              if (session != fence_.session() || cause != caf::sec::request_timeout) return;
              logic_->on_report_refused(attempt, mail_error(*self_, cause, "UpdateTaskExecutionState").what);
            });
}

void TaskManagerState::on_report_reply(LeaderSessionId asked_under, ExecutionAttemptId attempt,
                                       const UpdateTaskReply& reply) {
  // Who leads no longer cannot know; the next one is told when we register.
  if (!reply.leads || asked_under != fence_.session()) return;
  if (!reply.known) logic_->on_report_refused(attempt, "the JobManager does not know this attempt");
}

void TaskManagerState::request_input_split(const RequestNextInputSplit& mail) {
  const ExecutionAttemptId attempt = mail.attempt;
  // What was handed out is known to nobody else: no leader can take over a job with splits.
  if (!leader_) return logic_->on_report_refused(attempt, "there is no JobManager to ask for its input");
  self_->request(leader_, ask_timeout(*self_), fence_.session(), mail)
      .then([this, attempt](const NextInputSplit& answer) { logic_->on_input_split(attempt, answer); },
            [this, attempt](const caf::error& cause) {
              logic_->on_report_refused(attempt, mail_error(*self_, cause, "RequestNextInputSplit").what);
            });
}

void TaskManagerState::registered(InstanceId instance, const ClusterAccess& access) {
  if (owner_.registered) owner_.registered(access);
  for (auto& promise : std::exchange(awaiting_registration_, {})) promise.deliver(instance);
}

caf::result<InstanceId> TaskManagerState::await_registration() {
  if (!logic_->instance().is_none()) return logic_->instance();
  awaiting_registration_.push_back(self_->make_response_promise<InstanceId>());
  return awaiting_registration_.back();
}

void TaskManagerState::give_up(const std::string& reason) {
  log::error(kName, "Ends: " + reason);
  if (owner_.given_up) owner_.given_up(reason);
  self_->quit(caf::exit_reason::user_shutdown);
}

}  // namespace

TaskManagerActor spawn_task_manager(caf::actor_system& system, TaskManager::Options options,
                                    TaskRunner& tasks, TaskManagerEvents owner) {
  const auto start = [&tasks, owner](TaskManagerActor::stateful_pointer<TaskManagerState> self,
                                     const TaskManager::Options& chosen) {
    return self->state.start(self, chosen, tasks, owner);
  };
  return system.spawn(start, std::move(options));
}

/// Turns the calls of task threads into mail to the actor.
class TaskManagerNode::Mailer final : public TaskObserver {
public:
  /// Before the first task is submitted.
  void set_receiver(TaskManagerActor receiver) { receiver_ = std::move(receiver); }
  void on_task_state(const TaskExecutionState& state) override { caf::anon_send(receiver_, state); }
  void on_input_split_wanted(JobId job, ExecutionAttemptId attempt) override {
    caf::anon_send(receiver_, RequestNextInputSplit{job, attempt});
  }
  void on_checkpoint_acknowledged(const CheckpointReport& report) override {
    caf::anon_send(receiver_, AcknowledgeCheckpoint{.job = report.job,
                                                    .attempt = report.attempt,
                                                    .checkpoint = report.checkpoint,
                                                    .snapshot = report.snapshot,
                                                    .metrics = {.alignment = report.alignment,
                                                                .sync = report.sync,
                                                                .async = report.async,
                                                                .bytes = report.bytes}});
  }
  void on_checkpoint_declined(JobId job, ExecutionAttemptId attempt, CheckpointId checkpoint,
                              const std::string& reason) override {
    caf::anon_send(receiver_, DeclineCheckpoint{job, attempt, checkpoint, reason});
  }
  void on_partition_consumable(JobId job, const ResultPartitionId& partition) override {
    caf::anon_send(receiver_, ScheduleOrUpdateConsumers{job, partition});
  }

private:
  TaskManagerActor receiver_;
};

namespace {

/// The address under which others reach what listens at `bound`.
std::string advertised(const std::string& bound, const std::string& host) {
  const auto place = split_address(bound);
  WEIR_CHECK(place, "a listening socket has an address");
  return host.empty() ? bound : join_address(host, place->port);
}

}  // namespace

TaskManagerNode::TaskManagerNode(caf::actor_system& system, Options options, ProgramSource& programs)
    : system_(system),
      mailer_(std::make_unique<Mailer>()),
      id_(TaskManagerId::random()),
      tasks_(std::make_unique<WorkerTaskRunner>(id_, options.worker, programs, *mailer_)) {
  options.actor.self.id = id_;
  options.actor.self.slots = options.worker.slots;
  const auto data_address = tasks_->data_address();
  if (data_address && !data_address->empty())
    options.actor.self.data_address = advertised(*data_address, options.data_host);
  actor_ = spawn_task_manager(system, options.actor, *tasks_, std::move(options.events));
  mailer_->set_receiver(actor_);
}

TaskManagerNode::~TaskManagerNode() {
  caf::scoped_actor self(system_);
  self->send_exit(actor_, caf::exit_reason::user_shutdown);
  self->wait_for(actor_);
}

}  // namespace weir
