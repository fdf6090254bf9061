// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/slot_queue.h"

#include <algorithm>
#include <utility>

#include "actors/job_manager/placement.h"

namespace weir {

namespace {

std::string slots_text(std::uint32_t count) {
  return std::to_string(count) + (count == 1 ? " slot" : " slots");
}

}  // namespace

Result<std::vector<AssignedSlot>> SlotQueue::take(const std::vector<SlotRequest>& requests,
                                                  const std::vector<SlotHolder>& holders) {
  const std::uint32_t needed = slots_needed(requests, holders);
  if (needed > scheduler_.slots().free || is_held_up(line_.end())) return missing(needed, line_.end());
  return scheduler_.allocate(requests, holders);
}

void SlotQueue::release(const AssignedSlot& slot) {
  scheduler_.release(slot);
  for (Waiting& waiting : line_) {
    std::vector<SlotHolder>& holders = waiting.request.holders;
    const auto gone = std::erase_if(
        holders, [&](const SlotHolder& holder) { return holder.slot.allocation == slot.allocation; });
    if (gone > 0) waiting.needed = slots_needed(waiting.request.requests, holders);
  }
}

void SlotQueue::wait(JobId job, effects::RequestSlots request) {
  WEIR_CHECK(find(job) == line_.end(), "a job waits once at a time");
  const std::uint32_t needed = slots_needed(request.requests, request.holders);
  line_.push_back({.job = job, .needed = needed, .request = std::move(request)});
}

void SlotQueue::leave(JobId job) {
  std::erase_if(line_, [&](const Waiting& waiting) { return waiting.job == job; });
}

std::optional<Error> SlotQueue::give_up(JobId job, std::uint64_t version) {
  const auto place = find(job);
  if (place == line_.end() || place->request.version != version) return std::nullopt;
  Error cause = missing(place->needed, place);
  line_.erase(place);
  return cause;
}

std::optional<SlotQueue::Grant> SlotQueue::next() {
  if (line_.empty()) return std::nullopt;
  const Scheduler::Slots slots = scheduler_.slots();
  const auto decisive = std::find_if(line_.begin(), line_.end(),
                                     [&](const Waiting& first) { return first.needed <= slots.total; });
  if (decisive == line_.end() || decisive->needed > slots.free) return std::nullopt;
  Grant grant{.job = decisive->job, .version = decisive->request.version, .slots = {}};
  grant.slots = *scheduler_.allocate(decisive->request.requests, decisive->request.holders);
  line_.erase(decisive);
  return grant;
}

std::string SlotQueue::waiting_for(JobId job) const {
  const auto place = find(job);
  if (place == line_.end()) return {};
  const std::uint32_t free = scheduler_.slots().free;
  return "waiting for " + slots_text(place->needed) + ", " + std::to_string(free) +
         (free == 1 ? " is free" : " are free") + (is_held_up(place) ? "; others were first" : "");
}

SlotQueue::Line::const_iterator SlotQueue::find(JobId job) const {
  return std::find_if(line_.begin(), line_.end(), [&](const Waiting& known) { return known.job == job; });
}

bool SlotQueue::is_held_up(Line::const_iterator end) const {
  const std::uint32_t total = scheduler_.slots().total;
  return std::any_of(line_.begin(), end, [&](const Waiting& before) { return before.needed <= total; });
}

Error SlotQueue::missing(std::uint32_t needed, Line::const_iterator place) const {
  const std::uint32_t free = scheduler_.slots().free;
  if (needed > free) return scheduler_.missing(needed);
  return {ErrorCode::NotEnoughSlots,
          "the job needs " + slots_text(needed) + " and " + std::to_string(free) +
              " are free, but others that wait for slots were first (" +
              std::to_string(std::distance(line_.begin(), place)) + ")",
          Blame::Environment, Retry::Later};
}

}  // namespace weir
