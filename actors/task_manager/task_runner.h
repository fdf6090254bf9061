// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "graph/deployment.h"
#include "messages/checkpoint.h"
#include "messages/worker.h"

namespace weir {

/// What the TaskManager asks of the machinery that runs tasks. WorkerTaskRunner hands it to a Worker; a test
/// writes it down.
///
/// Errors: submit() says what is missing. The rest is about attempts that may be over: that is no error.
class TaskRunner {
public:
  virtual ~TaskRunner() = default;
  [[nodiscard]] virtual Status submit(const TaskDeploymentDescriptor& task) = 0;
  virtual void cancel(ExecutionAttemptId attempt) = 0;
  virtual void fail(ExecutionAttemptId attempt, const std::string& cause) = 0;
  virtual void fail_all(const std::string& cause) = 0;
  virtual void release_partitions(ExecutionAttemptId attempt) = 0;
  /// Has the attempt's source end as if it had read everything.
  virtual void stop(ExecutionAttemptId attempt) = 0;
  /// Lets the attempt begin, if it waits for that.
  virtual void begin(ExecutionAttemptId) {}
  virtual void update_partitions(const UpdatePartitionInfo&) {}
  /// Has the attempt's task begin a checkpoint; its state comes through TaskObserver.
  virtual void trigger_checkpoint(const TriggerCheckpoint&) {}
  virtual void notify_checkpoint_complete(const NotifyCheckpointComplete&) {}
  virtual void notify_checkpoint_aborted(const NotifyCheckpointAborted&) {}
  /// The answer to what the attempt's source asked through TaskObserver::on_input_split_wanted().
  virtual void on_input_split(ExecutionAttemptId attempt, const NextInputSplit& answer) = 0;
  /// Of the attempts that have not ended.
  [[nodiscard]] virtual std::vector<TaskProgress> progress() const = 0;
  /// How to reach the other nodes of the cluster, as of this registration.
  virtual void join_cluster(const ClusterAccess& access) = 0;
};

}  // namespace weir
