// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "checkpoint/snapshot/handles.h"

namespace weir {

/// A task's part of a checkpoint, all of it safe.
struct CheckpointReport {
  JobId job;
  ExecutionAttemptId attempt;
  CheckpointId checkpoint = 0;
  TaskSnapshot snapshot;
  Duration alignment{};  // from the first barrier to the last
  Duration sync{};       // the task stood still
  Duration async{};      // it ran on while its state was written
  std::uint64_t bytes = 0;
};

/// Who hears what becomes of a task's part of a checkpoint. A port: the worker hands it on.
///
/// Threads: the task's; must not block.
class CheckpointResponder {
public:
  virtual ~CheckpointResponder() = default;
  virtual void on_checkpoint_acknowledged(const CheckpointReport& report) = 0;
  /// There is no part of this task, and nothing of it was left behind.
  virtual void on_checkpoint_declined(JobId job, ExecutionAttemptId attempt, CheckpointId checkpoint,
                                      const std::string& reason) = 0;
};

}  // namespace weir
