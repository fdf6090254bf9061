// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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
#include "execution/task/store_upload.h"
#include "graph/deployment.h"

namespace weir {

/// Takes the snapshots of one task: the operators' state is fixed at the barrier, walked over and written by
/// other threads while records change it, and acknowledged when all of it is safe.
///
///     begin() -> every state is walked over -> every file is written -> acknowledged
///                    |                              |
///                    +---- abort() -----------------+-> a write fails -> declined, nothing stays
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

  /// The state is that of this moment. Its barrier was sent on. One that is under way is given up.
  void begin(const BarrierAligner::Barrier& barrier, Duration alignment);
  void abort(CheckpointId checkpoint);

  [[nodiscard]] bool is_running() const { return running_ != nullptr; }

  /// The state of a task that has processed everything, for the checkpoints that come after its end. Keyed
  /// state has no use any more and is left out.
  [[nodiscard]] Result<TaskSnapshot> final_snapshot();

private:
  /// One operator's.
  struct Part {
    OperatorChain::Stateful* from = nullptr;
    std::vector<StateInfo> states;
    std::shared_ptr<StateUpload> upload;
    std::shared_ptr<StoreUpload> store;  // null: its rows are with the rest, or there are none
    SharedFiles::Files final_files;      // of the store
    bool is_walked = false;
  };
  struct Running {
    BarrierAligner::Barrier barrier;
    TimePoint began{};
    CheckpointReport report;
    std::vector<Part> parts;
    std::size_t open_answers = 0;
    std::vector<std::string> written;  // paths
  };
  class Door;

  /// Throws std::runtime_error, if a store cannot be saved.
  void begin_part(OperatorChain::Stateful& from, const std::shared_ptr<CheckpointStorage>& storage);
  void begin_upload(Part& part, std::size_t index, const std::shared_ptr<CheckpointStorage>& storage);
  void begin_store_upload(Part& part, std::size_t index);
  [[nodiscard]] bool saves_store_apart(OperatorContext& context) const;
  [[nodiscard]] std::string file_name(const Part& part) const;
  [[nodiscard]] Result<std::shared_ptr<CheckpointStorage>> storage_for(
      const BarrierAligner::Barrier& barrier);

  void on_walked(CheckpointId checkpoint, std::size_t part);
  void on_written(CheckpointId checkpoint, std::size_t part, const Result<StateHandle>& written,
                  const std::string& root);
  void on_store_written(CheckpointId checkpoint, std::size_t part, const Result<StoreUpload::Saved>& saved);
  [[nodiscard]] bool is_running(CheckpointId checkpoint) const {
    return running_ && running_->barrier.checkpoint == checkpoint;
  }
  void on_answer();
  void acknowledge();
  void give_up(const std::string& reason);
  void decline(CheckpointId checkpoint, const std::string& reason);
  void drop_running();
  /// On a writer's thread.
  void remove(std::vector<std::string> paths);

  const TaskDeploymentDescriptor& task_;
  OperatorChain& chain_;
  Mailbox& mailbox_;
  SnapshotWriters& writers_;
  CheckpointResponder& responder_;
  StateEnvironment& state_;
  std::shared_ptr<Door> door_;  // through which writers post, as long as the task is there
  std::shared_ptr<BlockBuffers> buffers_ = std::make_shared<BlockBuffers>();
  std::unique_ptr<Running> running_;
};

}  // namespace weir
