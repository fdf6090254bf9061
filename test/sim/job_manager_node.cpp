// SPDX-License-Identifier: Apache-2.0
#include "test/sim/job_manager_node.h"

#include <algorithm>
#include <utility>

#include "actors/job_manager/job_verdicts.h"
#include "test/sim/client_node.h"
#include "test/sim/task_manager_node.h"

namespace weir::sim {

namespace {

constexpr Duration kRecoveryPause = 2s;
constexpr const char* kJobsDirectory = "/ha/jobs";

Outcome not_leading() {
  return Outcome::refused({ErrorCode::NotLeader, "this JobManager does not lead under that session",
                           Blame::Environment, Retry::Later});
}

}  // namespace

JobManagerNode::Storage::Storage(Cluster& cluster, NodeId node, ZkSessionClient& zookeeper,
                                 LeaderSessionId session)
    : clock(cluster.world),
      tree(zookeeper, session),
      term(tree,
           {.paths = cluster.paths, .session = session, .patience = 2 * cluster.settings.session_timeout},
           clock),
      files(cluster.disk, node),
      verdicts(term),
      jobs(term, verdicts, files, kJobsDirectory),
      thread(cluster.world, node) {}

JobManagerNode::JobManagerNode(Cluster& cluster, NodeId node)
    : cluster_(cluster),
      node_(node),
      from_election_(cluster.world, node),
      from_instances_(cluster.world, node),
      from_keeper_(cluster.world, node),
      instances_(cluster, node,
                 {.joined =
                      [this](LeaderSessionId session, const TaskManagerJoined& mail, ConnectionId handle) {
                        from_instances_.send([=, this] { on_joined(session, mail, handle); });
                      },
                  .lost =
                      [this](LeaderSessionId session, const TaskManagerLost& mail) {
                        from_instances_.send([=, this] { on_lost(session, mail); });
                      }}),
      logic_({.restart = {}, .state = {.checkpoint_directory = "/checkpoints"},
              .adoption_timeout = cluster.plan.adoption_timeout},
             *this),
      candidate_(
          cluster, node,
          {.granted =
               [this](LeaderSessionId term) {
                 from_election_.send([=, this] {
                   cluster_.on_granted(node_);
                   grant(term);
                 });
               },
           .revoked = [this] { from_election_.send([this] { revoke(); }); }}) {}

bool JobManagerNode::admits(LeaderSessionId session) {
  if (fence_.admits(session)) return true;
  ++cluster_.world.tally.refused;
  return false;
}

// Leadership

void JobManagerNode::grant(LeaderSessionId session) {
  if (!tenure_.on_grant(session)) return;
  cluster_.promises.on_granted(node_, session);
  coordinators_.clear();
  storages_.push_back(std::make_unique<Storage>(cluster_, node_, candidate_.zookeeper(), session));
  Storage& storage = *storages_.back();
  storage.thread.post([this, &storage, session] {
    auto jobs = storage.jobs.recover();
    Recovered recovered{.outcome = jobs ? Status::ok() : Status(jobs.error()), .jobs = {}};
    if (jobs) recovered.jobs = *std::move(jobs);
    for (const JobGraph& job : recovered.jobs) {
      const auto round = storage.jobs.round_of(job.id);
      if (round) recovered.rounds.push_back(*round);
      else recovered.outcome = round.error();
    }
    from_keeper_.send([this, session, recovered] { lead(session, recovered); });
  });
}

void JobManagerNode::lead(LeaderSessionId session, const Recovered& recovered) {
  if (!tenure_.holds(session)) return;  // revoked meanwhile
  if (!recovered.outcome) {
    cluster_.world.in(kRecoveryPause, node_, [this, session] { grant(session); });
    return;
  }
  fence_.open(session);
  instances_.grant(session);
  if (const auto ended = storages_.back()->verdicts.recover())
    for (const JobVerdict& job : *ended) archivist_.archive(details_of(job));
  for (std::size_t i = 0; i < recovered.jobs.size(); ++i)
    if (const Outcome taken = logic_.on_recovered(recovered.jobs[i], recovered.rounds[i], now());
        !taken.accepted)
      cluster_.world.violate("a job is not recovered: " + taken.refusal.what);
  candidate_.confirm(session);
}

void JobManagerNode::revoke() {
  if (cluster_.world.tells()) cluster_.world.tell(cluster_.world.name(node_) + " leads no longer");
  logic_.suspend_all("the JobManager lost its leadership", now());
  tenure_.on_revoke();
  first_words_.on_revoke(not_leading());
  last_words_.on_revoke();
  task_managers_.clear();
  fence_.close();
  instances_.revoke();
}

// TaskManagers

void JobManagerNode::on_joined(LeaderSessionId session, const TaskManagerJoined& mail, ConnectionId handle) {
  if (!admits(session)) return;
  task_managers_[mail.task_manager.id] = handle;
  logic_.on_task_manager_joined(mail.task_manager, now());
}

void JobManagerNode::on_lost(LeaderSessionId session, const TaskManagerLost& mail) {
  if (!admits(session)) return;
  task_managers_.erase(mail.task_manager);
  logic_.on_task_manager_lost(mail.task_manager, mail.reason, now());
}

void JobManagerNode::on_down(ConnectionId connection) {
  instances_.on_down(connection);
  for (const auto& [id, client] : clients_) {
    if (client != connection) continue;
    logic_.on_client_gone(id);
    clients_.erase(id);
    return;
  }
}

UpdateTaskReply JobManagerNode::on_task_state(LeaderSessionId session, const UpdateTaskExecutionState& mail) {
  if (!admits(session)) return {.known = false, .leads = false};
  return {.known = logic_.on_task_state(mail.task, now())};
}

template <class Event>
void JobManagerNode::send_to_task_manager(TaskManagerId to, Event event) {
  const auto known = task_managers_.find(to);
  if (known == task_managers_.end()) return;
  const NodeId there = cluster_.post.other(known->second, node_);
  cluster_.post.send(known->second, node_, [&cluster = cluster_, there, session = fence_.session(), event] {
    event(cluster.task_manager(there), session);
  });
}

bool JobManagerNode::runs(JobId job, ExecutionAttemptId attempt) const {
  const ExecutionGraph* graph = logic_.find(job);
  if (graph == nullptr || graph->status() != JobStatus::Running) return false;
  const auto holds = [&](const auto& vertex) {
    return std::find(vertex.begin(), vertex.end(), attempt) != vertex.end();
  };
  const AttemptTable attempts = graph->attempts();
  return std::any_of(attempts.begin(), attempts.end(), holds);
}

void JobManagerNode::submit_task(TaskManagerId to, const TaskDeploymentDescriptor& task) {
  cluster_.promises.on_deployed(task.job, fence_.session());
  const ConnectionId handle = task_managers_.at(to);
  const NodeId there = cluster_.post.other(handle, node_);
  const auto refused = [this, job = task.job, attempt = task.attempt](const Error& cause) {
    logic_.on_task_refused(job, attempt, cause, now());
  };
  cluster_.post.ask<Outcome>(
      handle, node_,
      [&cluster = cluster_, there, session = fence_.session(), task](const Post::Reply<Outcome>& reply) {
        reply(cluster.task_manager(there).on_submit(session, SubmitTask{task}));
      },
      [refused](const std::optional<Outcome>& reply) {
        if (!reply)
          refused({ErrorCode::Closed, "SubmitTask: the receiver is gone", Blame::Environment, Retry::Later});
        else if (!reply->accepted) refused(reply->refusal);
      });
}

void JobManagerNode::cancel_task(TaskManagerId to, ExecutionAttemptId attempt) {
  send_to_task_manager(to, [attempt](TaskManagerNode& there, LeaderSessionId session) {
    there.on_cancel(session, {attempt});
  });
}

void JobManagerNode::release_partitions(TaskManagerId to, ExecutionAttemptId attempt) {
  send_to_task_manager(to, [attempt](TaskManagerNode& there, LeaderSessionId session) {
    there.on_release(session, {attempt});
  });
}

// Checkpoints

CoordinatorNode* JobManagerNode::coordinator(JobId job) const {
  const auto known = coordinators_.find(job);
  return known == coordinators_.end() ? nullptr : known->second;
}

CoordinatorNode& JobManagerNode::start_coordinator(const JobGraph& job) {
  Storage& storage = *storages_.back();
  const std::string root = job.checkpoints.directory + "/" + job.id.hex();
  CheckpointStores stores{.completed = std::make_unique<ZkCheckpointStore>(
                              storage.term, storage.files,
                              ZkCheckpointStore::Options{.job = job.id, .root = root}),
                          .ids = std::make_unique<ZkCheckpointIdCounter>(storage.term, job.id)};
  const LeaderSessionId session = fence_.session();
  CoordinatorNode::Options options{
      .job = {.coordinator = {.job = job.id,
                              .settings = job.checkpoints,
                              .retained = cluster_.plan.retained_checkpoints,
                              .root = root}},
      .session = session,
      .restored = [this, session](const RestoredState& mail) { on_restored(session, mail); },
      .fail_job =
          [this, session](const FailJob& mail) {
            if (admits(session)) logic_.on_checkpoints_failed(mail, now());
          }};
  all_coordinators_.push_back(std::make_unique<CoordinatorNode>(
      cluster_, node_, std::move(options),
      std::make_unique<CheckpointKeeper>(storage.files, std::move(stores), root)));
  return *all_coordinators_.back();
}

void JobManagerNode::request_restore(const JobGraph& job, std::uint64_t number,
                                     const std::vector<CheckpointedVertex>& vertices) {
  if (coordinator(job.id) == nullptr) coordinators_[job.id] = &start_coordinator(job);
  coordinator(job.id)->tell([mail = RequestRestore{.number = number, .vertices = vertices}](
                                CoordinatedJob& logic, auto now) { logic.on_restore_wanted(mail, now); });
}

void JobManagerNode::on_restored(LeaderSessionId session, const RestoredState& mail) {
  if (!admits(session)) return;
  if (mail.outcome.accepted) cluster_.promises.on_restored(mail.job, mail.checkpoint, session);
  logic_.on_restored(mail, now());
}

void JobManagerNode::checkpoint_round_started(JobId job, std::uint64_t number, const CheckpointPlan& plan,
                                              const std::vector<TaskManagerId>& places) {
  std::vector<ConnectionId> handles;
  for (const TaskManagerId place : places) {
    const auto known = task_managers_.find(place);
    handles.push_back(known == task_managers_.end() ? ConnectionId{} : known->second);
  }
  if (CoordinatorNode* told = coordinator(job)) told->start_round({number, plan}, handles);
}

void JobManagerNode::checkpointed_task_runs(JobId job, ExecutionAttemptId attempt) {
  if (CoordinatorNode* told = coordinator(job))
    told->tell([attempt](CoordinatedJob& logic, auto now) { logic.on_task_running({attempt}, now); });
}

void JobManagerNode::checkpointed_task_finished(JobId job, ExecutionAttemptId attempt,
                                                const TaskSnapshot& snapshot) {
  if (CoordinatorNode* told = coordinator(job))
    told->tell([attempt, snapshot](CoordinatedJob& logic, auto now) {
      logic.on_task_finished({attempt, snapshot}, now);
    });
}

void JobManagerNode::checkpoint_round_ended(JobId job, const std::string& reason) {
  if (CoordinatorNode* told = coordinator(job))
    told->tell([reason](CoordinatedJob& logic, auto now) { logic.on_round_ended({reason}, now); });
}

void JobManagerNode::checkpoints_over(JobId job, JobEnd end) {
  const auto close = [told = coordinator(job)](JobEnd how) {
    if (told) told->tell([how](CoordinatedJob& logic, auto now) { logic.on_close(how, now); });
  };
  coordinators_.erase(job);
  if (end == JobEnd::Suspended) return close(end);
  last_words_.hold(job, fence_.session());
  Storage& storage = *storages_.back();
  (void)storage.verdicts.record(
      verdict_of(*logic_.details(job), logic_.find(job)->job_graph().checkpoints));
  storage.thread.post([this, &storage, job, end, close, term = fence_.session()] {
    const Outcome recorded = Outcome::of(storage.jobs.remove(job));
    from_keeper_.send([this, job, end, close, term, recorded] {
      close(as_recorded(end, recorded));
      last_words_.on_recorded(job, term, recorded);
    });
  });
}

void JobManagerNode::on_acknowledge(LeaderSessionId session, const AcknowledgeCheckpoint& mail) {
  CoordinatorNode* told = admits(session) ? coordinator(mail.job) : nullptr;
  if (told) told->tell([mail](CoordinatedJob& logic, auto now) { logic.on_acknowledge(mail, now); });
}

void JobManagerNode::on_decline(LeaderSessionId session, const DeclineCheckpoint& mail) {
  CoordinatorNode* told = admits(session) ? coordinator(mail.job) : nullptr;
  if (told) told->tell([mail](CoordinatedJob& logic, auto now) { logic.on_decline(mail, now); });
}

// Clients

ClientId JobManagerNode::client_id(ConnectionId client) {
  for (const auto& [id, known] : clients_)
    if (known == client) return id;
  const ClientId id{++last_client_};
  clients_.emplace(id, client);
  return id;
}

void JobManagerNode::on_submit(LeaderSessionId session, const SubmitJob& mail, ConnectionId client,
                               Post::Reply<Outcome> reply) {
  if (!admits(session)) return reply(not_leading());
  const Outcome accepted = logic_.on_submit(mail, client_id(client), now());
  if (!accepted.accepted) return reply(accepted);
  Storage& storage = *storages_.back();
  const JobId job = mail.graph.id;
  first_words_.hold(job, session);
  storage.thread.post(
      [this, &storage, job, session, graph = logic_.find(job)->job_graph(), reply = std::move(reply)] {
        const Outcome kept = Outcome::of(storage.jobs.put(graph));
        from_keeper_.send([this, job, session, kept, reply] {
          reply(kept);
          on_kept(job, session, kept);
        });
      });
}

void JobManagerNode::on_kept(JobId job, LeaderSessionId term, const Outcome& kept) {
  if (!first_words_.awaits(job, term)) return;
  if (kept.accepted) logic_.on_kept(job);
  else logic_.on_not_kept(job);
  first_words_.on_kept(job, term, kept);
}

void JobManagerNode::on_attach(LeaderSessionId session, const AttachToJob& mail, ConnectionId client,
                               const Post::Reply<Outcome>& reply) {
  if (!admits(session)) return reply(not_leading());
  if (!first_words_.holds(mail.job)) return attach(mail, client, reply);
  first_words_.say(mail.job, [this, mail, client, reply](const Outcome& kept) {
    if (kept.accepted) attach(mail, client, reply);
    else reply(kept);
  });
}

void JobManagerNode::attach(const AttachToJob& mail, ConnectionId client, const Post::Reply<Outcome>& reply) {
  if (last_words_.holds(mail.job)) {
    last_words_.say(mail.job, [this, job = mail.job, client] {
      if (const JobDetails* archived = archivist_.find(job)) send_result(client, result_of(*archived));
    });
    return reply(Outcome::ok());
  }
  if (logic_.find(mail.job) != nullptr) return reply(logic_.on_attach(mail, client_id(client)));
  const JobDetails* archived = archivist_.find(mail.job);
  if (archived == nullptr) return reply(no_such_job(mail.job));
  reply(Outcome::ok());
  send_result(client, result_of(*archived));
}

Outcome JobManagerNode::on_cancel(LeaderSessionId session, const CancelJob& mail) {
  return admits(session) ? logic_.on_cancel(mail.job, now()) : not_leading();
}

void JobManagerNode::tell(ClientId to, const JobResult& mail) {
  last_words_.say(mail.job, [this, to, mail] {
    const auto client = clients_.find(to);
    if (client != clients_.end()) send_result(client->second, mail);
  });
}

void JobManagerNode::send_result(ConnectionId to, const JobResult& mail) {
  cluster_.promises.on_result_told(mail);
  cluster_.post.send(to, node_, [&cluster = cluster_, session = fence_.session(), mail] {
    cluster.client().on_result(session, mail);
  });
}

void JobManagerNode::archive(const JobDetails& job) {
  last_words_.say(job.job, [this, job] { archivist_.archive(job); });
}

// Itself

void JobManagerNode::due(Duration delay, std::function<void()> event) {
  cluster_.world.in(delay, node_, [this, session = fence_.session(), event = std::move(event)] {
    if (admits(session)) event();
  });
}

void JobManagerNode::start_soon(JobId job) {
  due(10us, [this, job] { logic_.on_start_due(job, now()); });
}

void JobManagerNode::restart_after(Duration delay, JobId job, std::uint64_t version) {
  due(delay, [this, job, version] { logic_.on_restart_due(job, version, now()); });
}

bool JobManagerNode::keep_round(const DeployedRound& attempts) {
  DeployedRound round = attempts;
  round.deployed_by = fence_.session();
  Storage& storage = *storages_.back();
  storage.thread.post([this, &storage, round] {
    const Outcome kept = Outcome::of(storage.jobs.put_round(round));
    from_keeper_.send([this, round, kept] { logic_.on_round_kept(round, kept, now()); });
  });
  return true;
}

void JobManagerNode::adoption_due_after(Duration delay, JobId job) {
  due(delay, [this, job] { logic_.on_adoption_overdue(job, now()); });
}

void JobManagerNode::ask_for_state_after(Duration delay, JobId job, std::uint64_t number) {
  due(delay, [this, job, number] { logic_.on_ask_for_state(job, number); });
}

void JobManagerNode::slots_due_after(Duration delay, JobId job, std::uint64_t version) {
  due(delay, [this, job, version] { logic_.on_slots_overdue(job, version, now()); });
}

}  // namespace weir::sim
