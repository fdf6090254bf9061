// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/time.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "checkpoint/coordinator/ports.h"
#include "checkpoint/snapshot/completed_checkpoint.h"

namespace weir {

/// Where a task stands in its CheckpointPlan.
struct TaskPosition {
  std::size_t vertex = 0;
  std::uint32_t subtask = 0;
  auto operator<=>(const TaskPosition&) const = default;
};

/// A savepoint that somebody waits for.
struct SavepointRequest {
  SavepointRequestId id{};
  std::string directory;      // its own: the root of everything in it
  bool ends_job = false;      // no checkpoint follows it, unless it fails
  bool ends_sources = false;  // they send nothing behind its barriers
  bool operator==(const SavepointRequest&) const = default;
};

/// A checkpoint that some tasks have not contributed to yet. What a task handed in stays as it was: a second
/// time changes nothing.
///
/// Threads: none.
class PendingCheckpoint {
public:
  enum class Answer { Taken, Duplicate, Unknown };

  /// `frame` is the checkpoint but for its operators. All tasks of `plan` are awaited.
  PendingCheckpoint(CompletedCheckpoint frame, const CheckpointPlan& plan, TimePoint deadline,
                    std::optional<SavepointRequest> request);

  /// Also that a task has ended, with the state it ended with.
  Answer acknowledge(ExecutionAttemptId task, const TaskSnapshot& snapshot);
  [[nodiscard]] bool awaits(ExecutionAttemptId task) const { return awaited_.contains(task); }
  [[nodiscard]] bool is_complete() const { return awaited_.empty(); }

  [[nodiscard]] CheckpointId id() const { return content_.id; }
  [[nodiscard]] bool is_savepoint() const { return content_.is_savepoint; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  [[nodiscard]] const std::optional<SavepointRequest>& request() const { return request_; }
  /// Not so a savepoint that the job outlives: the job may yet fall back behind it.
  [[nodiscard]] bool may_be_restored() const { return !request_ || request_->ends_job; }
  /// With what has been handed in so far.
  [[nodiscard]] const CompletedCheckpoint& content() const { return content_; }
  /// Who has not answered, as people see it: `"sum" (2/4)`, and how many more.
  [[nodiscard]] std::string missing() const;
  [[nodiscard]] CheckpointOrder order() const;

  /// All tasks have answered. From here on it is being written.
  void complete(WallTime now);
  [[nodiscard]] bool is_being_written() const { return is_being_written_; }

private:
  struct Task {
    TaskPosition position;
    std::string name;
  };

  CompletedCheckpoint content_;
  const TimePoint deadline_;
  const std::optional<SavepointRequest> request_;
  std::map<ExecutionAttemptId, Task> awaited_;
  std::set<ExecutionAttemptId> answered_;
  bool is_being_written_ = false;
};

}  // namespace weir
