// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "checkpoint/barrier_aligner.h"
#include "checkpoint/snapshot/handles.h"
#include "checkpoint/snapshot/storage.h"
#include "execution/task/checkpoint_responder.h"
#include "execution/task/mailbox.h"
#include "execution/task/operator_chain.h"
#include "execution/task/snapshot_writers.h"
#include "execution/task/state_environment.h"
#include "execution/task/state_upload.h"
#include "graph/deployment.h"

namespace weir {

/// Takes the snapshots of one task: the operators' state is fixed at the barrier, handed on in slices between
/// records, written by other threads, and acknowledged when all of it is safe.
///
///     begin() -> advance() ... -> every file is written -> acknowledged
///                    |                   |
///                    +---- abort() ------+-> a write fails -> declined, nothing stays
///
/// Threads: the task's. Writers answer by letters.
/// Errors:  what storage says declines the checkpoint; the task runs on. What operators throw fails the task.
class SubtaskCheckpoints {
public:
  struct Surroundings {
    Mailbox& mailbox;
    SnapshotWriters& writers;
    CheckpointResponder& responder;
    StateEnvironment& state;
  };

  /// `task` and `chain` outlive this.
  SubtaskCheckpoints(const TaskDeploymentDescriptor& task, OperatorChain& chain, const Surroundings& around);
  ~SubtaskCheckpoints();
  SubtaskCheckpoints(const SubtaskCheckpoints&) = delete;
  SubtaskCheckpoints& operator=(const SubtaskCheckpoints&) = delete;

  /// The state is that of this moment. Its barrier was sent on. One that is under way is brought to its end
  /// first.
  void begin(const BarrierAligner::Barrier& barrier, Duration alignment);
  /// Hands on a little more, if it is time: records get nine tenths.
  void advance(TimePoint now);
  /// Hands on a lot; for when there is nothing else to do. False: it waits for storage.
  bool advance_idly();
  /// Hands on all that is left.
  void hand_on_everything();
  void abort(CheckpointId checkpoint);

  [[nodiscard]] bool is_running() const { return running_ != nullptr; }
  /// What is left to hand on, as opposed to write.
  [[nodiscard]] bool has_more() const;

  /// The state of a task that has processed everything, for the checkpoints that come after its end. Keyed
  /// state has no use any more and is left out.
  [[nodiscard]] Result<TaskSnapshot> final_snapshot();

private:
  struct Part {
    OperatorChain::Stateful* from = nullptr;
    std::shared_ptr<StateUpload> upload;
    std::vector<StateInfo> states;
    bool is_handed_on = false;
  };
  struct Running {
    CheckpointId checkpoint = 0;
    TimePoint began{};
    CheckpointReport report;
    std::vector<Part> parts;
    std::size_t open_parts = 0;
  };
  class Door;

  void begin_part(OperatorChain::Stateful& from, const std::shared_ptr<CheckpointStorage>& storage);
  void finish_part(Part& part);
  [[nodiscard]] Result<std::shared_ptr<CheckpointStorage>> storage_for(
      const BarrierAligner::Barrier& barrier);
  void on_written(CheckpointId checkpoint, std::size_t part, const Result<StateHandle>& written);
  void acknowledge();
  void decline(CheckpointId checkpoint, const std::string& reason);
  void drop_running();

  const TaskDeploymentDescriptor& task_;
  OperatorChain& chain_;
  Mailbox& mailbox_;
  SnapshotWriters& writers_;
  CheckpointResponder& responder_;
  StateEnvironment& state_;
  std::shared_ptr<Door> door_;  // through which writers post, as long as the task is there
  std::unique_ptr<Running> running_;
  TimePoint next_slice_{};
};

}  // namespace weir
