// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/archivist/memory_archivist.h"
#include "actors/job_manager/first_words.h"
#include "actors/job_manager/job_manager.h"
#include "actors/job_manager/last_words.h"
#include "actors/job_manager/tenure.h"
#include "actors/system/fence.h"
#include "ha/zk_stores.h"
#include "ha/zk_term.h"
#include "messages/checkpoint.h"
#include "test/sim/candidate.h"
#include "test/sim/cluster.h"
#include "test/sim/coordinator_node.h"
#include "test/sim/instances_node.h"
#include "test/sim/mailbox.h"
#include "test/sim/worker.h"

namespace weir::sim {

/// The process of a JobManager: the real JobManager, election, stores and CheckpointCoordinators, in skins
/// that are made of events.
class JobManagerNode final : private JobManagerOutbox {
public:
  JobManagerNode(Cluster& cluster, NodeId node);

  void start() { candidate_.start(); }
  void on_down(ConnectionId connection);
  void lose_zookeeper() { candidate_.zookeeper().disconnect(); }
  [[nodiscard]] bool leads() const { return fence_.is_open(); }
  /// None: it does not lead.
  [[nodiscard]] LeaderSessionId term() const { return fence_.session(); }
  [[nodiscard]] bool runs(JobId job, ExecutionAttemptId attempt) const;
  [[nodiscard]] std::int64_t session() { return candidate_.zookeeper().session(); }

  // From TaskManagers.
  void on_register(LeaderSessionId session, const RegisterTaskManager& mail, ConnectionId sender,
                   Post::Reply<RegistrationReply> reply) {
    instances_.on_register(session, mail, sender, std::move(reply));
  }
  void on_heartbeat(LeaderSessionId session, const Heartbeat& mail, Post::Reply<HeartbeatReply> reply) {
    instances_.on_heartbeat(session, mail, std::move(reply));
  }
  [[nodiscard]] UpdateTaskReply on_task_state(LeaderSessionId session, const UpdateTaskExecutionState& mail);
  void on_acknowledge(LeaderSessionId session, const AcknowledgeCheckpoint& mail);
  void on_decline(LeaderSessionId session, const DeclineCheckpoint& mail);

  // From clients.
  void on_submit(LeaderSessionId session, const SubmitJob& mail, ConnectionId client,
                 Post::Reply<Outcome> reply);
  void on_attach(LeaderSessionId session, const AttachToJob& mail, ConnectionId client,
                 const Post::Reply<Outcome>& reply);
  [[nodiscard]] Outcome on_cancel(LeaderSessionId session, const CancelJob& mail);

private:
  /// What the leader of one term keeps.
  struct Storage {
    Storage(Cluster& cluster, NodeId node, ZkSessionClient& zookeeper, LeaderSessionId session);

    WorldClock clock;
    TermTree tree;
    ZkTerm term;
    DiskView files;
    ZkVerdictStore verdicts;
    ZkJobGraphStore jobs;
    Worker thread;  // of who keeps jobs; ends first
  };
  struct Recovered {
    Status outcome = Status::ok();
    std::vector<JobGraph> jobs;
    std::vector<DeployedRound> rounds;
  };

  // JobManagerOutbox
  void submit_task(TaskManagerId to, const TaskDeploymentDescriptor& task) override;
  void cancel_task(TaskManagerId to, ExecutionAttemptId attempt) override;
  void stop_task(TaskManagerId, ExecutionAttemptId) override {}
  void release_partitions(TaskManagerId to, ExecutionAttemptId attempt) override;
  void tell(ClientId, const JobStatusChanged&) override {}
  void tell(ClientId, const ExecutionStateChanged&) override {}
  void tell(ClientId to, const JobResult& mail) override;
  void request_restore(const JobGraph& job, std::uint64_t number,
                       const std::vector<CheckpointedVertex>& vertices) override;
  void checkpoint_round_started(JobId job, std::uint64_t number, const CheckpointPlan& plan,
                                const std::vector<TaskManagerId>& places) override;
  void checkpointed_task_runs(JobId job, ExecutionAttemptId attempt) override;
  void checkpointed_task_finished(JobId job, ExecutionAttemptId attempt,
                                  const TaskSnapshot& snapshot) override;
  void checkpoint_round_ended(JobId job, const std::string& reason) override;
  void checkpoints_over(JobId job, JobEnd end) override;
  bool keep_round(const DeployedRound& round) override;
  void adoption_due_after(Duration delay, JobId job) override;
  void archive(const JobDetails& job) override;
  void start_soon(JobId job) override;
  void restart_after(Duration delay, JobId job, std::uint64_t version) override;
  void slots_due_after(Duration delay, JobId job, std::uint64_t version) override;
  void ask_for_state_after(Duration delay, JobId job, std::uint64_t number) override;

  void grant(LeaderSessionId session);
  void lead(LeaderSessionId session, const Recovered& recovered);
  void revoke();
  void on_joined(LeaderSessionId session, const TaskManagerJoined& mail, ConnectionId handle);
  void on_lost(LeaderSessionId session, const TaskManagerLost& mail);
  void attach(const AttachToJob& mail, ConnectionId client, const Post::Reply<Outcome>& reply);
  void on_kept(JobId job, LeaderSessionId term, const Outcome& kept);
  void on_restored(LeaderSessionId session, const RestoredState& mail);
  [[nodiscard]] bool admits(LeaderSessionId session);
  [[nodiscard]] ClientId client_id(ConnectionId client);
  void send_result(ConnectionId to, const JobResult& mail);
  [[nodiscard]] CoordinatorNode& start_coordinator(const JobGraph& job);
  [[nodiscard]] CoordinatorNode* coordinator(JobId job) const;
  /// After `delay`, if it leads under this term still.
  void due(Duration delay, std::function<void()> event);
  /// Runs `event` with the process of a TaskManager and our term, there.
  template <class Event>
  void send_to_task_manager(TaskManagerId to, Event event);
  [[nodiscard]] WallTime now() const { return cluster_.world.wall_now(); }

  Cluster& cluster_;
  const NodeId node_;
  Mailbox from_election_;
  Mailbox from_instances_;
  Mailbox from_keeper_;
  InstancesNode instances_;
  Fence fence_;
  Tenure tenure_;
  FirstWords first_words_;
  LastWords last_words_;
  MemoryArchivist archivist_;
  JobManager logic_;
  std::map<TaskManagerId, ConnectionId> task_managers_;
  std::map<ClientId, ConnectionId> clients_;
  std::uint64_t last_client_ = 0;
  Candidate candidate_;
  std::vector<std::unique_ptr<Storage>> storages_;               // the last one is of now
  std::vector<std::unique_ptr<CoordinatorNode>> all_coordinators_;
  std::map<JobId, CoordinatorNode*> coordinators_;  // of now
};

}  // namespace weir::sim
