// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/scheduler.h"

#include <algorithm>
#include <utility>

#include "actors/job_manager/placement.h"

namespace weir {

std::uint32_t Scheduler::TaskManager::free_count() const {
  return static_cast<std::uint32_t>(std::count(slots.begin(), slots.end(), AllocationId{}));
}

void Scheduler::add_task_manager(TaskManagerId id, std::string data_address, std::uint32_t slots) {
  remove_task_manager(id);
  task_managers_.push_back({.id = id, .data_address = std::move(data_address), .slots = {}});
  task_managers_.back().slots.resize(slots);
}

void Scheduler::remove_task_manager(TaskManagerId id) {
  std::erase_if(task_managers_, [&](const TaskManager& known) { return known.id == id; });
}

Result<std::vector<AssignedSlot>> Scheduler::allocate(const std::vector<SlotRequest>& requests,
                                                      const std::vector<SlotHolder>& holders) {
  const std::uint32_t needed = slots_needed(requests, holders);
  if (needed > slots().free) return missing(needed);
  return Placement(*this, requests, holders).place_all();
}

bool Scheduler::hold(const AssignedSlot& slot) {
  TaskManager* owner = find(slot.task_manager);
  if (owner == nullptr || slot.slot >= owner->slots.size() || slot.allocation.is_none()) return false;
  AllocationId& holder = owner->slots[slot.slot];
  if (!holder.is_none() && holder != slot.allocation) return false;
  holder = slot.allocation;
  return true;
}

void Scheduler::release(const AssignedSlot& slot) {
  TaskManager* owner = find(slot.task_manager);
  if (owner == nullptr || slot.slot >= owner->slots.size()) return;
  // A TaskManager that came back under its old id lent the slot to someone else since.
  AllocationId& holder = owner->slots[slot.slot];
  if (holder == slot.allocation) holder = {};
}

Scheduler::Slots Scheduler::slots() const {
  Slots sum{.task_managers = static_cast<std::uint32_t>(task_managers_.size())};
  for (const TaskManager& known : task_managers_) {
    sum.total += static_cast<std::uint32_t>(known.slots.size());
    sum.free += known.free_count();
  }
  return sum;
}

Error Scheduler::missing(std::uint32_t needed) const {
  const Slots have = slots();
  const std::string need = "the job needs " + std::to_string(needed) + (needed == 1 ? " slot" : " slots");
  if (have.task_managers == 0)
    return {ErrorCode::NotEnoughSlots, need + " but no TaskManager is registered; start one",
            Blame::Environment, Retry::Later};

  const std::size_t each = task_managers_.front().slots.size();
  const bool equal = std::all_of(task_managers_.begin(), task_managers_.end(),
                                 [&](const TaskManager& known) { return known.slots.size() == each; });
  const std::string managers = std::to_string(have.task_managers) +
                               (have.task_managers == 1 ? " TaskManager" : " TaskManagers") +
                               (equal ? " x " + std::to_string(each) : " with " + std::to_string(have.total));
  return {ErrorCode::NotEnoughSlots,
          need + " but has " + std::to_string(have.free) + " (" + managers + ", " +
              std::to_string(have.total - have.free) +
              " in use); lower -p or raise taskmanager.numberOfTaskSlots",
          Blame::User, Retry::Later};
}

AssignedSlot Scheduler::take(TaskManager& from) {
  const auto free = std::find(from.slots.begin(), from.slots.end(), AllocationId{});
  WEIR_CHECK(free != from.slots.end(), "allocate() counted the free slots");
  *free = AllocationId::random();
  return {.task_manager = from.id,
          .data_address = from.data_address,
          .slot = static_cast<std::uint32_t>(free - from.slots.begin()),
          .allocation = *free};
}

Scheduler::TaskManager& Scheduler::most_spacious() {
  return *std::max_element(task_managers_.begin(), task_managers_.end(),
                           [](const auto& a, const auto& b) { return a.free_count() < b.free_count(); });
}

Scheduler::TaskManager* Scheduler::find(TaskManagerId id) {
  const auto it = std::find_if(task_managers_.begin(), task_managers_.end(),
                               [&](const auto& known) { return known.id == id; });
  return it == task_managers_.end() ? nullptr : &*it;
}

}  // namespace weir
