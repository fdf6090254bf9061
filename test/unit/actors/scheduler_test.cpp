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

/// Producer i for consumer i.
std::vector<std::vector<std::uint32_t>> one_each(std::uint32_t count) {
  std::vector<std::vector<std::uint32_t>> inputs;
  for (std::uint32_t i = 0; i < count; ++i) inputs.push_back({i});
  return inputs;
}

TEST_CASE("where tasks go over one, two and four TaskManagers") {
  const TaskManagerId managers[] = {kAda, kBob, kCyd, {.high = 1, .low = 4}};
  struct Row {
    std::uint32_t managers, slots_each, parallelism;
    std::vector<int> sources;  // by TaskManager
    std::uint32_t slots;       // that source, map and sink of one group take together
  };
  for (const Row& row : {Row{1, 4, 1, {1}, 1}, Row{1, 4, 4, {4}, 4}, Row{2, 2, 1, {1, 0}, 1},
                         Row{2, 2, 2, {1, 1}, 2}, Row{2, 2, 3, {2, 1}, 3}, Row{2, 4, 8, {4, 4}, 8},
                         Row{4, 2, 2, {1, 1, 0, 0}, 2}, Row{4, 2, 4, {1, 1, 1, 1}, 4},
                         Row{4, 2, 6, {2, 2, 1, 1}, 6}, Row{4, 2, 8, {2, 2, 2, 2}, 8}}) {
    CAPTURE(row.managers);
    CAPTURE(row.parallelism);
    std::vector<std::pair<TaskManagerId, std::uint32_t>> present;
    for (std::uint32_t i = 0; i < row.managers; ++i) present.emplace_back(managers[i], row.slots_each);
    const std::uint32_t p = row.parallelism;
    const auto spread = [&](const std::vector<AssignedSlot>& slots) {
      std::vector<int> counts(row.managers);
      for (std::uint32_t i = 0; i < p; ++i) {
        for (std::uint32_t m = 0; m < row.managers; ++m) counts[m] += slots[i].task_manager == managers[m];
      }
      return counts;
    };
    {  // one group: who reads from one producer joins it, and so does its partner
      Scheduler scheduler = cluster(present);
      const auto slots = placed(scheduler, Wishes()
                                               .add(1, p, "default", "pair")
                                               .add(2, p, "default", "", one_each(p))
                                               .add(3, p, "default", "pair"));
      CHECK(spread(slots) == row.sources);
      CHECK(allocations(slots).size() == row.slots);
      for (std::uint32_t i = 0; i < p; ++i) {
        CHECK(slots[p + i] == slots[i]);
        CHECK(slots[2 * p + i] == slots[i]);
      }
    }
    if (2 * p <= row.managers * row.slots_each) {  // two groups: beside its producer, in a slot of its own
      Scheduler scheduler = cluster(present);
      const auto slots = placed(scheduler, Wishes().add(1, p, "a").add(2, p, "b", "", one_each(p)));
      CHECK(allocations(slots).size() == 2 * row.slots);
      for (std::uint32_t i = 0; i < p; ++i) CHECK(slots[p + i].task_manager == slots[i].task_manager);
    }
  }
}

/// The tasks of `wishes` as they run in `slots`.
std::vector<SlotHolder> holders_of(const Wishes& wishes, const std::vector<AssignedSlot>& slots) {
  std::vector<SlotHolder> holders;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    holders.push_back({.vertex = wishes.all[i].vertex,
                       .slot_sharing_group = wishes.all[i].slot_sharing_group,
                       .co_location_group = wishes.all[i].co_location_group,
                       .slot = slots[i]});
  }
  return holders;
}

TEST_CASE("tasks that come later join those of their group that run") {
  Scheduler scheduler = cluster({{kAda, 2}, {kBob, 2}});
  const Wishes first = Wishes().add(1, 2).add(2, 2, "default", "pair");
  const auto running = placed(scheduler, first);
  const auto holders = holders_of(first, running);
  CHECK(scheduler.slots().free == 2);
  SUBCASE("in their slots, near what they read") {
    Wishes later = Wishes().add(3, 2);
    later.all[0].placed_producers = {{running[1]}};
    later.all[1].placed_producers = {{running[0]}};
    const auto slots = *scheduler.allocate(later.all, holders);
    CHECK(slots[0] == running[1]);
    CHECK(slots[1] == running[0]);
    CHECK(scheduler.slots().free == 2);
  }
  SUBCASE("with their partners") {
    const auto slots = *scheduler.allocate(Wishes().add(3, 2, "default", "pair").all, holders);
    CHECK(slots[0] == running[2]);
    CHECK(slots[1] == running[3]);
  }
  SUBCASE("and take new slots for what is wider") {
    const auto slots = *scheduler.allocate(Wishes().add(3, 3).all, holders);
    CHECK(allocations(slots).size() == 3);
    CHECK(scheduler.slots().free == 1);
    CHECK_FALSE(scheduler.allocate(Wishes().add(4, 4).all, holders));
  }
  SUBCASE("but not those of another group") {
    const auto slots = *scheduler.allocate(Wishes().add(3, 2, "other").all, holders);
    CHECK(scheduler.slots().free == 0);
    for (const AssignedSlot& slot : slots) CHECK_FALSE(allocations(running).contains(slot.allocation));
  }
}

TEST_CASE("a task goes to where what it reads was written, though its writer has left") {
  Scheduler scheduler = cluster({{kAda, 2}, {kBob, 3}});
  const auto written = placed(scheduler, Wishes().add(1, 2));  // one at each
  const AssignedSlot at_ada = written[0].task_manager == kAda ? written[0] : written[1];
  for (const AssignedSlot& slot : written) scheduler.release(slot);
  Wishes later = Wishes().add(2, 1);
  later.all[0].placed_producers = {{at_ada}};
  SUBCASE("if it is there still") { CHECK(placed(scheduler, later).front().task_manager == kAda); }
  SUBCASE("else anywhere") {
    scheduler.remove_task_manager(kAda);
    CHECK(placed(scheduler, later).front().task_manager == kBob);
  }
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
