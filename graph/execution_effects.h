// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "graph/deployment.h"
#include "graph/execution_state.h"

namespace weir {

/// A subtask across its attempts.
struct ExecutionVertexId {
  JobVertexId vertex;
  std::uint32_t subtask = 0;
  auto operator<=>(const ExecutionVertexId&) const = default;
};

/// A slot as the graph sees it: where a task runs and where its partitions are fetched. Subtasks of one
/// sharing group may hold the same slot; they then name the same allocation.
struct AssignedSlot {
  TaskManagerId task_manager;
  std::string data_address;  // "host:port" of the TaskManager's data server
  std::uint32_t slot = 0;    // number of the slot in its TaskManager
  AllocationId allocation;
  bool operator==(const AssignedSlot&) const = default;
};

/// A wish for one slot.
struct SlotRequest {
  ExecutionVertexId vertex;
  std::string slot_sharing_group;
  std::string co_location_group;  // empty: none
  /// For each input that has a say in where the task should run, the positions of its producers among the
  /// requests (all are smaller than this request's own). Inputs with more than eight producers have no say
  /// and are left out.
  std::vector<std::vector<std::uint32_t>> producers;
  /// The same of inputs whose producers were placed before: what they hold, or held when they finished.
  std::vector<std::vector<AssignedSlot>> placed_producers;
  bool operator==(const SlotRequest&) const = default;
};

/// A task of the job that has a slot. Requests of its sharing group may join it there.
struct SlotHolder {
  ExecutionVertexId vertex;
  std::string slot_sharing_group;
  std::string co_location_group;
  AssignedSlot slot;
  bool operator==(const SlotHolder&) const = default;
};

/// What the ExecutionGraph wants done. It does nothing itself: whoever drives it carries these out in order.
namespace effects {

/// Find a slot for each, or for none. Answer: on_slots_assigned() in the same order, or on_slots_refused(),
/// both with this version. At most one request is open at a time; a higher version makes an older one void.
struct RequestSlots {
  std::uint64_t version = 0;
  std::vector<SlotRequest> requests;  // producers before consumers
  std::vector<SlotHolder> holders;    // tasks of earlier requests that have not ended
  /// Without enough slots: the answer may come when there are, and is a refusal only if that takes too long.
  bool may_wait = false;
  bool operator==(const RequestSlots&) const = default;
};

/// Tell a task that was deployed without knowing them all where one of its producers is. No answer.
struct UpdatePartitionInfo {
  ExecutionAttemptId attempt;  // of the consumer
  AssignedSlot slot;
  InputChannelDescriptor channel;
  bool operator==(const UpdatePartitionInfo&) const = default;
};

/// Submit the task to its TaskManager. Answer: the task's reports, or on_deploy_failed().
struct DeployTask {
  AssignedSlot slot;
  TaskDeploymentDescriptor task;
  bool operator==(const DeployTask&) const = default;
};

/// Ask the TaskManager to end the attempt. Answer: the task's report; best effort where none is awaited.
struct CancelTask {
  ExecutionAttemptId attempt;
  AssignedSlot slot;
  bool operator==(const CancelTask&) const = default;
};

/// Ask the attempt's source to end as if it had read everything. No answer but the task's reports.
struct StopTask {
  ExecutionAttemptId attempt;
  AssignedSlot slot;
  bool operator==(const StopTask&) const = default;
};

/// Drop what a finished attempt wrote: nobody will read it. No answer.
struct ReleasePartitions {
  ExecutionAttemptId attempt;
  AssignedSlot slot;
  bool operator==(const ReleasePartitions&) const = default;
};

/// The last task of this job left the slot: give it back. No answer.
struct ReleaseSlot {
  AssignedSlot slot;
  bool operator==(const ReleaseSlot&) const = default;
};

/// Call on_restart_due(version) after the delay.
struct ScheduleRestart {
  Duration delay{};
  std::uint64_t version = 0;
  bool operator==(const ScheduleRestart&) const = default;
};

/// Tell whoever listens. `cause` is empty unless the job fails, restarts or is suspended.
struct JobStatusChanged {
  JobStatus from = JobStatus::Created;
  JobStatus to = JobStatus::Created;
  std::string cause;
  WallTime at;
  bool operator==(const JobStatusChanged&) const = default;
};

/// Tell whoever listens. `cause` is empty unless the attempt failed.
struct TaskStateChanged {
  ExecutionVertexId vertex;
  ExecutionAttemptId attempt;
  ExecutionState from = ExecutionState::Created;
  ExecutionState to = ExecutionState::Created;
  std::string cause;
  WallTime at;
  bool operator==(const TaskStateChanged&) const = default;
};

}  // namespace effects

using Effect =
    std::variant<effects::RequestSlots, effects::DeployTask, effects::UpdatePartitionInfo,
                 effects::CancelTask, effects::StopTask, effects::ReleasePartitions, effects::ReleaseSlot,
                 effects::ScheduleRestart, effects::JobStatusChanged, effects::TaskStateChanged>;

}  // namespace weir
