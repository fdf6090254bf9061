// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/job_manager/scheduler.h"

namespace weir {

/// Over the sharing groups of the requests, the sum of each group's widest vertex.
[[nodiscard]] std::uint32_t slots_needed(const std::vector<SlotRequest>& requests);

/// One round of placing the tasks of one job: what the Scheduler keeps in mind from the first request to the
/// last.
///
/// Errors: none; the Scheduler has as many free slots as slots_needed() says.
class Placement {
public:
  Placement(Scheduler& scheduler, const std::vector<SlotRequest>& requests);

  [[nodiscard]] std::vector<AssignedSlot> place_all();

private:
  /// A slot of the job, and the vertices that have a subtask in it.
  struct SharedSlot {
    AssignedSlot slot;
    std::set<JobVertexId> holds;
  };
  struct Group {
    std::uint32_t quota = 0;         // its widest vertex
    std::vector<std::size_t> slots;  // into slots_
  };
  /// Where the producers of a task are; the nearer, the better.
  struct Preference {
    std::set<std::size_t> slots;
    std::set<TaskManagerId> task_managers;
  };

  [[nodiscard]] std::size_t place(const SlotRequest& request);
  /// The task's partners have chosen for it, if it is co-located and not the first of them.
  [[nodiscard]] std::size_t* partner_slot(const SlotRequest& request);
  [[nodiscard]] Preference preference_of(const SlotRequest& request) const;
  /// A new slot for the group; near the producers if that is possible, else only if `anywhere`. False: none
  /// was taken.
  bool open_slot(Group& group, const Preference& preference, bool anywhere);

  Scheduler& scheduler_;
  const std::vector<SlotRequest>& requests_;
  std::map<std::string, Group> groups_;
  std::map<std::pair<std::string, std::uint32_t>, std::size_t>
      partners_;  // co-location group and subtask -> slot
  std::vector<SharedSlot> slots_;
  std::vector<std::size_t> placed_;  // by request, into slots_
};

}  // namespace weir
