// SPDX-License-Identifier: Apache-2.0
#include "test/sim/task_manager_node.h"

#include <utility>

#include "test/sim/job_manager_node.h"

namespace weir::sim {

TaskManagerNode::TaskManagerNode(Cluster& cluster, NodeId node)
    : cluster_(cluster),
      node_(node),
      from_tasks_(cluster.world, node),
      from_system_(cluster.world, node),
      tasks_(cluster, node,
             {.state =
                  [this](const TaskExecutionState& state) {
                    from_tasks_.send([this, state] { logic_.on_task_state(state); });
                  },
              .acknowledged =
                  [this](const AcknowledgeCheckpoint& mail) {
                    from_tasks_.send([this, mail] {
                      send_to_leader([mail](JobManagerNode& leader, LeaderSessionId session) {
                        leader.on_acknowledge(session, mail);
                      });
                    });
                  },
              .declined =
                  [this](const DeclineCheckpoint& mail) {
                    from_tasks_.send([this, mail] {
                      send_to_leader([mail](JobManagerNode& leader, LeaderSessionId session) {
                        leader.on_decline(session, mail);
                      });
                    });
                  },
              .is_wanted = [this](JobId job,
                                  ExecutionAttemptId attempt) { return cluster_.is_wanted(job, attempt); }}),
      logic_({.self = {.id = TaskManagerId::random(),
                       .data_address = cluster.world.name(node),
                       .slots = cluster.settings.slots},
              .registration = {.initial_pause = 100ms, .max_pause = 1s, .refused_pause = 500ms},
              .heartbeat_interval = cluster.settings.heartbeat_interval,
              .heartbeat_timeout = cluster.settings.heartbeat_timeout,
              .adoption_grace = cluster.plan.adoption_grace},
             tasks_, *this),
      follower_(
          cluster, node,
          {.found = [this](LeaderSessionId session, ConnectionId leader) { on_new_leader(session, leader); },
           .lost = [this](const std::string& reason) { on_leader_lost(reason); }}) {}

void TaskManagerNode::start() {
  logic_.start(now());
  follower_.start();
}

void TaskManagerNode::on_down(ConnectionId connection) {
  follower_.on_down(connection);
  tasks_.on_down(connection);
  from_system_.send([this, connection] {
    if (leader_ == connection) on_leader_lost("the connection to the JobManager was lost");
  });
}

bool TaskManagerNode::admits(LeaderSessionId session) {
  if (!fence_.admits(session)) {
    ++cluster_.world.tally.refused;
    return false;
  }
  cluster_.promises.on_obeyed(node_, session);
  return true;
}

// From the leader

Outcome TaskManagerNode::on_submit(LeaderSessionId session, const SubmitTask& mail) {
  if (admits(session)) return logic_.on_submit(mail, session);
  return Outcome::refused({ErrorCode::NotLeader, "the TaskManager does not follow this JobManager",
                           Blame::Environment, Retry::Later});
}

void TaskManagerNode::on_cancel(LeaderSessionId session, const CancelTask& mail) {
  if (admits(session)) logic_.on_cancel(mail);
}

void TaskManagerNode::on_release(LeaderSessionId session, const ReleasePartitions& mail) {
  if (admits(session)) logic_.on_release(mail);
}

void TaskManagerNode::on_checkpoint(LeaderSessionId session, const BeginTask& mail) {
  if (admits(session)) logic_.on_begin(mail);
}

void TaskManagerNode::on_checkpoint(LeaderSessionId session, const TriggerCheckpoint& mail) {
  if (admits(session)) logic_.on_trigger_checkpoint(mail);
}

void TaskManagerNode::on_checkpoint(LeaderSessionId session, const NotifyCheckpointComplete& mail) {
  if (admits(session)) logic_.on_checkpoint_complete(mail);
}

void TaskManagerNode::on_checkpoint(LeaderSessionId session, const NotifyCheckpointAborted& mail) {
  if (admits(session)) logic_.on_checkpoint_aborted(mail);
}

void TaskManagerNode::on_disconnect(LeaderSessionId session, const Disconnect& mail) {
  if (!admits(session)) return;
  const bool has_stepped_down = !mail.leads && mail.instance == logic_.instance();
  if (has_stepped_down) on_leader_lost(mail.reason);
  else logic_.on_disconnect(mail, now());
}

// To the leader

template <class Event>
void TaskManagerNode::send_to_leader(Event event) {
  if (!leader_) return;
  const NodeId there = cluster_.post.other(*leader_, node_);
  cluster_.post.send(*leader_, node_, [&cluster = cluster_, there, session = fence_.session(), event] {
    event(cluster.job_manager(there), session);
  });
}

void TaskManagerNode::on_new_leader(LeaderSessionId session, ConnectionId leader) {
  leader_ = leader;
  fence_.open(session);
  logic_.on_new_leader(now());
}

void TaskManagerNode::on_leader_lost(const std::string& reason) {
  logic_.on_leader_lost(reason, now());
  fence_.close();
  leader_.reset();
}

void TaskManagerNode::register_at_leader(const RegisterTaskManager& mail) {
  const LeaderSessionId session = fence_.session();
  const ConnectionId leader = *leader_;
  const NodeId there = cluster_.post.other(leader, node_);
  cluster_.post.ask<RegistrationReply>(
      leader, node_,
      [&cluster = cluster_, there, session, mail, leader](Post::Reply<RegistrationReply> reply) {
        cluster.job_manager(there).on_register(session, mail, leader, std::move(reply));
      },
      [this, session](std::optional<RegistrationReply> reply) {
        if (reply && fence_.admits(session)) logic_.on_registration_reply(*reply, now());
      });
}

void TaskManagerNode::heartbeat(const Heartbeat& mail) {
  const LeaderSessionId session = fence_.session();
  const NodeId there = cluster_.post.other(*leader_, node_);
  cluster_.post.ask<HeartbeatReply>(
      *leader_, node_,
      [&cluster = cluster_, there, session, mail](Post::Reply<HeartbeatReply> reply) {
        cluster.job_manager(there).on_heartbeat(session, mail, std::move(reply));
      },
      [this, session, instance = mail.instance](std::optional<HeartbeatReply> reply) {
        if (!reply || !fence_.admits(session)) return;
        if (reply->leads) logic_.on_heartbeat_reply(instance, *reply, now());
        else if (instance == logic_.instance()) on_leader_lost("the JobManager leads no longer");
      });
}

void TaskManagerNode::report(const UpdateTaskExecutionState& mail) {
  const LeaderSessionId session = fence_.session();
  const NodeId there = cluster_.post.other(*leader_, node_);
  cluster_.post.ask<UpdateTaskReply>(
      *leader_, node_,
      [&cluster = cluster_, there, session, mail](Post::Reply<UpdateTaskReply> reply) {
        reply(cluster.job_manager(there).on_task_state(session, mail));
      },
      [this, attempt = mail.task.attempt](std::optional<UpdateTaskReply> reply) {
        if (!reply) logic_.on_report_refused(attempt, "the JobManager did not answer");
        else if (!reply->known)
          logic_.on_report_refused(attempt, "the JobManager does not know this attempt");
      });
}

void TaskManagerNode::leader_is_silent(const std::string& reason) {
  follower_.on_lost(reason);
  on_leader_lost(reason);
}

void TaskManagerNode::give_up(const std::string& reason) { cluster_.world.violate("it gives up: " + reason); }

void TaskManagerNode::wake_after(Duration delay) {
  cluster_.world.in(delay, node_, [this] { logic_.on_tick(now()); });
}

}  // namespace weir::sim
