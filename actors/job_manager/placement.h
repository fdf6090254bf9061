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

/// New slots that the requests need: over their sharing groups, the sum of what each group's widest vertex
/// does not find among the slots that the group has already.
[[nodiscard]] std::uint32_t slots_needed(const std::vector<SlotRequest>& requests,
                                         const std::vector<SlotHolder>& holders = {});

/// One round of placing the tasks of one job: what the Scheduler keeps in mind from the first request to the
/// last.
///
/// Errors: none; the Scheduler has as many free slots as slots_needed() says.
class Placement {
public:
  Placement(Scheduler& scheduler, const std::vector<SlotRequest>& requests,
            const std::vector<SlotHolder>& holders);

  [[nodiscard]] std::vector<AssignedSlot> place_all();

private:
  /// A slot of the job, and the vertices that have a subtask in it.
  struct SharedSlot {
    AssignedSlot slot;
    std::set<JobVertexId> holds;
  };
  struct Group {
    std::uint32_t quota = 0;         // slots it may have
    std::vector<std::size_t> slots;  // into slots_
  };
  /// Where the producers of a task are; the nearer, the better.
  struct Preference {
    std::set<std::size_t> slots;
    std::set<TaskManagerId> task_managers;
  };

  /// The tasks that were placed before stay where they are.
  void take_over(const std::vector<SlotHolder>& holders);
  [[nodiscard]] std::size_t place(const SlotRequest& request);
  /// The task's partners have chosen for it, if it is co-located and not the first of them.
  [[nodiscard]] std::size_t* partner_slot(const SlotRequest& request);
  [[nodiscard]] Preference preference_of(const SlotRequest& request) const;
  [[nodiscard]] Preference nearness_to(const std::vector<AssignedSlot>& producers) const;
  /// A new slot for the group; near the producers if that is possible, else only if `anywhere`. False: none
  /// was taken.
  bool open_slot(Group& group, const Preference& preference, bool anywhere);

  Scheduler& scheduler_;
  const std::vector<SlotRequest>& requests_;
  std::map<std::string, Group> groups_;
  std::map<std::pair<std::string, std::uint32_t>, std::size_t>
      partners_;  // co-location group and subtask -> slot
  std::vector<SharedSlot> slots_;
  std::map<AllocationId, std::size_t> held_;  // of slots that the job had before, into slots_
  std::vector<std::size_t> placed_;  // by request, into slots_
};

}  // namespace weir
