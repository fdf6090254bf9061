// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/ids.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "checkpoint/coordinator/pending_checkpoint.h"
#include "checkpoint/snapshot/handles.h"

namespace weir {

/// One round of attempts as it comes and goes: who runs, who has ended with what state, and to whom a
/// checkpoint's order goes.
///
/// Threads: none.
class CheckpointRound {
public:
  explicit CheckpointRound(CheckpointPlan plan);

  /// False: not of this round, or it ran before.
  bool on_running(ExecutionAttemptId task);
  /// The tasks that have only now no producer left that runs; to them no barrier will come. An attempt that
  /// is not of this round, or has ended before, makes none.
  std::vector<ExecutionAttemptId> on_finished(ExecutionAttemptId task, const TaskSnapshot& snapshot);

  [[nodiscard]] const CheckpointPlan& plan() const { return plan_; }
  /// All tasks that have not ended run, and there are some.
  [[nodiscard]] bool is_ready() const { return deployed_ == 0 && running_ > 0; }
  /// All sources have ended, but not all tasks.
  [[nodiscard]] bool sources_have_ended() const;
  /// Those that have not ended.
  [[nodiscard]] std::vector<ExecutionAttemptId> live_tasks() const;
  /// Those of them that no barrier will reach: they are told to begin a checkpoint.
  [[nodiscard]] std::vector<ExecutionAttemptId> trigger_tasks() const;
  /// Those that have ended, with their state.
  [[nodiscard]] const std::map<ExecutionAttemptId, TaskSnapshot>& finished() const { return finished_; }

private:
  enum class State : std::uint8_t { Deployed, Running, Finished };
  struct Task {
    TaskPosition position;
    State state = State::Deployed;
    std::uint32_t live_producers = 0;
  };

  const CheckpointPlan plan_;
  std::map<ExecutionAttemptId, Task> tasks_;
  std::map<ExecutionAttemptId, TaskSnapshot> finished_;
  std::size_t deployed_ = 0;
  std::size_t running_ = 0;
};

}  // namespace weir
