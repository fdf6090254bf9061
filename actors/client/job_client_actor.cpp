// SPDX-License-Identifier: Apache-2.0
#include "actors/client/job_client_actor.h"

#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include "actors/client/question_actor.h"
#include "actors/system/actor_system.h"
#include "actors/system/fence.h"

namespace weir {

namespace {

constexpr const char* kName = "JobClient";

using Answer = std::promise<Result<JobResult>>;

class JobClientState : public JobSubmissionOutbox {
public:
  static inline const char* name = kName;
  using Self = JobClientActor::stateful_pointer<JobClientState>;

  JobClientActor::behavior_type start(Self self, JobGraph graph, JobSubmission::Options options,
                                      JobListener* listener, std::shared_ptr<Answer> answer);

  void submit(const SubmitJob& mail) override;
  void attach(const AttachToJob& mail) override;
  void finish(Result<JobResult> result) override;
  void wake_after(Duration delay) override { self_->delayed_send(self_, delay, Tick{}); }

private:
  void on_new_leader(LeaderSessionId session, const JobManagerActor& leader);
  void on_leader_lost(const std::string& reason);
  template <class Mail, class OnReply>
  void ask(const std::string& request, const Mail& mail, OnReply on_reply);
  [[nodiscard]] JobClientGateway me() const { return caf::actor_cast<JobClientGateway>(self_); }

  Self self_ = nullptr;
  Fence fence_;
  std::optional<JobSubmission> logic_;
  JobManagerActor leader_;  // null: none is known
  std::shared_ptr<Answer> answer_;
  std::chrono::milliseconds patience_{};  // for each answer of the leader
};

JobClientActor::behavior_type JobClientState::start(Self self, JobGraph graph, JobSubmission::Options options,
                                                    JobListener* listener, std::shared_ptr<Answer> answer) {
  self_ = self;
  answer_ = std::move(answer);
  patience_ = std::chrono::ceil<std::chrono::milliseconds>(options.leader_timeout);
  logic_.emplace(std::move(graph), options, listener, *this);
  guard(*self, kName);
  self->set_down_handler([this](caf::down_msg& down) {
    if (leader_ && leader_.address() == down.source)
      on_leader_lost("the connection to the JobManager was lost");
  });
  return {
      // JobClientGateway
      [this](LeaderSessionId session, const JobStatusChanged& mail) {
        if (fence_.admits(session)) logic_->on_job_status(mail);
      },
      [this](LeaderSessionId session, const ExecutionStateChanged& mail) {
        if (fence_.admits(session)) logic_->on_task_state(mail);
      },
      [this](LeaderSessionId session, const JobResult& mail) {
        if (fence_.admits(session)) logic_->on_result(mail);
      },
      // Its own process
      [this](const NewLeader& mail, const JobManagerActor& leader) { on_new_leader(mail.session, leader); },
      [this](const LeaderLost& mail) { on_leader_lost(mail.reason); },
      [this](Tick) { logic_->on_tick(now_of(*self_)); },
  };
}

void JobClientState::on_new_leader(LeaderSessionId session, const JobManagerActor& leader) {
  if (leader_) self_->demonitor(leader_.address());
  leader_ = leader;
  fence_.open(session);
  self_->monitor(leader_);
  logic_->on_leader_found();
}

void JobClientState::on_leader_lost(const std::string& reason) {
  if (leader_) self_->demonitor(leader_.address());
  leader_ = nullptr;
  fence_.close();
  logic_->on_leader_lost(reason, now_of(*self_));
}

void JobClientState::submit(const SubmitJob& mail) {
  ask("SubmitJob", mail, [this](const Outcome& reply) { logic_->on_submit_reply(reply); });
}

void JobClientState::attach(const AttachToJob& mail) {
  ask("AttachToJob", mail, [this](const Outcome& reply) { logic_->on_attach_reply(reply); });
}

template <class Mail, class OnReply>
void JobClientState::ask(const std::string& request, const Mail& mail, OnReply on_reply) {
  // What a leader says, or does not, that was followed by another means nothing any more.
  const LeaderSessionId session = fence_.session();
  self_->request(leader_, patience_, session, mail, me())
      .then(
          [this, session, on_reply](const Outcome& reply) {
            if (fence_.admits(session)) on_reply(reply);
          },
          [this, session, request](const caf::error& cause) {
            if (!fence_.admits(session)) return;
            // It was gone before it was asked: its end may be told only now.
            if (cause == caf::sec::request_receiver_down) return on_leader_lost("the JobManager is gone");
            logic_->on_no_answer(mail_error(cause, request, patience_));
          });
}

void JobClientState::finish(Result<JobResult> result) {
  answer_->set_value(std::move(result));
  self_->quit();
}

}  // namespace

JobClientActor spawn_job_client(caf::actor_system& system, JobGraph graph, JobSubmission::Options options,
                                JobListener* listener,
                                std::shared_ptr<std::promise<Result<JobResult>>> answer) {
  const auto start = [listener](JobClientActor::stateful_pointer<JobClientState> self, const JobGraph& job,
                                JobSubmission::Options chosen, const std::shared_ptr<Answer>& promise) {
    return self->state.start(self, job, chosen, listener, promise);
  };
  return system.spawn(start, std::move(graph), options, std::move(answer));
}

class JobClient::Connection {
public:
  Connection(caf::actor_system& system, LeaderFinderActor finder, Duration patience)
      : system_(system),
        finder_(std::move(finder)),
        patience_(std::chrono::ceil<std::chrono::milliseconds>(patience)) {}

  Result<JobResult> submit(JobGraph graph, JobSubmission::Options options, JobListener* listener);

  /// Sends `mail` to the leader and waits for a Reply.
  template <class Reply, class Mail>
  Result<Reply> ask(const std::string& request, const Mail& mail) {
    return put<Reply>(request,
                      [mail](auto& self, std::chrono::milliseconds patience, LeaderSessionId,
                             const JobManagerActor& leader) { return self.request(leader, patience, mail); })
        .reply;
  }
  /// The same for what only the leader may do with a job, and which may have been done although no answer
  /// came: a job that is over by then is no error.
  template <class Mail>
  Status command(const std::string& request, const Mail& mail);

  /// The same for what takes as long as it takes, and is asked once: the JobManager has a deadline of its
  /// own.
  template <class Reply, class Mail>
  Result<Reply> slow_command(const std::string& request, const Mail& mail);

private:
  template <class Reply, class Ask>
  Answered<Reply> put(const std::string& request, Ask ask) {
    const Visit visit;
    auto answer = std::make_shared<std::promise<Answered<Reply>>>();
    auto result = answer->get_future();
    const caf::actor asking =  // as long as nobody else may have a handle of it
        system_.spawn(ask_leader<Reply, Ask>, QuestionOptions{finder_, patience_, request}, std::move(ask),
                      std::move(answer));
    return result.get();
  }

  caf::actor_system& system_;
  const LeaderFinderActor finder_;
  const std::chrono::milliseconds patience_;
};

template <class Reply, class Mail>
Result<Reply> JobClient::Connection::slow_command(const std::string& request, const Mail& mail) {
  constexpr std::chrono::minutes kLongest{24 * 60};
  const Visit visit;
  caf::scoped_actor self(system_);
  std::optional<Result<Reply>> answer;
  const auto failed = [&](const caf::error& cause) { answer.emplace(mail_error(cause, request, patience_)); };
  self->request(finder_, patience_, RequestLeader{})
      .receive(
          [&](const NewLeader& found, const JobManagerActor& leader) {
            self->request(leader, kLongest, found.session, mail)
                .receive([&](const Reply& reply) { answer.emplace(reply); }, failed);
          },
          failed);
  return *std::move(answer);
}

template <class Mail>
Status JobClient::Connection::command(const std::string& request, const Mail& mail) {
  const auto answered =
      put<Outcome>(request, [mail](auto& self, std::chrono::milliseconds patience, LeaderSessionId session,
                                   const JobManagerActor& leader) {
        return self.request(leader, patience, session, mail);
      });
  if (!answered.reply) return answered.reply.error();
  const Status status = answered.reply->status();
  if (status || !answered.was_repeated) return status;
  const auto now = ask<JobStatusReply>("RequestJobStatus", RequestJobStatus{mail.job});
  return now && now->outcome.accepted && is_globally_terminal(now->status) ? Status::ok() : status;
}

Result<JobResult> JobClient::Connection::submit(JobGraph graph, JobSubmission::Options options,
                                                JobListener* listener) {
  const Visit visit;
  auto answer = std::make_shared<Answer>();
  auto result = answer->get_future();
  options.leader_timeout = patience_;
  const JobClientActor client =
      spawn_job_client(system_, std::move(graph), options, listener, std::move(answer));
  caf::anon_send(finder_, FollowLeader{}, caf::actor_cast<LeaderFollower>(client));
  return result.get();
}

std::unique_ptr<JobClient> connect(caf::actor_system& system, LeaderFinderActor finder, Duration patience) {
  return std::make_unique<JobClient>(
      std::make_unique<JobClient::Connection>(system, std::move(finder), patience));
}

JobClient::JobClient(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
JobClient::~JobClient() = default;

Result<JobResult> JobClient::run(JobGraph graph, JobListener* listener, Submission first) {
  return connection_->submit(std::move(graph),
                             {.listening = ListeningBehaviour::ResultAndStateChanges, .first = first},
                             listener);
}

Result<JobId> JobClient::submit(JobGraph graph, Submission first) {
  auto result = connection_->submit(
      std::move(graph), {.listening = ListeningBehaviour::Detached, .first = first}, nullptr);
  if (!result) return result.error();
  return result->job;
}

Status JobClient::cancel(JobId job) {
  return connection_->command("CancelJob", CancelJob{job});
}

Status JobClient::stop(JobId job) {
  return connection_->command("StopJob", StopJob{job});
}

Result<std::string> JobClient::savepoint(JobId job, const std::string& directory, AfterSavepoint then) {
  const auto reply = connection_->slow_command<SavepointReply>(
      "TriggerSavepoint", TriggerSavepoint{.job = job, .directory = directory, .then = then});
  if (!reply) return reply.error();
  if (!reply->outcome.accepted) return reply->outcome.refusal;
  return reply->path;
}

Status JobClient::dispose_savepoint(const std::string& path) {
  const auto reply = connection_->slow_command<Outcome>("DisposeSavepoint", DisposeSavepoint{path});
  return reply ? reply->status() : Status(reply.error());
}

Result<JobStatus> JobClient::status(JobId job) {
  auto reply = connection_->ask<JobStatusReply>("RequestJobStatus", RequestJobStatus{job});
  if (!reply) return reply.error();
  if (!reply->outcome.accepted) return reply->outcome.refusal;
  return reply->status;
}

Result<JobDetails> JobClient::details(JobId job) {
  auto reply = connection_->ask<JobDetailsReply>("RequestJobDetails", RequestJobDetails{job});
  if (!reply) return reply.error();
  if (!reply->outcome.accepted) return reply->outcome.refusal;
  return std::move(reply->details);
}

Result<InstanceList> JobClient::task_managers() {
  return connection_->ask<InstanceList>("RequestInstances", RequestInstances{});
}

Result<ClusterAccess> JobClient::cluster_access() {
  return connection_->ask<ClusterAccess>("RequestClusterAccess", RequestClusterAccess{});
}

Result<JobList> JobClient::list() { return connection_->ask<JobList>("ListJobs", ListJobs{}); }

Result<ClusterOverview> JobClient::overview() {
  return connection_->ask<ClusterOverview>("RequestClusterOverview", RequestClusterOverview{});
}

}  // namespace weir
