// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "checkpoint/snapshot/handles.h"
#include "checkpoint/snapshot/state_file.h"
#include "checkpoint/state/keyed_backend.h"
#include "checkpoint/state/operator_state.h"
#include "checkpoint/state/shared_files.h"
#include "execution/operators/feedback.h"
#include "execution/operators/input.h"
#include "execution/operators/processing_time.h"
#include "execution/operators/task_mail.h"
#include "execution/operators/workspace.h"

namespace weir {

/// What an operator may know and use of the task it runs in. One an operator and subtask.
///
/// Threads: the task's.
class OperatorContext {
public:
  struct Place {
    std::string operator_name;
    std::uint32_t subtask_index = 0;
    std::uint32_t parallelism = 1;
    std::uint32_t max_parallelism = 128;
    bool is_checkpointed = false;
    JobId job;
    OperatorId operator_id;      // across versions of the program
    ExecutionAttemptId attempt;  // of the task
    std::uint32_t attempt_number = 0;
    std::string job_name;
  };
  /// What the operator starts with.
  struct Restored {
    CheckpointId checkpoint = 0;
    std::vector<StateFile> files;
    std::vector<ListSlice> slices;  // into `files`
    std::vector<std::unique_ptr<ByteStore>> stores;  // by file; null: its source had none
    std::optional<std::size_t> adopted;              // the file whose store is the operator's own
  };

  explicit OperatorContext(Place place)
      : place_(std::move(place)),
        keyed_state_(range_of(place_.subtask_index, place_.parallelism, place_.max_parallelism),
                     place_.max_parallelism) {}

  [[nodiscard]] const std::string& job_name() const { return place_.job_name; }
  [[nodiscard]] const std::string& operator_name() const { return place_.operator_name; }
  [[nodiscard]] std::uint32_t subtask_index() const { return place_.subtask_index; }
  [[nodiscard]] std::uint32_t parallelism() const { return place_.parallelism; }
  [[nodiscard]] std::uint32_t max_parallelism() const { return place_.max_parallelism; }
  [[nodiscard]] std::uint32_t attempt_number() const { return place_.attempt_number; }

  /// What tells apart whatever the operator leaves outside of the cluster: its jobs, its operators, and the
  /// attempts to run one subtask, of which an earlier one may not know yet that it is no longer wanted.
  [[nodiscard]] JobId job() const { return place_.job; }
  [[nodiscard]] OperatorId operator_id() const { return place_.operator_id; }
  [[nodiscard]] ExecutionAttemptId attempt() const { return place_.attempt; }

  /// Whether checkpoints come by themselves, so that what waits for one need not wait for ever.
  [[nodiscard]] bool is_checkpointed() const { return place_.is_checkpointed; }
  /// Whether the task goes on from a checkpoint, be it that this operator had no state there.
  [[nodiscard]] bool is_restored() const { return restored_.checkpoint != 0; }
  /// 0: from none.
  [[nodiscard]] CheckpointId restored_checkpoint() const { return restored_.checkpoint; }

  [[nodiscard]] KeyedBackend& keyed_state() { return keyed_state_; }
  [[nodiscard]] OperatorStateBackend& operator_state() { return operator_state_; }
  /// Which files of the operator's store are in checkpoints already.
  [[nodiscard]] SharedFiles& shared_files() { return shared_files_; }

  /// The clock, and who calls when it says so. Never null.
  [[nodiscard]] ProcessingTime* processing_time() { return processing_time_; }
  /// By whoever makes the operator, before it opens. It outlives this.
  void use_processing_time(ProcessingTime& clock) { processing_time_ = &clock; }

  /// How other threads reach the task. Null where there is none.
  [[nodiscard]] TaskMail* mail() { return mail_; }
  /// By whoever makes the operator, before it opens. It outlives this.
  void use_mail(TaskMail& mail) { mail_ = &mail; }

  /// A marker came to the operator.
  void note_latency(const LatencyMarker& marker) const {
    if (latencies_) latencies_(marker);
  }
  /// By whoever makes the operator, before it opens. Else nobody hears of markers.
  void use_latencies(std::function<void(const LatencyMarker&)> note) { latencies_ = std::move(note); }

  /// What the two ends of an iteration share. Null in all other tasks.
  [[nodiscard]] std::shared_ptr<Feedback> feedback() { return feedback_; }
  /// By whoever makes the operator, before it opens.
  void use_feedback(std::shared_ptr<Feedback> feedback) { feedback_ = std::move(feedback); }

  [[nodiscard]] bool has_workspace() const { return workspace_.has_value(); }
  /// Memory and disks for what does not fit into it. Throws std::logic_error if the operator was given none.
  [[nodiscard]] Workspace& workspace();
  /// By whoever makes the operator, before it opens.
  void use_workspace(Workspace workspace) { workspace_ = std::move(workspace); }

  /// A state by its descriptor, by key or of the subtask. Throws as the two above, and std::logic_error if
  /// the other one has a state of that name.
  template <class Descriptor>
  [[nodiscard]] typename Descriptor::State state(const Descriptor& descriptor) {
    if constexpr (is_keyed(Descriptor::kKind)) {
      require_free(operator_state_.states(), descriptor.info());
      return keyed_state_.state(descriptor);
    } else {
      require_free(keyed_state_.states(), descriptor.info());
      return operator_state_.state(descriptor);
    }
  }

  /// By the chain: before the operator opens, and after.
  void begin_restore(Restored restored);
  void end_restore();

private:
  static void require_free(const std::vector<StateInfo>& used, const StateInfo& wanted);

  const Place place_;
  KeyedBackend keyed_state_;
  OperatorStateBackend operator_state_;
  SharedFiles shared_files_;
  Restored restored_;
  ProcessingTime* processing_time_ = &no_processing_time();
  TaskMail* mail_ = nullptr;
  std::shared_ptr<Feedback> feedback_;
  std::optional<Workspace> workspace_;
  std::function<void(const LatencyMarker&)> latencies_;
};

}  // namespace weir
