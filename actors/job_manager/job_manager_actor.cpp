// SPDX-License-Identifier: Apache-2.0
// Leadership, TaskManagers, checkpoints. Clients are in job_manager_clients_actor.cpp.
#include "actors/job_manager/job_manager_actor.h"

#include <string>
#include <utility>
#include <vector>

#include "actors/archivist/archivist_actor.h"
#include "actors/instance_manager/instance_manager_actor.h"
#include "actors/job_manager/job_keeper_actor.h"
#include "actors/job_manager/job_manager_state_actor.h"
#include "actors/job_manager/job_verdicts.h"
#include "base/log.h"

namespace weir {

namespace {

constexpr const char* kName = "JobManager";
/// Until whoever keeps jobs counts as gone: a disk may be slow.
constexpr std::chrono::seconds kStorageTimeout{60};
/// Until it is asked again which jobs there are.
constexpr std::chrono::seconds kRecoveryPause{2};

}  // namespace

void JobManagerState::spawn_companions(const JobManagerOptions& options) {
  archivist_ = spawn_archivist(self_->system(), options.archived_jobs);
  instances_ =
      spawn_instance_manager(self_->system(), options.instances, caf::actor_cast<InstanceListener>(self_));
  self_->link_to(archivist_);
  self_->link_to(instances_);
}

void JobManagerState::keep_by(std::shared_ptr<JobStorage> storage, bool has_thread) {
  if (keeper_) {
    self_->unlink_from(keeper_);
    self_->send_exit(keeper_, caf::exit_reason::user_shutdown);  // when it has done what it was asked
  }
  storage_ = std::move(storage);
  keeper_ = spawn_job_keeper(self_->system(), storage_, has_thread);
  self_->link_to(keeper_);
  coordinators_.emplace(self_, state_defaults_, storage_);
}

void JobManagerState::set_up(const JobManagerOptions& options) {
  access_ = options.instances.access;
  libraries_ = options.libraries;
  open_storage_ = options.open_storage;
  on_leading_ = options.on_leading;
  state_defaults_ = options.jobs.state;
  logic_.emplace(options.jobs, *this);
  spawn_companions(options);
  keep_by(options.storage ? options.storage : open_file_storage({}), options.storage != nullptr);
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
      [this](AwaitLeadership) { return await_leadership(); },
      // Clients
      [this](LeaderSessionId session, const SubmitJob& mail, const JobClientGateway& client) {
        return on_submit(session, mail, client);
      },
      [this](LeaderSessionId session, const AttachToJob& mail, const JobClientGateway& client) {
        return on_attach(session, mail, client);
      },
      [this](LeaderSessionId session, const CancelJob& mail) { return on_cancel(session, mail); },
      [this](LeaderSessionId session, const StopJob& mail) { return on_stop(session, mail); },
      [this](LeaderSessionId session, const TriggerSavepoint& mail) { return on_savepoint(session, mail); },
      [this](LeaderSessionId session, const DisposeSavepoint& mail) { return on_dispose(session, mail); },
      // TaskManagers. The InstanceManager has a fence of its own.
      [this](LeaderSessionId session, const RegisterTaskManager& mail, const TaskManagerGateway& sender) {
        return self_->delegate(instances_, session, mail, sender);
      },
      [this](LeaderSessionId session, const Heartbeat& mail) {
        if (session == fence_.session()) logic_->on_task_progress(mail.tasks);
        return self_->delegate(instances_, session, Heartbeat{mail.instance, {}});
      },
      [this](LeaderSessionId session, const Disconnect& mail) { self_->delegate(instances_, session, mail); },
      [this](LeaderSessionId session, const UpdateTaskExecutionState& mail) {
        return on_task_state(session, mail);
      },
      [this](LeaderSessionId session, const AcknowledgeCheckpoint& mail) { hand_on(session, mail); },
      [this](LeaderSessionId session, const DeclineCheckpoint& mail) { hand_on(session, mail); },
      // CheckpointCoordinators
      [this](LeaderSessionId session, const RestoredState& mail) { on_told(session, mail); },
      [this](LeaderSessionId session, const FailJob& mail) { on_told(session, mail); },
      [this](LeaderSessionId session, const ScheduleOrUpdateConsumers& mail) { on_told(session, mail); },
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
      [this](LeaderSessionId session, const AdoptionOverdue& mail) { on_due(session, mail); },
      [this](LeaderSessionId session, const AskForState& mail) { on_due(session, mail); },
  };
}

// Leadership

void JobManagerState::grant(LeaderSessionId session) {
  if (!tenure_.on_grant(session)) return;
  log::info(kName, "Was granted leadership under session " + session.hex());
  if (open_storage_) keep_by(open_storage_(session), true);
  if (!keeps_jobs()) return lead(session, {.outcome = Outcome::ok(), .jobs = {}, .rounds = {}});
  self_->request(keeper_, kStorageTimeout, RecoverJobs{})
      .then([this, session](const RecoveredJobs& recovered) { lead(session, recovered); },
            [this, session](const caf::error& cause) {
              const Error why = mail_error(cause, "RecoverJobs", kStorageTimeout);
              lead(session, {.outcome = Outcome::refused(why), .jobs = {}, .rounds = {}});
            });
}

void JobManagerState::lead(LeaderSessionId session, const RecoveredJobs& recovered) {
  if (!tenure_.holds(session)) return;  // revoked meanwhile
  // Whoever leads without knowing the jobs would deny them to those who ask.
  if (!recovered.outcome.accepted) {
    log::error(kName, recovered.outcome.refusal.what);
    return self_->delayed_send(self_, kRecoveryPause, GrantLeadership{session});
  }
  fence_.open(session);
  coordinators_->lead_under(session);
  caf::anon_send(instances_, GrantLeadership{session});
  archive_recovered();
  for (std::size_t i = 0; i < recovered.jobs.size(); ++i) {
    const JobGraph& job = recovered.jobs[i];
    if (const Outcome taken = logic_->on_recovered(job, recovered.rounds[i], now()); !taken.accepted)
      log::error(kName, "Job " + job.id.hex() + " is not run again: " + taken.refusal.what);
  }
  for (auto& awaiting : std::exchange(awaiting_leadership_, {})) awaiting.deliver(session);
  on_leading_(session);
}

void JobManagerState::archive_recovered() {
  if (!storage_->verdicts) return;
  const auto ended = storage_->verdicts->recover();
  if (!ended) return log::error(kName, ended.error().what);
  for (const JobVerdict& job : *ended) caf::anon_send(archivist_, ArchiveJob{weir::details_of(job)});
}

caf::result<LeaderSessionId> JobManagerState::await_leadership() {
  if (fence_.is_open()) return fence_.session();
  return awaiting_leadership_.emplace_back(self_->make_response_promise<LeaderSessionId>());
}

void JobManagerState::revoke() {
  log::info(kName, "Lost leadership");
  logic_->suspend_all("the JobManager lost its leadership", now());
  tenure_.on_revoke();
  first_words_.on_revoke(not_leading());
  last_words_.on_revoke();
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

UpdateTaskReply JobManagerState::on_task_state(LeaderSessionId session,
                                               const UpdateTaskExecutionState& mail) {
  if (!fence_.admits(session)) return {.known = false, .leads = false};
  return {.known = logic_->on_task_state(mail.task, now())};
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

// Checkpoints

void JobManagerState::on_told(LeaderSessionId session, const ScheduleOrUpdateConsumers& mail) {
  if (fence_.admits(session)) logic_->on_partition_consumable(mail, now());
}

void JobManagerState::on_told(LeaderSessionId session, const RestoredState& mail) {
  if (fence_.admits(session)) logic_->on_restored(mail, now());
}

void JobManagerState::on_told(LeaderSessionId session, const FailJob& mail) {
  if (fence_.admits(session)) logic_->on_checkpoints_failed(mail, now());
}

void JobManagerState::checkpoint_round_started(JobId job, std::uint64_t number, const CheckpointPlan& plan,
                                               const std::vector<TaskManagerId>& places) {
  std::vector<TaskManagerGateway> handles;
  for (const TaskManagerId place : places) {
    const auto known = task_managers_.find(place);
    handles.push_back(known == task_managers_.end() ? TaskManagerGateway() : known->second);
  }
  coordinators_->tell(job, StartCheckpointRound{number, plan}, handles);
}

void JobManagerState::checkpoints_over(JobId job, JobEnd end) {
  const auto close = [coordinator = coordinators_->release(job)](JobEnd how) {
    if (coordinator) caf::anon_send(coordinator, CloseCheckpoints{how});
  };
  if (end == JobEnd::Suspended || !keeps_jobs()) return close(end);
  last_words_.hold(job, fence_.session(), *logic_->details(job));
  if (storage_->verdicts) {
    const Status announced = storage_->verdicts->record(
        verdict_of(*logic_->details(job), logic_->find(job)->job_graph().checkpoints));
    if (!announced) log::error(kName, announced.error().what);
  }
  const auto done = [this, job, end, close, term = fence_.session()](const Outcome& recorded) {
    close(as_recorded(end, recorded));
    on_recorded(job, term, recorded);
  };
  self_->request(keeper_, kStorageTimeout, ForgetJob{job}).then(done, [done](const caf::error& cause) {
    done(Outcome::refused(mail_error(cause, "ForgetJob", kStorageTimeout)));
  });
}

void JobManagerState::on_recorded(JobId job, LeaderSessionId term, const Outcome& recorded) {
  if (!recorded.accepted)
    log::error(kName, "Job " + job.hex() + " may be run again: " + recorded.refusal.what);
  last_words_.on_recorded(job, term, recorded);
}

bool JobManagerState::keep_round(const DeployedRound& attempts) {
  if (!open_storage_) return false;  // nobody leads after us whom our tasks could wait for
  DeployedRound round = attempts;
  round.deployed_by = fence_.session();
  self_->request(keeper_, kStorageTimeout, KeepRound{round})
      .then([this, round](const Outcome& kept) { logic_->on_round_kept(round, kept, now()); },
            [this, round](const caf::error& cause) {
              const Error why = mail_error(cause, "KeepRound", kStorageTimeout);
              logic_->on_round_kept(round, Outcome::refused(why), now());
            });
  return true;
}

// Itself

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

void JobManagerState::on_due(LeaderSessionId session, const AdoptionOverdue& mail) {
  if (fence_.admits(session)) logic_->on_adoption_overdue(mail.job, now());
}

void JobManagerState::adoption_due_after(Duration delay, JobId job) {
  self_->delayed_send(self_, delay, fence_.session(), AdoptionOverdue{job});
}

JobManagerActor spawn_job_manager(caf::actor_system& system, JobManagerOptions options) {
  return system.spawn([](JobManagerActor::stateful_pointer<JobManagerState> self,
                         const JobManagerOptions& chosen) { return self->state.start(self, chosen); },
                      options);
}

}  // namespace weir
