// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/adoption.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "test/unit/actors/job_manager_cluster.h"

namespace weir {
using namespace testing;
namespace {

using Kind = AdoptionVerdict::Kind;
using enum ExecutionState;

constexpr LeaderSessionId kOld{.high = 1, .low = 7};
constexpr LeaderSessionId kOlder{.high = 1, .low = 6};
constexpr std::uint32_t kRound = 3;
const WallTime kNow{};

ExecutionAttemptId attempt(std::uint64_t vertex, std::uint64_t subtask) {
  return {.high = 100 + vertex, .low = 1 + subtask};
}

HeldAttempt held(const JobGraph& graph, std::size_t vertex, std::uint32_t subtask) {
  const TaskManagerId place = subtask == 0 ? kAda : kBob;
  const AllocationId allocation{.high = 9, .low = subtask};
  return {.task = {.job = graph.id,
                   .vertex = graph.vertices[vertex].id,
                   .subtask = subtask,
                   .attempt = attempt(vertex, subtask),
                   .attempt_number = kRound,
                   .deployed_by = kOld,
                   .slot = 0,
                   .allocation = allocation,
                   .state = Running},
          .slot = {.task_manager = place, .data_address = "host", .slot = 0, .allocation = allocation}};
}

/// All tasks of the job, as they were deployed.
std::vector<HeldAttempt> all_of(const JobGraph& graph) {
  std::vector<HeldAttempt> all;
  for (std::size_t vertex = 0; vertex < graph.vertices.size(); ++vertex)
    for (std::uint32_t i = 0; i < graph.vertices[vertex].parallelism; ++i)
      all.push_back(held(graph, vertex, i));
  return all;
}

DeployedRound round_of(const JobGraph& graph) {
  AttemptTable table;
  for (std::size_t vertex = 0; vertex < graph.vertices.size(); ++vertex) {
    table.emplace_back();
    for (std::uint32_t i = 0; i < graph.vertices[vertex].parallelism; ++i)
      table.back().push_back(attempt(vertex, i));
  }
  return {.job = graph.id,
          .deployed_by = kOld,
          .attempt_number = kRound,
          .attempts = round_id_of(graph, table)};
}

TaskExecutionState report(const HeldAttempt& each, ExecutionState state) {
  return {.job = each.task.job, .attempt = each.task.attempt, .state = state};
}

// One look.

TEST_CASE("a job is adopted if all of its tasks run as they were deployed last, and only then") {
  struct Case {
    std::string what;
    std::function<void(JobGraph&, DeployedRound&, std::vector<HeldAttempt>&)> change;
    Kind kind;
    std::string why;
  };
  const std::vector<Case> cases = {
      {"all is as it was", [](auto&, auto&, auto&) {}, Kind::Adopt, ""},
      {"in any order", [](auto&, auto&, auto& held) { std::swap(held.front(), held.back()); }, Kind::Adopt,
       ""},
      {"what an earlier leader deployed is there, too",
       [](auto&, auto&, auto& held) {
         held.push_back(held.front());
         held.back().task.deployed_by = kOlder;
         held.back().task.attempt = attempt(8, 8);
       },
       Kind::Adopt, ""},
      {"what the same leader deployed before is there, too",
       [](auto&, auto&, auto& held) {
         held.push_back(held.front());
         held.back().task.attempt_number = kRound - 1;
         held.back().task.state = Failed;
       },
       Kind::Adopt, ""},
      {"nobody has come yet", [](auto&, auto&, auto& held) { held.clear(); }, Kind::Wait,
       "0 of 3 tasks were found running"},
      {"one has not come yet", [](auto&, auto&, auto& held) { held.pop_back(); }, Kind::Wait,
       "2 of 3 tasks were found running"},
      {"one has not begun yet", [](auto&, auto&, auto& held) { held.front().task.state = Deploying; },
       Kind::Wait, "2 of 3 tasks were found running"},
      {"one failed while nobody led", [](auto&, auto&, auto& held) { held.front().task.state = Failed; },
       Kind::StartAnew, " (1) is FAILED"},
      {"one finished while nobody led", [](auto&, auto&, auto& held) { held.back().task.state = Finished; },
       Kind::StartAnew, " (2) is FINISHED"},
      {"one is on its way out", [](auto&, auto&, auto& held) { held.back().task.state = Canceling; },
       Kind::StartAnew, " (2) is CANCELING"},
      {"a savepoint was to end it", [](auto&, auto&, auto& held) { held.front().task.is_to_end = true; },
       Kind::StartAnew, "was about to end for a savepoint"},
      {"one subtask twice", [](auto&, auto&, auto& held) { held.push_back(held.front()); }, Kind::StartAnew,
       "was found twice"},
      {"another attempt than was deployed",
       [](auto&, auto&, auto& held) { held.front().task.attempt = attempt(8, 8); }, Kind::StartAnew,
       "those that run are not the tasks that were deployed last"},
      {"a subtask that the graph does not have",
       [](auto&, auto&, auto& held) { held.back().task.subtask = 2; }, Kind::StartAnew,
       "the job's graph has no task like one that was found"},
      {"a vertex that the graph does not have",
       [](auto&, auto&, auto& held) { held.back().task.vertex = {.high = 1, .low = 1}; }, Kind::StartAnew,
       "the job's graph has no task like one that was found"},
      {"another program", [](auto& graph, auto&, auto&) { ++graph.program.fingerprint; }, Kind::StartAnew,
       "those that run are not the tasks that were deployed last"},
      {"nothing was ever deployed", [](auto&, auto& round, auto&) { round = {}; }, Kind::StartAnew,
       "nothing was deployed for it"},
      {"a job whose tasks come one after the other",
       [](auto& graph, auto&, auto&) { graph.schedule_mode = ScheduleMode::LazyFromSources; },
       Kind::StartAnew, "its tasks do not all run at the same time"},
      {"a source whose splits the old leader handed out",
       [](auto& graph, auto&, auto&) { graph.vertices.front().input_splits.emplace_back(); },
       Kind::StartAnew, "its tasks do not all run at the same time"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    JobGraph graph = job();
    DeployedRound round = round_of(graph);
    auto tasks = all_of(graph);
    each.change(graph, round, tasks);
    const AdoptionVerdict verdict = judge_adoption(graph, round, tasks);
    CHECK(verdict.kind == each.kind);
    CHECK_MESSAGE(verdict.why.find(each.why) != std::string::npos, verdict.why);
    CHECK(verdict.why.empty() == each.why.empty());
  }
}

// From the first TaskManager that joins to the end.

struct Letters final : AdoptionOutbox {
  void cancel_held(const HeldAttempt& each) override { cancelled.push_back(each.task.attempt); }
  void free_held(const AssignedSlot& slot) override { freed.push_back(slot.allocation); }
  void adopt(JobId, std::vector<HeldAttempt> attempts, WallTime) override { adopted.push_back(attempts); }
  void start_anew(JobId, const std::string& why, WallTime) override { started.push_back(why); }

  std::vector<ExecutionAttemptId> cancelled;
  std::vector<AllocationId> freed;
  std::vector<std::vector<HeldAttempt>> adopted;
  std::vector<std::string> started;
};

struct Fixture {
  const JobGraph graph = job();
  const std::vector<HeldAttempt> all = all_of(graph);
  Letters out;
  Adoptions adoptions{out};

  Fixture() { adoptions.await(graph, round_of(graph)); }
  void join(std::vector<HeldAttempt> attempts) { adoptions.on_joined(std::move(attempts), kNow); }
};

TEST_CASE_FIXTURE(Fixture, "it adopts in the order of the graph as soon as the last task is found") {
  adoptions.on_state_known(graph.id, kNow);
  join({all[2], all[0]});
  CHECK(out.adopted.empty());
  join({all[1]});
  REQUIRE(out.adopted.size() == 1);
  CHECK(out.adopted.front() == all);
  CHECK(adoptions.held() == 0);
  adoptions.on_overdue(graph.id, kNow);
  CHECK(out.started.empty());
  CHECK(out.cancelled.empty());
  CHECK_FALSE(adoptions.on_task_state(report(all[0], Failed), kNow));  // the job's own now
}

TEST_CASE_FIXTURE(Fixture, "it adopts nothing before it knows what the job would go on from") {
  join(all);
  CHECK(out.adopted.empty());
  adoptions.on_state_known(graph.id, kNow);
  CHECK(out.adopted.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a task that was found before it ran is waited for") {
  adoptions.on_state_known(graph.id, kNow);
  auto tasks = all;
  tasks[1].task.state = Deploying;
  join(tasks);
  CHECK(out.adopted.empty());
  CHECK(adoptions.on_task_state(report(all[1], Running), kNow));
  CHECK(out.adopted.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "if one ends while others are awaited, those that run end before it starts anew") {
  adoptions.on_state_known(graph.id, kNow);
  join({all[0], all[1]});
  CHECK(adoptions.on_task_state(report(all[0], Failed), kNow));
  CHECK(out.cancelled == std::vector{all[1].task.attempt});
  CHECK(out.started.empty());
  join({all[2]});  // too late
  CHECK(out.cancelled.size() == 2);
  CHECK(adoptions.on_task_state(report(all[1], Canceled), kNow));
  CHECK(out.started.empty());
  CHECK(adoptions.on_task_state(report(all[2], Finished), kNow));
  REQUIRE(out.started.size() == 1);
  CHECK(out.started.front().find("FAILED") != std::string::npos);
  CHECK(out.freed.size() == 2);  // slots: two tasks were in the same
  CHECK(adoptions.held() == 0);
}

TEST_CASE_FIXTURE(Fixture, "when time is over it starts anew, at once if nobody was found") {
  SUBCASE("nobody") {
    adoptions.on_overdue(graph.id, kNow);
    CHECK(out.started == std::vector<std::string>{"0 of 3 tasks were found running"});
  }
  SUBCASE("some") {
    join({all[0]});
    adoptions.on_overdue(graph.id, kNow);
    CHECK(out.cancelled == std::vector{all[0].task.attempt});
    CHECK(out.started.empty());
    adoptions.on_overdue(graph.id, kNow);  // said twice
    CHECK(out.cancelled.size() == 1);
    CHECK(adoptions.on_task_state(report(all[0], Canceled), kNow));
    CHECK(out.started.size() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "a TaskManager that is lost takes its tasks with it") {
  SUBCASE("while others are awaited") {
    join({all[0], all[1]});  // both are there
    adoptions.on_task_manager_lost(kAda, kNow);
    CHECK(out.started.size() == 1);
  }
  SUBCASE("while they end") {
    join(all);
    adoptions.on_overdue(graph.id, kNow);
    adoptions.on_task_manager_lost(kAda, kNow);
    CHECK(out.started.empty());
    adoptions.on_task_manager_lost(kBob, kNow);
    CHECK(out.started.size() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "what one brings of a job that awaits nothing, or of another round, is ended") {
  auto stranger = all[0];
  stranger.task.job = {.high = 8, .low = 8};
  auto leftover = all[1];
  leftover.task.deployed_by = kOlder;
  join({stranger, leftover});
  CHECK(out.cancelled == std::vector{stranger.task.attempt, leftover.task.attempt});
  CHECK(adoptions.unwanted() == 2);
  CHECK(out.freed.empty());
  CHECK_FALSE(adoptions.on_task_state(report(all[0], Canceled), kNow));  // of another job
  CHECK(adoptions.on_task_state(report(stranger, Canceled), kNow));
  CHECK(out.freed.empty());  // the other is in the same slot
  CHECK(adoptions.on_task_state(report(leftover, Canceled), kNow));
  CHECK(out.freed == std::vector{all[1].slot.allocation});
  CHECK(out.started.empty());
  CHECK(adoptions.awaits(graph.id));
}

TEST_CASE_FIXTURE(Fixture, "a job that is over ends what was found of it") {
  join({all[0]});
  adoptions.give_up(graph.id);
  CHECK(out.cancelled == std::vector{all[0].task.attempt});
  CHECK_FALSE(adoptions.awaits(graph.id));
  CHECK(adoptions.on_task_state(report(all[0], Canceled), kNow));
  CHECK(out.started.empty());
}

TEST_CASE_FIXTURE(Fixture, "when the lead is lost nobody is told anything") {
  join(all);
  adoptions.forget_all();
  CHECK(adoptions.held() == 0);
  CHECK(out.cancelled.empty());
  CHECK(out.freed.empty());
}

}  // namespace
}  // namespace weir
