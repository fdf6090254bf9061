// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/placement.h"

#include <algorithm>
#include <optional>

#include "base/result.h"

namespace weir {

namespace {

std::map<std::string, std::uint32_t> widest_of_groups(const std::vector<SlotRequest>& requests) {
  std::map<std::string, std::map<JobVertexId, std::uint32_t>> subtasks;
  std::map<std::string, std::uint32_t> widest;
  for (const SlotRequest& request : requests) {
    const std::uint32_t width = ++subtasks[request.slot_sharing_group][request.vertex.vertex];
    std::uint32_t& group = widest[request.slot_sharing_group];
    group = std::max(group, width);
  }
  return widest;
}

}  // namespace

std::uint32_t slots_needed(const std::vector<SlotRequest>& requests) {
  std::uint32_t needed = 0;
  for (const auto& [group, widest] : widest_of_groups(requests)) needed += widest;
  return needed;
}

Placement::Placement(Scheduler& scheduler, const std::vector<SlotRequest>& requests)
    : scheduler_(scheduler), requests_(requests) {
  for (const auto& [group, widest] : widest_of_groups(requests)) groups_[group].quota = widest;
}

std::vector<AssignedSlot> Placement::place_all() {
  std::vector<AssignedSlot> assigned;
  assigned.reserve(requests_.size());
  for (const SlotRequest& request : requests_) {
    const std::size_t slot = place(request);
    slots_[slot].holds.insert(request.vertex.vertex);
    if (!request.co_location_group.empty())
      partners_.try_emplace({request.co_location_group, request.vertex.subtask}, slot);
    placed_.push_back(slot);
    assigned.push_back(slots_[slot].slot);
  }
  return assigned;
}

std::size_t Placement::place(const SlotRequest& request) {
  if (const std::size_t* partner = partner_slot(request)) return *partner;

  Group& group = groups_[request.slot_sharing_group];
  const Preference preference = preference_of(request);
  std::optional<std::size_t> same_task_manager;
  std::optional<std::size_t> elsewhere;
  for (const std::size_t candidate : group.slots) {
    if (slots_[candidate].holds.contains(request.vertex.vertex)) continue;
    if (preference.slots.contains(candidate)) return candidate;
    const bool near = preference.task_managers.contains(slots_[candidate].slot.task_manager);
    auto& found = near ? same_task_manager : elsewhere;
    if (!found) found = candidate;
  }
  if (same_task_manager) return *same_task_manager;
  const bool wants_nothing = preference.task_managers.empty();
  if (elsewhere && wants_nothing) return *elsewhere;
  if (open_slot(group, preference, !elsewhere)) return group.slots.back();
  WEIR_CHECK(elsewhere.has_value(), "a group's quota is its widest vertex");
  return *elsewhere;
}

std::size_t* Placement::partner_slot(const SlotRequest& request) {
  if (request.co_location_group.empty()) return nullptr;
  const auto it = partners_.find({request.co_location_group, request.vertex.subtask});
  return it == partners_.end() ? nullptr : &it->second;
}

Placement::Preference Placement::preference_of(const SlotRequest& request) const {
  // Of several inputs, the one whose producers run in the fewest places gains most from being near.
  Preference best;
  for (const auto& producers : request.producers) {
    Preference candidate;
    for (const std::uint32_t producer : producers) {
      candidate.slots.insert(placed_[producer]);
      candidate.task_managers.insert(slots_[placed_[producer]].slot.task_manager);
    }
    if (candidate.task_managers.empty()) continue;
    if (best.task_managers.empty() || candidate.task_managers.size() < best.task_managers.size())
      best = std::move(candidate);
  }
  return best;
}

bool Placement::open_slot(Group& group, const Preference& preference, bool anywhere) {
  if (group.slots.size() == group.quota) return false;
  Scheduler::TaskManager* from = nullptr;
  for (const TaskManagerId id : preference.task_managers) {
    Scheduler::TaskManager* near = scheduler_.find(id);
    if (near->free_count() > 0 && (from == nullptr || near->free_count() > from->free_count())) from = near;
  }
  if (from == nullptr && anywhere) from = &scheduler_.most_spacious();
  if (from == nullptr) return false;
  group.slots.push_back(slots_.size());
  slots_.push_back({.slot = scheduler_.take(*from), .holds = {}});
  return true;
}

}  // namespace weir
