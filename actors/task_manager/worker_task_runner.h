// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/task_manager/task_runner.h"
#include "execution/task/worker.h"

namespace weir {

/// A Worker behind the port of the TaskManager.
class WorkerTaskRunner final : public TaskRunner {
public:
  /// `programs` and `observer` outlive this.
  WorkerTaskRunner(TaskManagerId node, Worker::Options options, ProgramSource& programs,
                   TaskObserver& observer)
      : node_(node), worker_(std::move(options), programs, observer) {}

  [[nodiscard]] Status submit(const TaskDeploymentDescriptor& task) override { return worker_.submit(task); }
  void cancel(ExecutionAttemptId attempt) override { worker_.cancel(attempt); }
  void fail(ExecutionAttemptId attempt, const std::string& cause) override { worker_.fail(attempt, cause); }
  void fail_all(const std::string& cause) override { worker_.fail_all(cause); }
  void release_partitions(ExecutionAttemptId attempt) override { worker_.release_partitions(attempt); }
  void stop(ExecutionAttemptId attempt) override { worker_.stop(attempt); }
  void begin(ExecutionAttemptId attempt) override { worker_.begin(attempt); }
  void update_partitions(const UpdatePartitionInfo& mail) override {
    for (const InputChannelDescriptor& channel : mail.channels)
      worker_.update_partition(mail.attempt, channel);
  }
  void on_input_split(ExecutionAttemptId attempt, const NextInputSplit& answer) override {
    if (!answer.outcome.accepted) return worker_.on_input_split(attempt, answer.outcome.refusal);
    worker_.on_input_split(attempt, answer.has_split ? std::optional(answer.split) : std::nullopt);
  }
  [[nodiscard]] std::vector<TaskProgress> progress() const override { return worker_.progress(); }
  void trigger_checkpoint(const TriggerCheckpoint& mail) override {
    worker_.trigger_checkpoint(mail.attempt,
                               {.checkpoint = mail.checkpoint,
                                .triggered_at = mail.triggered_at,
                                .is_savepoint = mail.is_savepoint,
                                .storage_root = mail.storage_root},
                               mail.ends_sources);
  }
  void notify_checkpoint_complete(const NotifyCheckpointComplete& mail) override {
    worker_.on_checkpoint_complete(mail.attempt, mail.checkpoint);
  }
  void notify_checkpoint_aborted(const NotifyCheckpointAborted& mail) override {
    worker_.on_checkpoint_aborted(mail.attempt, mail.checkpoint);
  }
  void join_cluster(const ClusterAccess& access) override {
    worker_.join_cluster({.cluster = access.cluster, .node = node_, .token = access.token});
  }

  [[nodiscard]] Result<std::string> data_address() const { return worker_.data_address(); }

private:
  const TaskManagerId node_;
  Worker worker_;
};

}  // namespace weir
