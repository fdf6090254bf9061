// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>

#include "actors/task_manager/task_manager.h"
#include "actors/task_manager/worker_task_runner.h"
#include "messages/protocol.h"

namespace weir {

/// What the process of a TaskManager hears of it. Each may be empty.
///
/// Threads: one of the actor system; must not block.
struct TaskManagerEvents {
  /// It was taken in, and tasks may come from now on.
  std::function<void(const ClusterAccess&)> registered;
  /// It heard nothing from the leader for too long; the actor has let go of it.
  std::function<void(const std::string& reason)> leader_lost;
  /// Nobody took it in for so long that the process should end.
  std::function<void(const std::string& reason)> given_up;
};

/// Starts a TaskManager that has no leader yet. `tasks` outlives the actor.
[[nodiscard]] TaskManagerActor spawn_task_manager(caf::actor_system& system, TaskManager::Options options,
                                                  TaskRunner& tasks, TaskManagerEvents owner = {});

/// A TaskManager whole: the machinery that runs tasks, and the actor that speaks for it.
///
/// Threads: the owner's. Ending waits for the tasks, so it is not done on a thread of the actor system.
/// Order:   ends the actor first, then the tasks, so that nothing is submitted to what is gone.
class TaskManagerNode {
public:
  struct Options {
    TaskManager::Options actor;  // its id, slots and data address are filled in from `worker`
    Worker::Options worker;
    TaskManagerEvents events;
    std::string data_host;  // under which peers reach the Worker; empty: the one it listens at
  };

  /// `system` and `programs` outlive this.
  TaskManagerNode(caf::actor_system& system, Options options, ProgramSource& programs);
  ~TaskManagerNode();
  TaskManagerNode(const TaskManagerNode&) = delete;
  TaskManagerNode& operator=(const TaskManagerNode&) = delete;

  [[nodiscard]] const TaskManagerActor& actor() const { return actor_; }
  [[nodiscard]] TaskManagerId id() const { return id_; }
  /// Where peers fetch partitions; empty if the Worker has no port. Errors: the port could not be opened.
  [[nodiscard]] Result<std::string> data_address() const { return tasks_->data_address(); }

private:
  class Mailer;

  caf::actor_system& system_;
  std::unique_ptr<Mailer> mailer_;  // the Worker's observer
  const TaskManagerId id_;
  std::unique_ptr<WorkerTaskRunner> tasks_;
  TaskManagerActor actor_;
};

}  // namespace weir
