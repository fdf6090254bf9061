// SPDX-License-Identifier: Apache-2.0
#include "test/sim/coordinator_node.h"

#include <algorithm>

#include "test/sim/task_manager_node.h"

namespace weir::sim {

CoordinatorNode::CoordinatorNode(Cluster& cluster, NodeId node, Options options,
                                 std::unique_ptr<CheckpointKeeper> keeper)
    : cluster_(cluster),
      node_(node),
      options_(std::move(options)),
      keeper_(std::move(keeper)),
      mail_(cluster.world, node),
      from_keeper_(cluster.world, node),
      to_job_manager_(cluster.world, node),
      logic_(options_.job, *this),
      thread_(cluster.world, node) {}

void CoordinatorNode::start_round(const StartCheckpointRound& mail, const std::vector<ConnectionId>& places) {
  mail_.send([this, mail, places] {
    if (has_ended_) return;
    places_.clear();
    auto next = places.begin();
    for (const CheckpointedVertex& vertex : mail.plan.vertices)
      for (const CheckpointedTask& task : vertex.tasks)
        if (next != places.end()) places_.emplace(task.attempt, *next++);
    logic_.on_round_started(mail, now());
  });
}

template <class Mail>
void CoordinatorNode::send_to_task(const Mail& mail) {
  const auto place = places_.find(mail.attempt);
  if (place == places_.end() || place->second == ConnectionId{}) return;
  const NodeId there = cluster_.post.other(place->second, node_);
  cluster_.post.send(place->second, node_, [&cluster = cluster_, there, session = options_.session, mail] {
    cluster.task_manager(there).on_checkpoint(session, mail);
  });
}

void CoordinatorNode::to_keeper(const RecoverCheckpoints& mail) {
  thread_.post([this, mail] {
    auto known = keeper_->recover(mail.restore_path);
    RecoveredCheckpoints reply{.outcome = Outcome::of(known ? Status::ok() : Status(known.error()))};
    if (known) reply.checkpoints = *std::move(known);
    answer_later([reply](CoordinatedJob& logic, auto now) { logic.on_recovered(reply, now); });
  });
}

void CoordinatorNode::to_keeper(const CheckFiles& mail) {
  thread_.post([this, mail] {
    const FilesChecked reply{Outcome::of(keeper_->check(mail.checkpoint))};
    answer_later([reply](CoordinatedJob& logic, auto now) { logic.on_files_checked(reply, now); });
  });
}

void CoordinatorNode::to_keeper(const NextCheckpointId& mail) {
  thread_.post([this, mail] {
    const auto id = keeper_->next_id(mail.savepoint);
    const CheckpointIdReply reply{.outcome = Outcome::of(id ? Status::ok() : Status(id.error())),
                                  .id = id ? *id : 0};
    answer_later([reply](CoordinatedJob& logic, auto now) { logic.on_id(reply, now); });
  });
}

void CoordinatorNode::to_keeper(const WriteCheckpoint& mail) {
  thread_.post([this, mail] {
    cluster_.promises.on_writing(mail.checkpoint);
    const Status written = keeper_->write(mail.checkpoint, mail.may_be_restored);
    const CheckpointWritten reply{.id = mail.checkpoint.id, .outcome = Outcome::of(written)};
    answer_later([reply](CoordinatedJob& logic, auto now) { logic.on_written(reply, now); });
  });
}

void CoordinatorNode::to_keeper(const RemoveCheckpoint& mail) {
  thread_.post([this, mail] { keeper_->remove(mail.checkpoint, mail.files); });
}

void CoordinatorNode::to_keeper(const DiscardCheckpoint& mail) {
  thread_.post([this, mail] { keeper_->discard(mail.root, mail.directory, mail.files); });
}

void CoordinatorNode::to_keeper(const SweepCheckpoints&) {
  thread_.post([this] { keeper_->sweep(); });
}

void CoordinatorNode::to_keeper(const CloseKeeper& mail) {
  thread_.post([this, mail] {
    if (mail.is_over) keeper_->close(mail.keeps_checkpoints);
  });
}

void CoordinatorNode::to_job_manager(const RestoredState& mail) {
  to_job_manager_.send([this, mail] { options_.restored(mail); });
}

void CoordinatorNode::to_job_manager(const FailJob& mail) {
  to_job_manager_.send([this, mail] { options_.fail_job(mail); });
}

void CoordinatorNode::wake_at(TimePoint due) {
  cluster_.world.in(std::max(due - cluster_.world.now(), Duration::zero()), node_, [this] {
    if (!has_ended_) logic_.on_tick(now());
  });
}

}  // namespace weir::sim
