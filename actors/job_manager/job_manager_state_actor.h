// SPDX-License-Identifier: Apache-2.0
// The skin of the JobManager. Only its own two files include this.
#pragma once

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/job_manager/job_coordinators_actor.h"
#include "actors/job_manager/first_words.h"
#include "actors/job_manager/job_manager_actor.h"
#include "actors/job_manager/last_words.h"
#include "actors/job_manager/tenure.h"
#include "actors/system/actor_system.h"
#include "actors/system/fence.h"
#include "ha/job_storage.h"

namespace weir {

/// What is answered while the fence is closed.
[[nodiscard]] Outcome not_leading();

/// Mail to calls of JobManager, and its wishes to mail.
class JobManagerState : public JobManagerOutbox {
public:
  static inline const char* name = "JobManager";
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
  void tell(ClientId to, const JobStatusChanged& mail) override {
    last_words_.say(mail.job, [=, this] { send_to_client(to, mail); });
  }
  void tell(ClientId to, const ExecutionStateChanged& mail) override { send_to_client(to, mail); }
  void tell(ClientId to, const JobResult& mail) override {
    last_words_.say(mail.job, [=, this] { send_to_client(to, mail); });
  }
  [[nodiscard]] Status keep_library(JobId job, const std::string& library) override {
    return libraries_ == nullptr ? Status::ok() : libraries_->on_job(job, library);
  }
  void release_library(JobId job) override {
    if (libraries_ != nullptr) libraries_->on_job_over(job);
  }
  [[nodiscard]] bool keep_round(const DeployedRound& round) override;
  void adoption_due_after(Duration delay, JobId job) override;
  void archive(const JobDetails& job) override {
    last_words_.say(job.job, [=, this] { caf::anon_send(archivist_, ArchiveJob{job}); });
  }
  void request_restore(const JobGraph& job, std::uint64_t number,
                       const std::vector<CheckpointedVertex>& vertices) override {
    coordinators_->request_restore(job, number, vertices);
  }
  void checkpoint_round_started(JobId job, std::uint64_t number, const CheckpointPlan& plan,
                                const std::vector<TaskManagerId>& task_managers) override;
  void checkpointed_task_runs(JobId job, ExecutionAttemptId attempt) override {
    coordinators_->tell(job, TaskIsRunning{attempt});
  }
  void checkpointed_task_finished(JobId job, ExecutionAttemptId attempt,
                                  const TaskSnapshot& snapshot) override {
    coordinators_->tell(job, TaskHasFinished{attempt, snapshot});
  }
  void checkpoint_round_ended(JobId job, const std::string& reason) override {
    coordinators_->tell(job, EndCheckpointRound{reason});
  }
  void checkpoints_over(JobId job, JobEnd end) override;
  void start_soon(JobId job) override;
  void restart_after(Duration delay, JobId job, std::uint64_t version) override;
  void ask_for_state_after(Duration delay, JobId job, std::uint64_t number) override {
    self_->delayed_send(self_, delay, fence_.session(), AskForState{job, number});
  }
  void slots_due_after(Duration delay, JobId job, std::uint64_t version) override;

private:
  void set_up(const JobManagerOptions& options);
  void spawn_companions(const JobManagerOptions& options);
  void keep_by(std::shared_ptr<JobStorage> storage, bool has_thread);
  void grant(LeaderSessionId session);
  void lead(LeaderSessionId session, const RecoveredJobs& recovered);
  void archive_recovered();
  void revoke();
  caf::result<LeaderSessionId> await_leadership();
  void on_joined(LeaderSessionId session, const TaskManagerJoined& mail, const TaskManagerGateway& handle);
  void on_lost(LeaderSessionId session, const TaskManagerLost& mail);
  caf::result<Outcome> on_submit(LeaderSessionId session, const SubmitJob& mail,
                                 const JobClientGateway& client);
  void on_kept(JobId job, LeaderSessionId term, const Outcome& kept);
  Outcome on_cancel(LeaderSessionId session, const CancelJob& mail);
  Outcome on_stop(LeaderSessionId session, const StopJob& mail);
  caf::result<SavepointReply> on_savepoint(LeaderSessionId session, const TriggerSavepoint& mail);
  caf::result<Outcome> on_dispose(LeaderSessionId session, const DisposeSavepoint& mail);
  UpdateTaskReply on_task_state(LeaderSessionId session, const UpdateTaskExecutionState& mail);
  NextInputSplit next_split(LeaderSessionId session, const RequestNextInputSplit& mail);
  template <class Mail>
  void hand_on(LeaderSessionId session, const Mail& mail) {
    if (fence_.admits(session)) coordinators_->tell(mail.job, mail);
  }
  void on_told(LeaderSessionId session, const ScheduleOrUpdateConsumers& mail);
  void on_told(LeaderSessionId session, const RestoredState& mail);
  void on_told(LeaderSessionId session, const FailJob& mail);
  void on_due(LeaderSessionId session, const StartJob& mail);
  void on_due(LeaderSessionId session, const RestartJob& mail);
  void on_due(LeaderSessionId session, const SlotsOverdue& mail);
  void on_due(LeaderSessionId session, const AdoptionOverdue& mail);
  void on_due(LeaderSessionId session, const AskForState& mail) {
    if (fence_.admits(session)) logic_->on_ask_for_state(mail.job, mail.number);
  }
  caf::result<Outcome> on_attach(LeaderSessionId session, const AttachToJob& mail,
                                 const JobClientGateway& client);
  caf::result<Outcome> keep_job(JobId submitted);
  /// To what the job is by now: running, ending, or archived.
  void attach(const AttachToJob& mail, const JobClientGateway& client,
              caf::typed_response_promise<Outcome> promise);
  /// It is over, which is not on record yet: who asks now hears of it with all others.
  Outcome attach_to_ending(const AttachToJob& mail, const JobClientGateway& client);
  void attach_to_archived(const AttachToJob& mail, const JobClientGateway& client,
                          caf::typed_response_promise<Outcome> promise);
  caf::result<JobStatusReply> status_of(const RequestJobStatus& mail);
  caf::result<JobDetailsReply> details_of(const RequestJobDetails& mail);
  caf::result<JobList> list_jobs();
  [[nodiscard]] ClusterAccess access() const;
  caf::result<ClusterOverview> overview();
  [[nodiscard]] ClusterOverview overview_of(const ArchiveOverview& archive,
                                            const InstanceList& instances) const;
  void on_client_down(const caf::down_msg& down);

  void on_recorded(JobId job, LeaderSessionId term, const Outcome& recorded);
  [[nodiscard]] bool keeps_jobs() const { return storage_->jobs != nullptr; }

  [[nodiscard]] ClientId client_id(const JobClientGateway& client);
  template <class Mail>
  void send_to_client(ClientId to, const Mail& mail);
  template <class Mail>
  void send_to_task_manager(TaskManagerId to, const Mail& mail);
  [[nodiscard]] WallTime now() const { return clock_.wall_now(); }

  Self self_ = nullptr;
  SystemClock clock_;
  Fence fence_{name};
  std::vector<caf::typed_response_promise<LeaderSessionId>> awaiting_leadership_;
  Tenure tenure_;  // from the grant on; the fence opens when the jobs are known
  std::function<std::shared_ptr<JobStorage>(LeaderSessionId)> open_storage_;  // may be empty
  std::function<void(LeaderSessionId)> on_leading_;
  StateDefaults state_defaults_;
  ClusterAccess access_;
  LibraryKeeper* libraries_ = nullptr;
  std::optional<JobManager> logic_;
  std::shared_ptr<JobStorage> storage_;
  std::optional<JobCoordinators> coordinators_;
  JobKeeperActor keeper_;
  FirstWords first_words_;
  LastWords last_words_;
  InstanceManagerActor instances_;
  ArchivistActor archivist_;
  std::map<TaskManagerId, TaskManagerGateway> task_managers_;
  std::map<ClientId, JobClientGateway> clients_;
  std::uint64_t last_client_ = 0;
};

template <class Mail>
void JobManagerState::send_to_task_manager(TaskManagerId to, const Mail& mail) {
  const auto it = task_managers_.find(to);
  if (it != task_managers_.end()) caf::anon_send(it->second, fence_.session(), mail);
}

template <class Mail>
void JobManagerState::send_to_client(ClientId to, const Mail& mail) {
  const auto it = clients_.find(to);
  if (it != clients_.end()) caf::anon_send(it->second, fence_.session(), mail);
}

}  // namespace weir
