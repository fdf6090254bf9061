// SPDX-License-Identifier: Apache-2.0
// What clients want of the JobManager.
#include <chrono>
#include <string>
#include <utility>

#include "actors/job_manager/job_manager_state_actor.h"
#include "actors/system/remoting.h"
#include "base/log.h"

namespace weir {

namespace {

/// Until whoever keeps jobs counts as gone: a disk may be slow.
constexpr std::chrono::seconds kStorageTimeout{60};

}  // namespace

Outcome not_leading() {
  return Outcome::refused({ErrorCode::NotLeader, "this JobManager does not lead under that session",
                           Blame::Environment, Retry::Later});
}

// Clients

caf::result<Outcome> JobManagerState::on_submit(LeaderSessionId session, const SubmitJob& mail,
                                                const JobClientGateway& client) {
  if (!fence_.admits(session)) return not_leading();
  Outcome accepted = logic_->on_submit(mail, client_id(client), now());
  if (!accepted.accepted) return accepted;
  if (keeps_jobs()) return keep_job(mail.graph.id);
  logic_->on_kept(mail.graph.id);
  return accepted;
}

caf::result<Outcome> JobManagerState::keep_job(JobId submitted) {
  auto promise = self_->make_response_promise<Outcome>();
  const LeaderSessionId term = fence_.session();
  first_words_.hold(submitted, term);
  auto done = [this, submitted, term, promise](const Outcome& kept) mutable {
    promise.deliver(kept);
    on_kept(submitted, term, kept);
  };
  self_->request(keeper_, kStorageTimeout, KeepJob{logic_->find(submitted)->job_graph()})
      .then(done, [done](const caf::error& cause) mutable {
        done(Outcome::refused(mail_error(cause, "KeepJob", kStorageTimeout)));
      });
  return promise;
}

void JobManagerState::on_kept(JobId job, LeaderSessionId term, const Outcome& kept) {
  if (!first_words_.awaits(job, term)) return;  // it was suspended, and may have been recovered since
  if (kept.accepted) logic_->on_kept(job);
  else logic_->on_not_kept(job);
  first_words_.on_kept(job, term, kept);
}

caf::result<Outcome> JobManagerState::on_attach(LeaderSessionId session, const AttachToJob& mail,
                                                const JobClientGateway& client) {
  if (!fence_.admits(session)) return not_leading();
  auto promise = self_->make_response_promise<Outcome>();
  if (!first_words_.holds(mail.job)) {
    attach(mail, client, promise);
    return promise;
  }
  first_words_.say(mail.job, [this, promise, mail, client](const Outcome& kept) mutable {
    if (kept.accepted) attach(mail, client, promise);  // it may be over by now
    else promise.deliver(kept);
  });
  return promise;
}

void JobManagerState::attach(const AttachToJob& mail, const JobClientGateway& client,
                             caf::typed_response_promise<Outcome> promise) {
  if (last_words_.holds(mail.job)) promise.deliver(attach_to_ending(mail, client));
  else if (logic_->find(mail.job) == nullptr) attach_to_archived(mail, client, std::move(promise));
  else promise.deliver(logic_->on_attach(mail, client_id(client)));
}

Outcome JobManagerState::attach_to_ending(const AttachToJob& mail, const JobClientGateway& client) {
  // Behind the word that archives it.
  last_words_.say(mail.job, [this, job = mail.job, client] {
    self_->request(archivist_, ask_timeout(*self_), RequestJobDetails{job})
        .then([this, client](const JobDetailsReply& reply) {
          if (reply.outcome.accepted) caf::anon_send(client, fence_.session(), result_of(reply.details));
        });
  });
  return Outcome::ok();
}

void JobManagerState::attach_to_archived(const AttachToJob& mail, const JobClientGateway& client,
                                         caf::typed_response_promise<Outcome> promise) {
  self_->request(archivist_, ask_timeout(*self_), RequestJobDetails{mail.job})
      .then([this, promise, client](const JobDetailsReply& reply) mutable {
        promise.deliver(reply.outcome);
        if (reply.outcome.accepted) caf::anon_send(client, fence_.session(), result_of(reply.details));
      });
}

Outcome JobManagerState::on_cancel(LeaderSessionId session, const CancelJob& mail) {
  return fence_.admits(session) ? logic_->on_cancel(mail.job, now()) : not_leading();
}

Outcome JobManagerState::on_stop(LeaderSessionId session, const StopJob& mail) {
  return fence_.admits(session) ? logic_->on_stop(mail.job, now()) : not_leading();
}

caf::result<SavepointReply> JobManagerState::on_savepoint(LeaderSessionId session,
                                                          const TriggerSavepoint& mail) {
  if (!fence_.admits(session)) return SavepointReply{.outcome = not_leading(), .path = {}};
  if (Outcome may = logic_->on_savepoint(mail); !may.accepted)
    return SavepointReply{.outcome = may, .path = {}};
  const auto coordinator = coordinators_->find(mail.job);
  if (coordinator) return self_->delegate(coordinator, mail);
  return SavepointReply{
      .outcome = Outcome::refused(
          {ErrorCode::Refused, "job " + mail.job.hex() + " has not begun", Blame::User, Retry::Later}),
      .path = {}};
}

caf::result<Outcome> JobManagerState::on_dispose(LeaderSessionId session, const DisposeSavepoint& mail) {
  if (!fence_.admits(session)) return not_leading();
  return self_->delegate(keeper_, mail);
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

// Questions: what runs is known here, what ended by the archivist.

caf::result<JobStatusReply> JobManagerState::status_of(const RequestJobStatus& mail) {
  if (const ExecutionGraph* job = logic_->find(mail.job))
    return JobStatusReply{.outcome = Outcome::ok(), .status = job->status()};
  if (const JobDetails* ending = last_words_.seen(mail.job))
    return JobStatusReply{.outcome = Outcome::ok(), .status = ending->status};
  return self_->delegate(archivist_, mail);
}

caf::result<JobDetailsReply> JobManagerState::details_of(const RequestJobDetails& mail) {
  if (auto details = logic_->details(mail.job))
    return JobDetailsReply{.outcome = Outcome::ok(), .details = *std::move(details)};
  if (const JobDetails* ending = last_words_.seen(mail.job))
    return JobDetailsReply{.outcome = Outcome::ok(), .details = *ending};
  return self_->delegate(archivist_, mail);
}

caf::result<JobList> JobManagerState::list_jobs() {
  auto promise = self_->make_response_promise<JobList>();
  // Now: a job that ends before the archivist answers is not in that answer.
  JobList list = logic_->running_jobs();
  for (JobOverview& ending : last_words_.overviews())
    if (logic_->find(ending.job) == nullptr) list.jobs.push_back(std::move(ending));
  self_->request(archivist_, ask_timeout(*self_), RequestArchive{})
      .then([promise, list](const ArchiveOverview& archive) mutable {
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

}  // namespace weir
