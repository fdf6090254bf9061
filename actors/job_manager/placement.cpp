// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/placement.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/result.h"

namespace weir {

namespace {

/// What the tasks of one sharing group have and want.
struct GroupDemand {
  std::set<AllocationId> held;
  std::map<JobVertexId, std::uint32_t> subtasks;  // by vertex, those that run and those that are to

  /// Slots that the group must have in the end.
  [[nodiscard]] std::uint32_t quota() const {
    auto most = static_cast<std::uint32_t>(held.size());
    for (const auto& [vertex, width] : subtasks) most = std::max(most, width);
    return most;
  }
};

std::map<std::string, GroupDemand> demand_of_groups(const std::vector<SlotRequest>& requests,
                                                    const std::vector<SlotHolder>& holders) {
  std::map<std::string, GroupDemand> groups;
  for (const SlotRequest& request : requests)
    ++groups[request.slot_sharing_group].subtasks[request.vertex.vertex];
  for (const SlotHolder& holder : holders) {
    GroupDemand& group = groups[holder.slot_sharing_group];
    group.held.insert(holder.slot.allocation);
    ++group.subtasks[holder.vertex.vertex];
  }
  return groups;
}

}  // namespace

std::uint32_t slots_needed(const std::vector<SlotRequest>& requests, const std::vector<SlotHolder>& holders) {
  std::uint32_t needed = 0;
  for (const auto& [group, demand] : demand_of_groups(requests, holders))
    needed += demand.quota() - static_cast<std::uint32_t>(demand.held.size());
  return needed;
}

Placement::Placement(Scheduler& scheduler, const std::vector<SlotRequest>& requests,
                     const std::vector<SlotHolder>& holders)
    : scheduler_(scheduler), requests_(requests) {
  for (const auto& [group, demand] : demand_of_groups(requests, holders))
    groups_[group].quota = demand.quota();
  take_over(holders);
}

void Placement::take_over(const std::vector<SlotHolder>& holders) {
  for (const SlotHolder& holder : holders) {
    const auto [known, is_new] = held_.emplace(holder.slot.allocation, slots_.size());
    if (is_new) {
      groups_[holder.slot_sharing_group].slots.push_back(slots_.size());
      slots_.push_back({.slot = holder.slot, .holds = {}});
    }
    slots_[known->second].holds.insert(holder.vertex.vertex);
    if (!holder.co_location_group.empty())
      partners_.try_emplace({holder.co_location_group, holder.vertex.subtask}, known->second);
  }
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
  const auto consider = [&](Preference candidate) {
    if (candidate.task_managers.empty()) return;
    if (best.task_managers.empty() || candidate.task_managers.size() < best.task_managers.size())
      best = std::move(candidate);
  };
  for (const auto& producers : request.producers) {
    Preference candidate;
    for (const std::uint32_t producer : producers) {
      candidate.slots.insert(placed_[producer]);
      candidate.task_managers.insert(slots_[placed_[producer]].slot.task_manager);
    }
    consider(std::move(candidate));
  }
  for (const auto& producers : request.placed_producers) consider(nearness_to(producers));
  return best;
}

Placement::Preference Placement::nearness_to(const std::vector<AssignedSlot>& producers) const {
  Preference near;
  for (const AssignedSlot& producer : producers) {
    const auto held = held_.find(producer.allocation);
    if (held != held_.end()) near.slots.insert(held->second);
    near.task_managers.insert(producer.task_manager);
  }
  return near;
}

bool Placement::open_slot(Group& group, const Preference& preference, bool anywhere) {
  if (group.slots.size() == group.quota) return false;
  Scheduler::TaskManager* from = nullptr;
  for (const TaskManagerId id : preference.task_managers) {
    Scheduler::TaskManager* near = scheduler_.find(id);
    if (near == nullptr) continue;  // what finished there may be gone with it
    if (near->free_count() > 0 && (from == nullptr || near->free_count() > from->free_count())) from = near;
  }
  if (from == nullptr && anywhere) from = &scheduler_.most_spacious();
  if (from == nullptr) return false;
  group.slots.push_back(slots_.size());
  slots_.push_back({.slot = scheduler_.take(*from), .holds = {}});
  return true;
}

}  // namespace weir
