// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "actors/task_manager/task_runner.h"
#include "execution/task/worker.h"

namespace weir {

/// A Worker behind the port of the TaskManager.
class WorkerTaskRunner final : public TaskRunner {
public:
  /// `programs` and `observer` outlive this.
  WorkerTaskRunner(Worker::Options options, ProgramSource& programs, TaskObserver& observer)
      : worker_(options, programs, observer) {}

  [[nodiscard]] Status submit(const TaskDeploymentDescriptor& task) override { return worker_.submit(task); }
  void cancel(ExecutionAttemptId attempt) override { worker_.cancel(attempt); }
  void fail(ExecutionAttemptId attempt, const std::string& cause) override { worker_.fail(attempt, cause); }
  void fail_all(const std::string& cause) override { worker_.fail_all(cause); }
  void release_partitions(ExecutionAttemptId attempt) override { worker_.release_partitions(attempt); }

private:
  Worker worker_;
};

}  // namespace weir
