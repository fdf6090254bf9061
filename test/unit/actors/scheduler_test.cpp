// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/scheduler.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr TaskManagerId kAda{.high = 1, .low = 1};
constexpr TaskManagerId kBob{.high = 1, .low = 2};
constexpr TaskManagerId kCyd{.high = 1, .low = 3};

JobVertexId vertex(std::uint64_t number) { return {.high = 9, .low = number}; }

/// The wishes of a job, written down as a table.
class Wishes {
public:
  /// `producers` of subtask i: the positions in `inputs[i]`.
  Wishes& add(std::uint64_t number, std::uint32_t subtasks, std::string group = "default",
              std::string partners = "", std::vector<std::vector<std::uint32_t>> inputs = {}) {
    for (std::uint32_t i = 0; i < subtasks; ++i) {
      SlotRequest request{.vertex = {.vertex = vertex(number), .subtask = i},
                          .slot_sharing_group = group,
                          .co_location_group = partners,
                          .producers = {}};
      if (i < inputs.size()) request.producers.push_back(inputs[i]);
      all.push_back(std::move(request));
    }
    return *this;
  }
  std::vector<SlotRequest> all;
};

Scheduler cluster(std::vector<std::pair<TaskManagerId, std::uint32_t>> managers) {
  Scheduler scheduler;
  for (const auto& [id, slots] : managers)
    scheduler.add_task_manager(id, "host-" + std::to_string(id.low), slots);
  return scheduler;
}

std::vector<AssignedSlot> placed(Scheduler& scheduler, const Wishes& wishes) {
  auto slots = scheduler.allocate(wishes.all);
  REQUIRE_MESSAGE(slots.has_value(), slots.error().what);
  return *std::move(slots);
}

std::string refusal(Scheduler& scheduler, const Wishes& wishes) {
  const auto slots = scheduler.allocate(wishes.all);
  REQUIRE_FALSE(slots.has_value());
  CHECK(slots.error().code == ErrorCode::NotEnoughSlots);
  return slots.error().what;
}

std::set<AllocationId> allocations(const std::vector<AssignedSlot>& slots) {
  std::set<AllocationId> distinct;
  for (const AssignedSlot& slot : slots) distinct.insert(slot.allocation);
  return distinct;
}

TEST_CASE("one subtask of each vertex of a group shares a slot") {
  Scheduler scheduler = cluster({{kAda, 4}});
  const auto slots = placed(scheduler, Wishes().add(1, 2).add(2, 4).add(3, 1));
  CHECK(allocations(slots).size() == 4);
  CHECK(scheduler.slots() == Scheduler::Slots{.task_managers = 1, .total = 4, .free = 0});
  // No slot holds two subtasks of the same vertex.
  CHECK(allocations({slots.begin() + 2, slots.begin() + 6}).size() == 4);
}

TEST_CASE("groups do not share slots with each other") {
  Scheduler scheduler = cluster({{kAda, 5}});
  const auto slots = placed(scheduler, Wishes().add(1, 2, "a").add(2, 3, "b"));
  CHECK(allocations(slots).size() == 5);
}

TEST_CASE("tasks without a wish spread over the TaskManagers") {
  Scheduler scheduler = cluster({{kAda, 3}, {kBob, 3}, {kCyd, 3}});
  std::map<TaskManagerId, int> tasks;
  for (const auto& slot : placed(scheduler, Wishes().add(1, 6))) ++tasks[slot.task_manager];
  CHECK(tasks == std::map<TaskManagerId, int>{{kAda, 2}, {kBob, 2}, {kCyd, 2}});
}

TEST_CASE("a consumer joins the slot of its only producer") {
  Scheduler scheduler = cluster({{kAda, 2}, {kBob, 2}});
  const auto slots = placed(scheduler, Wishes().add(1, 4).add(2, 4, "default", "", {{3}, {2}, {1}, {0}}));
  for (std::size_t i = 0; i < 4; ++i) CHECK(slots[4 + i] == slots[3 - i]);
}

TEST_CASE("a consumer in another group takes a slot beside its producer while there is one") {
  Scheduler scheduler = cluster({{kAda, 3}, {kBob, 3}});
  const auto slots = placed(scheduler, Wishes().add(1, 1, "a").add(2, 3, "b", "", {{0}, {0}, {0}}));
  CHECK(slots[0].task_manager == kAda);
  CHECK(slots[1].task_manager == kAda);
  CHECK(slots[2].task_manager == kAda);
  CHECK(slots[3].task_manager == kBob);
}

TEST_CASE("the input with the fewest locations decides") {
  Scheduler scheduler = cluster({{kAda, 3}, {kBob, 3}});
  Wishes wishes = Wishes().add(1, 2, "a").add(2, 1, "b").add(3, 1, "c");
  wishes.all[3].producers = {{0, 1}, {2}};
  const auto slots = placed(scheduler, wishes);
  CHECK(slots[3].task_manager == slots[2].task_manager);
}

TEST_CASE("nearness never costs more slots than the job needs") {
  Scheduler scheduler = cluster({{kAda, 2}, {kBob, 1}});
  // Both consumers want to be where the first producer is; one shared slot of the group lies elsewhere.
  const auto slots = placed(scheduler, Wishes().add(1, 2).add(2, 2, "default", "", {{0}, {0}}));
  CHECK(allocations(slots).size() == 2);
  CHECK(scheduler.slots().free == 1);
}

TEST_CASE("co-located subtasks of equal index share a slot") {
  Scheduler scheduler = cluster({{kAda, 2}, {kBob, 2}});
  const auto slots =
      placed(scheduler, Wishes().add(1, 4, "default", "loop").add(2, 3).add(3, 4, "default", "loop"));
  for (std::size_t i = 0; i < 4; ++i) CHECK(slots[i] == slots[7 + i]);
}

TEST_CASE("too few slots are refused with the numbers, and nothing is held") {
  Scheduler scheduler = cluster({{kAda, 2}, {kBob, 2}});
  CHECK(refusal(scheduler, Wishes().add(1, 8)) ==
        "the job needs 8 slots but has 4 (2 TaskManagers x 2, 0 in use); lower -p or raise "
        "taskmanager.numberOfTaskSlots");
  CHECK(scheduler.slots().free == 4);
  CHECK(placed(scheduler, Wishes().add(1, 4)).size() == 4);
}

TEST_CASE("the refusal tells what others use, and of unequal TaskManagers the sum") {
  Scheduler scheduler = cluster({{kAda, 1}, {kBob, 2}});
  (void)placed(scheduler, Wishes().add(1, 1));
  CHECK(refusal(scheduler, Wishes().add(1, 3)) ==
        "the job needs 3 slots but has 2 (2 TaskManagers with 3, 1 in use); lower -p or raise "
        "taskmanager.numberOfTaskSlots");
}

TEST_CASE("without TaskManagers the refusal says that first") {
  Scheduler scheduler;
  CHECK(refusal(scheduler, Wishes().add(1, 1)) ==
        "the job needs 1 slot but no TaskManager is registered; start one");
}

TEST_CASE("a released slot is lent again") {
  Scheduler scheduler = cluster({{kAda, 1}});
  const auto first = placed(scheduler, Wishes().add(1, 1));
  (void)refusal(scheduler, Wishes().add(1, 1));
  scheduler.release(first.front());
  const auto second = placed(scheduler, Wishes().add(1, 1));
  CHECK(second.front().allocation != first.front().allocation);

  SUBCASE("and releasing it late does not take it from its next holder") {
    scheduler.release(first.front());
    CHECK(scheduler.slots().free == 0);
  }
}

TEST_CASE("the slots of a TaskManager die with it; one that comes back has all of them free") {
  Scheduler scheduler = cluster({{kAda, 2}, {kBob, 2}});
  const auto slots = placed(scheduler, Wishes().add(1, 4));
  scheduler.remove_task_manager(kAda);
  CHECK(scheduler.slots() == Scheduler::Slots{.task_managers = 1, .total = 2, .free = 0});
  for (const AssignedSlot& slot : slots) scheduler.release(slot);  // those of the dead one mean nothing
  CHECK(scheduler.slots().free == 2);
  scheduler.add_task_manager(kAda, "host", 2);
  CHECK(scheduler.slots() == Scheduler::Slots{.task_managers = 2, .total = 4, .free = 4});
}

TEST_CASE("whatever the job looks like, it gets what it needs and no more") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto up_to = [&](std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(1, most)(random);
  };
  for (int round = 0; round < 300; ++round) {
    Wishes wishes;
    std::map<std::string, std::uint32_t> widest;
    for (std::uint64_t number = 1; number <= up_to(6); ++number) {
      const std::uint32_t width = up_to(6);
      const std::string group = std::string(1, static_cast<char>('a' + up_to(2)));
      const auto before = static_cast<std::uint32_t>(wishes.all.size());
      std::vector<std::vector<std::uint32_t>> inputs;
      for (std::uint32_t i = 0; i < width && before > 0; ++i)
        inputs.push_back({up_to(before) - 1, up_to(before) - 1});
      wishes.add(number, width, group, up_to(3) == 1 ? "loop-" + group : "", inputs);
      widest[group] = std::max(widest[group], width);
    }
    std::uint32_t needed = 0;
    for (const auto& [group, width] : widest) needed += width;
    Scheduler scheduler = cluster({{kAda, needed / 2}, {kBob, needed - needed / 2}});
    const auto slots = placed(scheduler, wishes);
    std::set<std::pair<AllocationId, JobVertexId>> held;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      CHECK(held.emplace(slots[i].allocation, wishes.all[i].vertex.vertex).second);
    }
    for (const AssignedSlot& slot : slots) scheduler.release(slot);
    CHECK(scheduler.slots().free == needed);
  }
}

}  // namespace
}  // namespace weir
