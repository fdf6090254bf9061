// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/coordinator/state_assignment.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

constexpr OperatorId kSum{.high = 1, .low = 2};

StateHandle file(std::uint32_t subtask) { return {.path = "chk-1/" + std::to_string(subtask), .bytes = 1}; }

OperatorSnapshot keyed(std::uint32_t subtask, std::uint32_t parallelism, std::uint32_t groups) {
  return {.state = file(subtask), .key_groups = range_of(subtask, parallelism, groups)};
}
OperatorSnapshot listed(std::uint32_t subtask, Redistribution how,
                        std::vector<std::pair<std::string, std::uint64_t>> lists) {
  OperatorSnapshot part{.state = file(subtask)};
  for (const auto& [name, elements] : lists)
    part.lists.push_back({.name = name, .redistribution = how, .elements = elements});
  return part;
}

/// A checkpoint of one operator.
CompletedCheckpoint checkpoint(std::vector<OperatorSnapshot> parts, std::uint32_t max_parallelism = 128) {
  CompletedCheckpoint one;
  one.id = 17;
  one.root = "/c";
  OperatorState& state = one.operators[kSum];
  state = {.name = "sum", .uid = "totals", .parallelism = static_cast<std::uint32_t>(parts.size()),
           .max_parallelism = max_parallelism};
  for (std::uint32_t i = 0; i < parts.size(); ++i) state.subtasks[i] = std::move(parts[i]);
  return one;
}
CheckpointedVertex vertex(std::uint32_t parallelism, std::uint32_t max_parallelism = 128,
                          bool is_set = false) {
  return {.name = "sum",
          .max_parallelism = max_parallelism,
          .max_parallelism_is_set = is_set,
          .operators = {{.id = kSum, .name = "sum", .uid = "totals"}},
          .tasks = std::vector<CheckpointedTask>(parallelism)};
}

/// A state that holds these by text.
StateInfo sums(std::string type) {
  return {.name = "sums", .kind = StateKind::Reducing, .key = "string", .value = std::move(type)};
}
/// What is said of a program whose operator has `wanted`, when the checkpoint holds `kept`; empty: it fits.
std::string refusal(const StateInfo& kept, const StateInfo& wanted) {
  OperatorSnapshot first = keyed(0, 2, 128);
  OperatorSnapshot second = keyed(1, 2, 128);
  second.states = {kept};
  CheckpointedVertex program = vertex(3);
  program.operators.front().states = {wanted};
  const auto assignment = assign_state(checkpoint({first, second}), {program}, false);
  if (assignment) return "";
  CHECK(assignment.error().code == ErrorCode::StateNotRestorable);
  CHECK(assignment.error().blame == Blame::User);
  CHECK(assignment.error().retry == Retry::Never);
  return assignment.error().what;
}

TEST_CASE("tasks wait for each other if a state is not known to the program, and only then") {
  OperatorSnapshot first = keyed(0, 2, 128);
  OperatorSnapshot second = keyed(1, 2, 128);
  second.states = {sums("i64")};
  CheckpointedVertex program = vertex(3);
  CheckpointedVertex other = vertex(2);
  other.operators.front().id = {.high = 1, .low = 3};
  const auto waits = [&] {
    const auto assignment = assign_state(checkpoint({first, second}), {other, program}, false);
    REQUIRE(assignment);
    for (const auto& tasks : assignment->tasks)
      for (const TaskRestore& task : tasks) CHECK(task.waits == assignment->tasks_wait);
    return assignment->tasks_wait;
  };
  CHECK(waits());
  program.operators.front().states = {sums("i64")};
  CHECK_FALSE(waits());
  second.states.push_back({.name = "seen", .kind = StateKind::OperatorList, .value = "string"});
  CHECK(waits());
}

std::vector<OperatorRestore> restore(const CompletedCheckpoint& from, std::uint32_t parallelism) {
  const auto assignment = assign_state(from, {vertex(parallelism)}, false);
  REQUIRE(assignment);
  std::vector<OperatorRestore> restores;
  for (const TaskRestore& task : assignment->tasks.front()) {
    CHECK(task.checkpoint == 17);
    CHECK(task.root == "/c");
    const auto found = task.operators.find(kSum);
    restores.push_back(found == task.operators.end() ? OperatorRestore{} : found->second);
  }
  return restores;
}

/// "name: from 0 [0, 2)", by the file's last name.
std::vector<std::string> slices(const OperatorRestore& restore) {
  std::vector<std::string> all;
  for (const ListSlice& slice : restore.slices)
    all.push_back(slice.name + " of " + restore.sources.at(slice.source).state.path.substr(6) + " [" +
                  std::to_string(slice.first) + ", " + std::to_string(slice.first + slice.count) + ")");
  return all;
}
using Slices = std::vector<std::string>;

std::string error(const CompletedCheckpoint& from, const CheckpointedVertex& to) {
  const auto assignment = assign_state(from, {to}, false);
  REQUIRE(!assignment);
  CHECK(assignment.error().retry == Retry::Never);
  return assignment.error().what;
}

TEST_CASE("at the same parallelism each subtask gets its own again") {
  std::vector<OperatorSnapshot> parts;
  for (std::uint32_t i = 0; i < 3; ++i) {
    parts.push_back(keyed(i, 3, 128));
    parts.back().lists = {{.name = "offsets", .redistribution = Redistribution::Split, .elements = i}};
  }
  const auto restores = restore(checkpoint(parts), 3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(restores[i].sources == std::vector{parts[i]});
    CHECK(slices(restores[i]) ==
          Slices{"offsets of " + std::to_string(i) + " [0, " + std::to_string(i) + ")"});
  }
}

TEST_CASE("at another parallelism each subtask gets the parts that hold its key groups, and no other") {
  for (const auto& [before, after] : {std::pair{2u, 3u}, {3u, 2u}, {1u, 128u}, {128u, 1u}, {5u, 7u}}) {
    CAPTURE(before);
    CAPTURE(after);
    std::vector<OperatorSnapshot> parts;
    for (std::uint32_t i = 0; i < before; ++i) parts.push_back(keyed(i, before, 128));
    const auto restores = restore(checkpoint(parts), after);
    for (KeyGroup group = 0; group < 128; ++group) {
      const OperatorRestore& owner = restores[owner_of(group, after, 128)];
      std::size_t holders = 0;
      for (const OperatorSnapshot& part : owner.sources) holders += part.key_groups.contains(group);
      CHECK(holders == 1);
    }
    for (std::uint32_t i = 0; i < after; ++i) {
      const KeyGroupRange own = range_of(i, after, 128);
      for (const OperatorSnapshot& part : restores[i].sources)
        CHECK((part.key_groups.first <= own.last && own.first <= part.key_groups.last));
    }
  }
}

TEST_CASE("a split list is dealt out in order; who gets one more rotates from list to list") {
  const auto from = checkpoint({listed(0, Redistribution::Split, {{"a", 3}, {"b", 1}}),
                                listed(1, Redistribution::Split, {{"a", 2}, {"b", 0}})});
  const auto restores = restore(from, 3);
  CHECK(slices(restores[0]) == Slices{"a of 0 [0, 2)"});
  CHECK(slices(restores[1]) == Slices{"a of 0 [2, 3)", "a of 1 [0, 1)", "b of 0 [0, 1)"});
  CHECK(slices(restores[2]) == Slices{"a of 1 [1, 2)"});
}

TEST_CASE("a union list goes to all, also at the same parallelism") {
  const auto from = checkpoint(
      {listed(0, Redistribution::Union, {{"u", 3}}), listed(1, Redistribution::Union, {{"u", 2}})});
  for (const std::uint32_t parallelism : {2u, 3u}) {
    for (const OperatorRestore& one : restore(from, parallelism))
      CHECK(slices(one) == Slices{"u of 0 [0, 3)", "u of 1 [0, 2)"});
  }
}

TEST_CASE("each subtask gets one copy of a broadcast state") {
  const auto from = checkpoint(
      {listed(0, Redistribution::Broadcast, {{"r", 3}}), listed(1, Redistribution::Broadcast, {{"r", 3}})});
  const auto restores = restore(from, 3);
  CHECK(slices(restores[0]) == Slices{"r of 0 [0, 3)"});
  CHECK(slices(restores[1]) == Slices{"r of 1 [0, 3)"});
  CHECK(slices(restores[2]) == Slices{"r of 0 [0, 3)"});
}

TEST_CASE("whatever the numbers, each element of a split list goes to one subtask, and evenly") {
  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const auto before = static_cast<std::uint32_t>(random() % 8 + 1);
    const auto after = static_cast<std::uint32_t>(random() % 8 + 1);
    std::vector<OperatorSnapshot> parts;
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < before; ++i) {
      const std::uint64_t elements = random() % 5;
      total += elements;
      parts.push_back(listed(i, Redistribution::Split, {{"a", elements}}));
    }
    std::map<std::pair<std::string, std::uint64_t>, int> seen;
    for (const OperatorRestore& one : restore(checkpoint(parts), after)) {
      std::uint64_t own = 0;
      for (const ListSlice& slice : one.slices) {
        own += slice.count;
        for (std::uint64_t k = 0; k < slice.count; ++k)
          ++seen[{one.sources.at(slice.source).state.path, slice.first + k}];
      }
      if (before != after) CHECK((own == total / after || own == total / after + 1));
    }
    CHECK(seen.size() == total);
    for (const auto& [element, times] : seen) CHECK(times == 1);
  }
}

TEST_CASE("an operator without state, or new in the program, starts from nothing") {
  CHECK(restore(checkpoint({OperatorSnapshot{}, OperatorSnapshot{}}), 3) == std::vector<OperatorRestore>(3));
  CompletedCheckpoint empty = checkpoint({});
  empty.operators.clear();
  CHECK(restore(empty, 2) == std::vector<OperatorRestore>(2));
}

TEST_CASE("state of an operator that the program does not have is refused, unless that is allowed") {
  CheckpointedVertex other = vertex(2);
  other.operators.front().id = {.high = 5, .low = 5};
  const auto from = checkpoint({keyed(0, 1, 128)});
  CHECK(error(from, other) ==
        "operator \"sum\" (uid \"totals\") of checkpoint 17 has state, but the program has no such operator: "
        "give "
        "it the same uid, or allow state that is not restored");
  const auto allowed = assign_state(from, {other}, true);
  REQUIRE(allowed);
  CHECK(allowed->tasks.front().front().operators.empty());
  CHECK(assign_state(checkpoint({OperatorSnapshot{}}), {other}, false).has_value());  // nothing is lost
}

TEST_CASE("the number of key groups is the checkpoint's; another that the user set is refused") {
  const auto from = checkpoint({keyed(0, 1, 64)}, 64);
  const auto taken_over = assign_state(from, {vertex(2, 128, false)}, false);
  REQUIRE(taken_over);
  CHECK(taken_over->max_parallelism == std::vector{64u});
  CHECK(taken_over->tasks[0][1].operators.size() == 1);
  CHECK(error(from, vertex(2, 128, true)) ==
        "operator \"sum\" (uid \"totals\") of checkpoint 17 has 64 key groups, but the program sets 128: set "
        "the "
        "same maximum parallelism, or none");
  CHECK(
      error(from, vertex(65)) ==
      "operator \"sum\" (uid \"totals\") of checkpoint 17 has 64 key groups; they cannot be dealt out to 65 "
      "subtasks: lower its parallelism");
}

TEST_CASE("lists have no key groups: their operator may have as many subtasks as it likes") {
  const auto from = checkpoint({listed(0, Redistribution::Split, {{"a", 4}})}, 2);
  const auto assignment = assign_state(from, {vertex(4, 256, true)}, false);
  REQUIRE(assignment);
  CHECK(assignment->max_parallelism == std::vector{256u});
  for (const TaskRestore& task : assignment->tasks.front()) CHECK(task.operators.size() == 1);
}

TEST_CASE("state that the program keeps otherwise is refused by operator, state, field and both types") {
  const StateInfo kept = sums("struct Sum{shop:string,cents:i32,note:string}");
  CHECK(refusal(kept, kept) == "");
  CHECK(refusal(kept, sums("struct Total{cents:i64,shop:string,rate:f64}")) == "");
  CHECK(refusal(kept, sums("struct Sum{shop:string,cents:string}")) ==
        "operator \"sum\" (uid \"totals\") of checkpoint 17: the state \"sums\" cannot be restored: field "
        "\"cents\" was i32 and is string in this program");
  StateInfo another_key = kept;
  another_key.key = "i64";
  CHECK(refusal(kept, another_key) ==
        "operator \"sum\" (uid \"totals\") of checkpoint 17: the state \"sums\" cannot be restored: its key "
        "was "
        "string and is i64 in this program");
  StateInfo another_kind = kept;
  another_kind.kind = StateKind::Value;
  CHECK(
      refusal(kept, another_kind).ends_with("it was a reducing state and is a value state in this program"));
  // What only the checkpoint has, or only the program, is nobody's mistake.
  StateInfo another_name = kept;
  another_name.name = "others";
  another_name.value = "f32";
  CHECK(refusal(kept, another_name) == "");
}

}  // namespace
}  // namespace weir
