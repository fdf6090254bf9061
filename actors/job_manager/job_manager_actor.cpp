// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_manager_actor.h"

#include <caf/delegated.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "actors/archivist/archivist_actor.h"
#include "actors/instance_manager/instance_manager_actor.h"
#include "actors/system/actor_system.h"
#include "actors/system/fence.h"
#include "actors/system/remoting.h"
#include "base/log.h"

namespace weir {

namespace {

constexpr const char* kName = "JobManager";

Outcome not_leading() {
  return Outcome::refused({ErrorCode::NotLeader, "this JobManager does not lead under that session",
                           Blame::Environment, Retry::Later});
}

class JobManagerState : public JobManagerOutbox {
public:
  static inline const char* name = kName;
  using Self = JobManagerActor::stateful_pointer<JobManagerState>;

  JobManagerActor::behavior_type start(Self self, const JobManagerOptions& options);

  // JobManagerOutbox
  void submit_task(TaskManagerId to, const TaskDeploymentDescriptor& task) override;
  void cancel_task(TaskManagerId to, ExecutionAttemptId attempt) override;
  void stop_task(TaskManagerId to, ExecutionAttemptId attempt) override {
    send_to_task_manager(to, StopTask{attempt});
  }
  void update_partition(TaskManagerId to, ExecutionAttemptId attempt,
                        const InputChannelDescriptor& channel) override {
    send_to_task_manager(to, UpdatePartitionInfo{attempt, {channel}});
  }
  void release_partitions(TaskManagerId to, ExecutionAttemptId attempt) override;
  void tell(ClientId to, const JobStatusChanged& mail) override { send_to_client(to, mail); }
  void tell(ClientId to, const ExecutionStateChanged& mail) override { send_to_client(to, mail); }
  void tell(ClientId to, const JobResult& mail) override { send_to_client(to, mail); }
  [[nodiscard]] Status keep_library(JobId job, const std::string& library) override {
    return libraries_ == nullptr ? Status::ok() : libraries_->on_job(job, library);
  }
  void release_library(JobId job) override {
    if (libraries_ != nullptr) libraries_->on_job_over(job);
  }
  void archive(const JobDetails& job) override { caf::anon_send(archivist_, ArchiveJob{job}); }
  void start_soon(JobId job) override;
  void restart_after(Duration delay, JobId job, std::uint64_t version) override;
  void slots_due_after(Duration delay, JobId job, std::uint64_t version) override;

private:
  void set_up(const JobManagerOptions& options);
  void spawn_companions(const JobManagerOptions& options);
  void grant(LeaderSessionId session);
  void revoke();
  void on_joined(LeaderSessionId session, const TaskManagerJoined& mail, const TaskManagerGateway& handle);
  void on_lost(LeaderSessionId session, const TaskManagerLost& mail);
  Outcome on_submit(LeaderSessionId session, const SubmitJob& mail, const JobClientGateway& client);
  Outcome on_cancel(LeaderSessionId session, const CancelJob& mail);
  Outcome on_stop(LeaderSessionId session, const StopJob& mail);
  NextInputSplit next_split(LeaderSessionId session, const RequestNextInputSplit& mail);
  void on_due(LeaderSessionId session, const StartJob& mail);
  void on_due(LeaderSessionId session, const RestartJob& mail);
  void on_due(LeaderSessionId session, const SlotsOverdue& mail);
  caf::result<Outcome> on_attach(LeaderSessionId session, const AttachToJob& mail,
                                 const JobClientGateway& client);
  caf::result<Outcome> attach_to_archived(const AttachToJob& mail, const JobClientGateway& client);
  caf::result<JobStatusReply> status_of(const RequestJobStatus& mail);
  caf::result<JobDetailsReply> details_of(const RequestJobDetails& mail);
  caf::result<JobList> list_jobs();
  [[nodiscard]] ClusterAccess access() const;
  caf::result<ClusterOverview> overview();
  [[nodiscard]] ClusterOverview overview_of(const ArchiveOverview& archive,
                                            const InstanceList& instances) const;
  void on_client_down(const caf::down_msg& down);

  [[nodiscard]] ClientId client_id(const JobClientGateway& client);
  template <class Mail>
  void send_to_client(ClientId to, const Mail& mail);
  template <class Mail>
  void send_to_task_manager(TaskManagerId to, const Mail& mail);
  [[nodiscard]] WallTime now() const { return clock_.wall_now(); }

  Self self_ = nullptr;
  SystemClock clock_;
  Fence fence_;
  ClusterAccess access_;
  LibraryKeeper* libraries_ = nullptr;
  std::optional<JobManager> logic_;
  InstanceManagerActor instances_;
  ArchivistActor archivist_;
  std::map<TaskManagerId, TaskManagerGateway> task_managers_;
  std::map<ClientId, JobClientGateway> clients_;
  std::uint64_t last_client_ = 0;
};

void JobManagerState::spawn_companions(const JobManagerOptions& options) {
  archivist_ = spawn_archivist(self_->system(), options.archived_jobs);
  instances_ =
      spawn_instance_manager(self_->system(), options.instances, caf::actor_cast<InstanceListener>(self_));
  self_->link_to(archivist_);
  self_->link_to(instances_);
}

void JobManagerState::set_up(const JobManagerOptions& options) {
  access_ = options.instances.access;
  libraries_ = options.libraries;
  logic_.emplace(options.jobs, *this);
  spawn_companions(options);
  self_->set_down_handler([this](caf::down_msg& down) { on_client_down(down); });
  guard(*self_, kName);
}

JobManagerActor::behavior_type JobManagerState::start(Self self, const JobManagerOptions& options) {
  self_ = self;
  set_up(options);
  return {
      // InstanceListener
      [this](LeaderSessionId session, const TaskManagerJoined& mail, const TaskManagerGateway& handle) {
        on_joined(session, mail, handle);
      },
      [this](LeaderSessionId session, const TaskManagerLost& mail) { on_lost(session, mail); },
      // Leadership
      [this](const GrantLeadership& mail) { grant(mail.session); },
      [this](RevokeLeadership) { revoke(); },
      // Clients
      [this](LeaderSessionId session, const SubmitJob& mail, const JobClientGateway& client) {
        return on_submit(session, mail, client);
      },
      [this](LeaderSessionId session, const AttachToJob& mail, const JobClientGateway& client) {
        return on_attach(session, mail, client);
      },
      [this](LeaderSessionId session, const CancelJob& mail) { return on_cancel(session, mail); },
      [this](LeaderSessionId session, const StopJob& mail) { return on_stop(session, mail); },
      [](LeaderSessionId, const TriggerSavepoint& mail) -> SavepointReply {
        return {.outcome = no_such_job(mail.job), .path = {}};
      },
      [](LeaderSessionId, const DisposeSavepoint& mail) {
        return Outcome::refused({ErrorCode::NotFound, mail.path + " is no savepoint"});
      },
      // TaskManagers. The InstanceManager has a fence of its own.
      [this](LeaderSessionId session, const RegisterTaskManager& mail, const TaskManagerGateway& sender) {
        return self_->delegate(instances_, session, mail, sender);
      },
      [this](LeaderSessionId session, const Heartbeat& mail) {
        if (session == fence_.session()) logic_->on_task_progress(mail.tasks);
        return self_->delegate(instances_, session, Heartbeat{mail.instance, {}});
      },
      [this](LeaderSessionId session, const Disconnect& mail) { self_->delegate(instances_, session, mail); },
      [this](LeaderSessionId session, const UpdateTaskExecutionState& mail) -> UpdateTaskReply {
        return {.known = fence_.admits(session) && logic_->on_task_state(mail.task, now())};
      },
      [](LeaderSessionId, const AcknowledgeCheckpoint&) {},
      [](LeaderSessionId, const DeclineCheckpoint&) {},
      [this](LeaderSessionId session, const ScheduleOrUpdateConsumers& mail) {
        if (fence_.admits(session)) logic_->on_partition_consumable(mail, now());
      },
      [this](LeaderSessionId session, const RequestNextInputSplit& mail) {
        return next_split(session, mail);
      },
      // Questions
      [this](const RequestJobStatus& mail) { return status_of(mail); },
      [this](const RequestJobDetails& mail) { return details_of(mail); },
      [this](ListJobs) { return list_jobs(); },
      [this](RequestClusterOverview) { return overview(); },
      [this](RequestInstances mail) { return self_->delegate(instances_, mail); },
      [this](RequestClusterAccess) { return access(); },
      // Itself
      [this](LeaderSessionId session, const StartJob& mail) { on_due(session, mail); },
      [this](LeaderSessionId session, const RestartJob& mail) { on_due(session, mail); },
      [this](LeaderSessionId session, const SlotsOverdue& mail) { on_due(session, mail); },
  };
}

// Leadership

void JobManagerState::grant(LeaderSessionId session) {
  log::info(kName, "Was granted leadership under session " + session.hex());
  fence_.open(session);
  caf::anon_send(instances_, GrantLeadership{session});
}

void JobManagerState::revoke() {
  log::info(kName, "Lost leadership");
  logic_->suspend_all("the JobManager lost its leadership", now());
  task_managers_.clear();
  fence_.close();
  caf::anon_send(instances_, RevokeLeadership{});
}

// TaskManagers

void JobManagerState::on_joined(LeaderSessionId session, const TaskManagerJoined& mail,
                                const TaskManagerGateway& handle) {
  if (!fence_.admits(session)) return;
  task_managers_[mail.task_manager.id] = handle;
  logic_->on_task_manager_joined(mail.task_manager, now());
}

void JobManagerState::on_lost(LeaderSessionId session, const TaskManagerLost& mail) {
  if (!fence_.admits(session)) return;
  task_managers_.erase(mail.task_manager);
  logic_->on_task_manager_lost(mail.task_manager, mail.reason, now());
}

void JobManagerState::submit_task(TaskManagerId to, const TaskDeploymentDescriptor& task) {
  const auto refused = [this, job = task.job, attempt = task.attempt](const Error& cause) {
    logic_->on_task_refused(job, attempt, cause, now());
  };
  self_->request(task_managers_.at(to), ask_timeout(*self_), fence_.session(), SubmitTask{task})
      .then(
          [refused](const Outcome& reply) {
            if (!reply.accepted) refused(reply.refusal);
          },
          [this, refused](const caf::error& cause) { refused(mail_error(*self_, cause, "SubmitTask")); });
}

NextInputSplit JobManagerState::next_split(LeaderSessionId session, const RequestNextInputSplit& mail) {
  if (!fence_.admits(session)) return {.outcome = not_leading(), .has_split = false, .split = {}};
  return logic_->on_next_input_split(mail);
}

void JobManagerState::cancel_task(TaskManagerId to, ExecutionAttemptId attempt) {
  send_to_task_manager(to, CancelTask{attempt});
}

void JobManagerState::release_partitions(TaskManagerId to, ExecutionAttemptId attempt) {
  send_to_task_manager(to, ReleasePartitions{attempt});
}

template <class Mail>
void JobManagerState::send_to_task_manager(TaskManagerId to, const Mail& mail) {
  const auto it = task_managers_.find(to);
  if (it != task_managers_.end()) caf::anon_send(it->second, fence_.session(), mail);
}

// Clients

Outcome JobManagerState::on_submit(LeaderSessionId session, const SubmitJob& mail,
                                   const JobClientGateway& client) {
  if (!fence_.admits(session)) return not_leading();
  return logic_->on_submit(mail, client_id(client), now());
}

caf::result<Outcome> JobManagerState::on_attach(LeaderSessionId session, const AttachToJob& mail,
                                                const JobClientGateway& client) {
  if (!fence_.admits(session)) return not_leading();
  if (logic_->find(mail.job) == nullptr) return attach_to_archived(mail, client);
  return logic_->on_attach(mail, client_id(client));
}

caf::result<Outcome> JobManagerState::attach_to_archived(const AttachToJob& mail,
                                                         const JobClientGateway& client) {
  auto promise = self_->make_response_promise<Outcome>();
  self_->request(archivist_, ask_timeout(*self_), RequestJobDetails{mail.job})
      .then([this, promise, client](const JobDetailsReply& reply) mutable {
        promise.deliver(reply.outcome);
        if (reply.outcome.accepted) caf::anon_send(client, fence_.session(), result_of(reply.details));
      });
  return promise;
}

Outcome JobManagerState::on_cancel(LeaderSessionId session, const CancelJob& mail) {
  return fence_.admits(session) ? logic_->on_cancel(mail.job, now()) : not_leading();
}

Outcome JobManagerState::on_stop(LeaderSessionId session, const StopJob& mail) {
  return fence_.admits(session) ? logic_->on_stop(mail.job, now()) : not_leading();
}

void JobManagerState::start_soon(JobId job) { self_->send(self_, fence_.session(), StartJob{job}); }

void JobManagerState::restart_after(Duration delay, JobId job, std::uint64_t version) {
  self_->delayed_send(self_, delay, fence_.session(), RestartJob{job, version});
}

void JobManagerState::slots_due_after(Duration delay, JobId job, std::uint64_t version) {
  self_->delayed_send(self_, delay, fence_.session(), SlotsOverdue{job, version});
}

void JobManagerState::on_due(LeaderSessionId session, const StartJob& mail) {
  if (fence_.admits(session)) logic_->on_start_due(mail.job, now());
}

void JobManagerState::on_due(LeaderSessionId session, const RestartJob& mail) {
  if (fence_.admits(session)) logic_->on_restart_due(mail.job, mail.version, now());
}

void JobManagerState::on_due(LeaderSessionId session, const SlotsOverdue& mail) {
  if (fence_.admits(session)) logic_->on_slots_overdue(mail.job, mail.version, now());
}

ClientId JobManagerState::client_id(const JobClientGateway& client) {
  for (const auto& [id, known] : clients_)
    if (known == client) return id;
  self_->monitor(client);
  const ClientId id{++last_client_};
  clients_.emplace(id, client);
  return id;
}

void JobManagerState::on_client_down(const caf::down_msg& down) {
  for (const auto& [id, client] : clients_) {
    if (client.address() != down.source) continue;
    logic_->on_client_gone(id);
    clients_.erase(id);
    return;
  }
}

template <class Mail>
void JobManagerState::send_to_client(ClientId to, const Mail& mail) {
  const auto it = clients_.find(to);
  if (it != clients_.end()) caf::anon_send(it->second, fence_.session(), mail);
}

// Questions: what runs is known here, what ended by the archivist.

caf::result<JobStatusReply> JobManagerState::status_of(const RequestJobStatus& mail) {
  if (const ExecutionGraph* job = logic_->find(mail.job))
    return JobStatusReply{.outcome = Outcome::ok(), .status = job->status()};
  return self_->delegate(archivist_, mail);
}

caf::result<JobDetailsReply> JobManagerState::details_of(const RequestJobDetails& mail) {
  if (auto details = logic_->details(mail.job))
    return JobDetailsReply{.outcome = Outcome::ok(), .details = *std::move(details)};
  return self_->delegate(archivist_, mail);
}

caf::result<JobList> JobManagerState::list_jobs() {
  auto promise = self_->make_response_promise<JobList>();
  self_->request(archivist_, ask_timeout(*self_), RequestArchive{})
      .then([this, promise](const ArchiveOverview& archive) mutable {
        JobList list = logic_->running_jobs();
        list.jobs.insert(list.jobs.end(), archive.jobs.begin(), archive.jobs.end());
        promise.deliver(std::move(list));
      });
  return promise;
}

caf::result<ClusterOverview> JobManagerState::overview() {
  auto promise = self_->make_response_promise<ClusterOverview>();
  self_->request(archivist_, ask_timeout(*self_), RequestArchive{})
      .then([this, promise](const ArchiveOverview& archive) {
        self_->request(instances_, ask_timeout(*self_), RequestInstances{})
            .then([this, promise, archive](const InstanceList& instances) mutable {
              promise.deliver(overview_of(archive, instances));
            });
      });
  return promise;
}

ClusterAccess JobManagerState::access() const {
  // The first question of each client: this often, something is there to be forgotten.
  forget_helpers(self_->system());
  return access_;
}

ClusterOverview JobManagerState::overview_of(const ArchiveOverview& archive,
                                             const InstanceList& instances) const {
  const Scheduler::Slots slots = logic_->slots();
  return {.task_managers = slots.task_managers,
          .slots_total = slots.total,
          .slots_free = slots.free,
          .jobs_running = static_cast<std::uint32_t>(logic_->running_jobs().jobs.size()),
          .jobs_finished = archive.finished,
          .jobs_cancelled = archive.cancelled,
          .jobs_failed = archive.failed,
          .messages_refused = instances.refused + fence_.refused() + logic_->late_reports()};
}

}  // namespace

JobManagerActor spawn_job_manager(caf::actor_system& system, JobManagerOptions options) {
  return system.spawn([](JobManagerActor::stateful_pointer<JobManagerState> self,
                         const JobManagerOptions& chosen) { return self->state.start(self, chosen); },
                      options);
}

}  // namespace weir
