// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "graph/execution_effects.h"

namespace weir {

/// Places the tasks of jobs into the slots of TaskManagers.
///
/// A slot is lent to one job and one sharing group at a time, and holds at most one subtask of each vertex. A
/// group takes as many slots as its widest vertex has subtasks, never more, so that what
/// JobGraph::required_slots() says suffices. Within that bound a task goes where its producers run; new slots
/// are taken from the TaskManager with most to spare.
///
/// Threads: none. One caller at a time: the JobManager.
/// Errors:  allocate() refuses when slots are missing and says how many; nothing is held then.
class Scheduler {
public:
  struct Slots {
    std::uint32_t task_managers = 0;
    std::uint32_t total = 0;
    std::uint32_t free = 0;
    bool operator==(const Slots&) const = default;
  };

  /// One that is known already is replaced: all of its slots are free again.
  void add_task_manager(TaskManagerId id, std::string data_address, std::uint32_t slots);
  void remove_task_manager(TaskManagerId id);

  /// One slot a request, in their order; requests of one sharing group may get the same, and those of tasks
  /// of the job that run already. Producers come before consumers.
  [[nodiscard]] Result<std::vector<AssignedSlot>> allocate(const std::vector<SlotRequest>& requests,
                                                           const std::vector<SlotHolder>& holders = {});
  /// The slot is lent already, as a TaskManager says that joined with tasks in it. Tasks of one sharing group
  /// may name the same. False: there is no such slot, or somebody else has it.
  [[nodiscard]] bool hold(const AssignedSlot& slot);
  /// Gives a slot back. One whose TaskManager is gone was forgotten already.
  void release(const AssignedSlot& slot);

  [[nodiscard]] Slots slots() const;
  /// Says that so many slots are needed, how many there are, and what to do.
  [[nodiscard]] Error missing(std::uint32_t needed) const;

private:
  friend class Placement;

  struct TaskManager {
    TaskManagerId id;
    std::string data_address;
    std::vector<AllocationId> slots;  // who holds it; none: free

    [[nodiscard]] std::uint32_t free_count() const;
  };

  /// `from` has a free slot.
  [[nodiscard]] AssignedSlot take(TaskManager& from);
  [[nodiscard]] TaskManager& most_spacious();
  [[nodiscard]] TaskManager* find(TaskManagerId id);

  std::vector<TaskManager> task_managers_;  // in the order in which they joined, which breaks ties
};

}  // namespace weir
