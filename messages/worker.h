// SPDX-License-Identifier: Apache-2.0
// JobManager <-> TaskManager. Plain values: no CAF header is needed to make, compare or test one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/cluster_identity.h"
#include "base/ids.h"
#include "base/time.h"
#include "graph/deployment.h"
#include "graph/execution_state.h"
#include "messages/outcome.h"

namespace weir {

/// What the machine of a TaskManager has. For people to read; nothing is decided by it.
struct HardwareDescription {
  std::uint32_t cpu_cores = 0;
  std::uint64_t memory_bytes = 0;
  bool operator==(const HardwareDescription&) const = default;
};

/// A task that was deployed by another leader than the one that is told of it, and that has not ended, or has
/// ended while nobody led.
struct HeldTask {
  JobId job;
  JobVertexId vertex;
  std::uint32_t subtask = 0;
  ExecutionAttemptId attempt;
  std::uint32_t attempt_number = 0;
  LeaderSessionId deployed_by;
  std::uint32_t slot = 0;  // number of the slot in its TaskManager
  AllocationId allocation;
  ExecutionState state = ExecutionState::Deploying;
  bool is_to_end = false;  // its source was told to end behind a savepoint
  bool operator==(const HeldTask&) const = default;
};

/// A TaskManager asks to join.
struct RegisterTaskManager {
  TaskManagerId id;          // of this process, new at every start
  std::string data_address;  // "host:port" where peers fetch partitions
  std::uint32_t slots = 0;
  HardwareDescription hardware;
  std::vector<HeldTask> tasks;  // that it runs still
  bool operator==(const RegisterTaskManager&) const = default;
};

/// What a node needs to speak to others than the JobManager: a secret between nodes of one cluster.
struct ClusterAccess {
  ClusterId cluster;
  LinkToken token{};
  std::string blob_address;  // "host:port" of the blob server; empty: there is none
  bool operator==(const ClusterAccess&) const = default;
};

/// A client asks where to put the library of its program.
struct RequestClusterAccess {
  bool operator==(const RequestClusterAccess&) const = default;
};

struct RegistrationReply {
  enum class Kind : std::uint8_t {
    Acknowledged,       // you are in
    AlreadyRegistered,  // you were in all along: an earlier answer of ours was lost
    Refused,            // not now; ask again after a pause
  };
  Kind kind = Kind::Refused;
  InstanceId instance;   // of this registration; none if refused
  std::string reason;    // empty unless refused
  ClusterAccess access;  // of no use if refused
  bool operator==(const RegistrationReply&) const = default;
};

/// A registered TaskManager lives, and its tasks have come so far.
struct Heartbeat {
  static constexpr std::size_t kMostTasks = 500;  // of more, each has its turn in one of the next beats

  InstanceId instance;
  std::vector<TaskProgress> tasks;
  bool operator==(const Heartbeat&) const = default;
};

/// The leader lives, and knows the instance or not.
struct HeartbeatReply {
  bool known = false;  // false: register anew
  bool leads = true;   // false: it leads no longer, and knows nobody
  bool operator==(const HeartbeatReply&) const = default;
};

/// One side ends the registration.
struct Disconnect {
  InstanceId instance;
  std::string reason;
  bool leads = true;  // false: the JobManager leads no longer; what runs may be the next one's
  bool operator==(const Disconnect&) const = default;
};

/// (InstanceManager to JobManager) The slots of this TaskManager may be used.
struct TaskManagerJoined {
  InstanceId instance;
  RegisterTaskManager task_manager;
  bool operator==(const TaskManagerJoined&) const = default;
};

/// (InstanceManager to JobManager) Whatever ran there is gone.
struct TaskManagerLost {
  TaskManagerId task_manager;
  std::string reason;
  bool operator==(const TaskManagerLost&) const = default;
};

struct RequestInstances {
  bool operator==(const RequestInstances&) const = default;
};

/// One registered TaskManager, as people see it.
struct InstanceDescription {
  InstanceId instance;
  RegisterTaskManager task_manager;
  std::chrono::milliseconds since_heartbeat{};
  bool operator==(const InstanceDescription&) const = default;
};

struct InstanceList {
  std::vector<InstanceDescription> instances;  // in the order in which they joined
  std::uint64_t refused = 0;                   // messages of TaskManagers that were given up
  bool operator==(const InstanceList&) const = default;
};

/// Run this task. Answered by an Outcome; its life is reported by UpdateTaskExecutionState.
struct SubmitTask {
  TaskDeploymentDescriptor task;
  bool operator==(const SubmitTask&) const = default;
};

/// End this attempt. No error if it is unknown or over.
struct CancelTask {
  ExecutionAttemptId attempt;
  bool operator==(const CancelTask&) const = default;
};

/// Have this attempt's source end as if it had read everything. No error if it is unknown or over.
struct StopTask {
  ExecutionAttemptId attempt;
  bool operator==(const StopTask&) const = default;
};

/// A source wants more to read.
struct RequestNextInputSplit {
  JobId job;
  ExecutionAttemptId attempt;
  bool operator==(const RequestNextInputSplit&) const = default;
};

struct NextInputSplit {
  Outcome outcome;         // refused: nobody waits for this attempt; end it
  bool has_split = false;  // false: there are no more
  std::string split;       // InputSplit::bytes
  bool operator==(const NextInputSplit&) const = default;
};

/// There is something to read in a partition of a job that is scheduled lazily: schedule who reads it, or
/// tell them where it is.
struct ScheduleOrUpdateConsumers {
  JobId job;
  ResultPartitionId partition;
  bool operator==(const ScheduleOrUpdateConsumers&) const = default;
};

/// Where something is that this attempt reads and that had no place when it was submitted. No error if it is
/// unknown or over.
struct UpdatePartitionInfo {
  ExecutionAttemptId attempt;
  std::vector<InputChannelDescriptor> channels;
  bool operator==(const UpdatePartitionInfo&) const = default;
};

/// Drop what this attempt wrote: nobody will read it.
struct ReleasePartitions {
  ExecutionAttemptId attempt;
  bool operator==(const ReleasePartitions&) const = default;
};

/// A task took a step.
struct UpdateTaskExecutionState {
  TaskExecutionState task;
  bool operator==(const UpdateTaskExecutionState&) const = default;
};

struct UpdateTaskReply {
  bool known = false;  // false: nobody waits for this attempt; end it
  bool leads = true;   // false: who was asked leads no longer, and cannot know
  bool operator==(const UpdateTaskReply&) const = default;
};

/// Answered as soon as the TaskManager is registered.
struct AwaitRegistration {
  bool operator==(const AwaitRegistration&) const = default;
};

/// (to itself) A deadline may have passed: look.
struct Tick {
  bool operator==(const Tick&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, HardwareDescription& x) {
  return f(x.cpu_cores, x.memory_bytes);
}
template <class F>
typename F::result_type inspect(F& f, HeldTask& x) {
  return f(x.job, x.vertex, x.subtask, x.attempt, x.attempt_number, x.deployed_by, x.slot, x.allocation,
           x.state, x.is_to_end);
}
template <class F>
typename F::result_type inspect(F& f, RegisterTaskManager& x) {
  return f(x.id, x.data_address, x.slots, x.hardware, x.tasks);
}
template <class F>
typename F::result_type inspect(F& f, RegistrationReply& x) {
  return f(x.kind, x.instance, x.reason, x.access);
}
template <class F>
typename F::result_type inspect(F& f, ClusterAccess& x) {
  return f(x.cluster, x.token, x.blob_address);
}
template <class F>
typename F::result_type inspect(F& f, RequestClusterAccess&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, HeartbeatReply& x) {
  return f(x.known, x.leads);
}
template <class F>
typename F::result_type inspect(F& f, Heartbeat& x) {
  return f(x.instance, x.tasks);
}
template <class F>
typename F::result_type inspect(F& f, StopTask& x) {
  return f(x.attempt);
}
template <class F>
typename F::result_type inspect(F& f, RequestNextInputSplit& x) {
  return f(x.job, x.attempt);
}
template <class F>
typename F::result_type inspect(F& f, NextInputSplit& x) {
  return f(x.outcome, x.has_split, x.split);
}
template <class F>
typename F::result_type inspect(F& f, Disconnect& x) {
  return f(x.instance, x.reason, x.leads);
}
template <class F>
typename F::result_type inspect(F& f, TaskManagerJoined& x) {
  return f(x.instance, x.task_manager);
}
template <class F>
typename F::result_type inspect(F& f, TaskManagerLost& x) {
  return f(x.task_manager, x.reason);
}
template <class F>
typename F::result_type inspect(F& f, RequestInstances&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, InstanceDescription& x) {
  return f(x.instance, x.task_manager, x.since_heartbeat);
}
template <class F>
typename F::result_type inspect(F& f, InstanceList& x) {
  return f(x.instances, x.refused);
}
template <class F>
typename F::result_type inspect(F& f, SubmitTask& x) {
  return f(x.task);
}
template <class F>
typename F::result_type inspect(F& f, CancelTask& x) {
  return f(x.attempt);
}
template <class F>
typename F::result_type inspect(F& f, ScheduleOrUpdateConsumers& x) {
  return f(x.job, x.partition);
}
template <class F>
typename F::result_type inspect(F& f, UpdatePartitionInfo& x) {
  return f(x.attempt, x.channels);
}
template <class F>
typename F::result_type inspect(F& f, ReleasePartitions& x) {
  return f(x.attempt);
}
template <class F>
typename F::result_type inspect(F& f, UpdateTaskExecutionState& x) {
  return f(x.task);
}
template <class F>
typename F::result_type inspect(F& f, UpdateTaskReply& x) {
  return f(x.known, x.leads);
}
template <class F>
typename F::result_type inspect(F& f, AwaitRegistration&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, Tick&) {
  return f();
}

}  // namespace weir
