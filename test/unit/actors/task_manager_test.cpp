// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/task_manager.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

const TimePoint kStart{};
constexpr InstanceId kInstance{.high = 5, .low = 5};
constexpr ExecutionAttemptId kAttempt{.high = 6, .low = 6};
constexpr LeaderSessionId kLeader{.high = 1, .low = 7};

struct Tasks final : TaskRunner {
  Status submit(const TaskDeploymentDescriptor& task) override {
    submitted.push_back(task.attempt);
    return answer;
  }
  void cancel(ExecutionAttemptId attempt) override { cancelled.push_back(attempt); }
  void fail(ExecutionAttemptId attempt, const std::string& cause) override {
    failed.emplace_back(attempt, cause);
  }
  void fail_all(const std::string& cause) override { failed_all.push_back(cause); }
  void release_partitions(ExecutionAttemptId attempt) override { released.push_back(attempt); }
  void stop(ExecutionAttemptId attempt) override { stopped.push_back(attempt); }
  void on_input_split(ExecutionAttemptId, const NextInputSplit& answer) override {
    splits.push_back(answer.split);
  }
  std::vector<TaskProgress> progress() const override { return running; }
  void join_cluster(const ClusterAccess& access) override { joined.push_back(access.blob_address); }

  Status answer;
  std::vector<ExecutionAttemptId> submitted, cancelled, released, stopped;
  std::vector<TaskProgress> running;
  std::vector<std::string> splits;
  std::vector<std::pair<ExecutionAttemptId, std::string>> failed;
  std::vector<std::string> failed_all, joined;
};

struct Letters final : TaskManagerOutbox {
  void register_at_leader(const RegisterTaskManager& mail) override {
    ++registrations;
    brought = mail.tasks;
  }
  void heartbeat(const Heartbeat& mail) override {
    heartbeats.push_back(mail.instance);
    told = mail.tasks;
  }
  void report(const UpdateTaskExecutionState& mail) override { reports.push_back(mail.task.state); }
  void registered(InstanceId instance, const ClusterAccess&) override { instances.push_back(instance); }
  void leader_is_silent(const std::string& reason) override { silences.push_back(reason); }
  void give_up(const std::string& reason) override { given_up = reason; }
  void wake_after(Duration delay) override { wakes.push_back(delay); }

  int registrations = 0;
  std::vector<HeldTask> brought;  // to the latest
  std::vector<InstanceId> heartbeats, instances;
  std::vector<TaskProgress> told;  // in the latest heartbeat
  std::vector<ExecutionState> reports;
  std::string given_up;
  std::vector<std::string> silences;
  std::vector<Duration> wakes;
};

struct Fixture {
  explicit Fixture(Duration grace = Duration::zero())
      : manager({.self = {.id = {.high = 1, .low = 1}, .data_address = "a:1", .slots = 2, .hardware = {}},
                 .registration = {.give_up_after = 5min},
                 .heartbeat_interval = 10s,
                 .adoption_grace = grace},
                tasks, out) {}

  Tasks tasks;
  Letters out;
  TaskManager manager;

  void join(TimePoint now = kStart) {
    manager.on_new_leader(now);
    manager.on_registration_reply({.kind = RegistrationReply::Kind::Acknowledged, .instance = kInstance},
                                  now);
  }
};

TEST_CASE_FIXTURE(Fixture,
                  "it registers at a new leader at once, asks again while nobody answers, and then beats") {
  manager.on_new_leader(kStart);
  CHECK(out.registrations == 1);
  CHECK(out.wakes == std::vector<Duration>{500ms});
  manager.on_tick(kStart + 500ms);
  CHECK(out.registrations == 2);
  CHECK(out.heartbeats.empty());

  manager.on_registration_reply({.kind = RegistrationReply::Kind::Acknowledged, .instance = kInstance},
                                kStart + 1s);
  CHECK(out.instances == std::vector{kInstance});
  CHECK(out.heartbeats == std::vector{kInstance});
  manager.on_tick(kStart + 1500ms);  // the wake-up of a registration that succeeded since
  CHECK(out.heartbeats.size() == 1);
  CHECK(out.registrations == 2);
  manager.on_tick(kStart + 11s);
  CHECK(out.heartbeats.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a refusal is followed by a longer pause") {
  manager.on_new_leader(kStart);
  manager.on_registration_reply({.kind = RegistrationReply::Kind::Refused, .instance = {}, .reason = "full"},
                                kStart);
  CHECK(out.wakes.back() == 10s);
  manager.on_tick(kStart + 500ms);
  CHECK(out.registrations == 1);
  manager.on_tick(kStart + 10s);
  CHECK(out.registrations == 2);
}

TEST_CASE_FIXTURE(Fixture, "nobody to join for too long ends the process") {
  manager.on_new_leader(kStart);
  manager.on_tick(kStart + 5min);
  CHECK(out.given_up == "no JobManager took this TaskManager in");
}

TEST_CASE_FIXTURE(Fixture, "tasks are handed down, and refusals up") {
  join();
  CHECK(manager.on_submit({.task = {.attempt = kAttempt}}, kLeader).accepted);
  CHECK(tasks.submitted == std::vector{kAttempt});
  tasks.answer = Error{ErrorCode::InsufficientBuffers, "too few buffers"};
  CHECK(manager.on_submit({.task = {.attempt = kAttempt}}, kLeader).refusal.what == "too few buffers");
  manager.on_cancel({kAttempt});
  manager.on_release({kAttempt});
  CHECK(tasks.cancelled == std::vector{kAttempt});
  CHECK(tasks.released == std::vector{kAttempt});
}

TEST_CASE_FIXTURE(Fixture,
                  "a task that was sent before its leader was lost is not begun when it arrives late") {
  CHECK_FALSE(manager.on_submit({.task = {.attempt = kAttempt}}, kLeader).accepted);
  join();
  manager.on_leader_lost("it has not answered", kStart + 1s);
  manager.on_new_leader(kStart + 2s);  // the same one, which has taken us for lost
  CHECK(manager.on_submit({.task = {.attempt = kAttempt}}, kLeader).refusal.code == ErrorCode::Refused);
  CHECK(tasks.submitted.empty());
  manager.on_registration_reply({.kind = RegistrationReply::Kind::Acknowledged, .instance = kInstance},
                                kStart + 2s);
  CHECK(manager.on_submit({.task = {.attempt = kAttempt}}, kLeader).accepted);
}

TEST_CASE_FIXTURE(Fixture, "a heartbeat tells how far the tasks have come") {
  join();
  tasks.running = {{.job = {.high = 7, .low = 7},
                    .attempt = kAttempt,
                    .counters = {.records_in = 5},
                    .accumulators = {{"lines", 5}}}};
  manager.on_tick(kStart + 10s);
  CHECK(out.told == tasks.running);
}

TEST_CASE_FIXTURE(Fixture, "of more tasks than a heartbeat may carry, each has its turn") {
  join();
  std::set<ExecutionAttemptId> all;
  for (std::uint64_t i = 0; i < 2 * Heartbeat::kMostTasks + 7; ++i) {
    tasks.running.push_back({.job = {}, .attempt = {.high = i * 7919 % 1009, .low = i}});
    all.insert(tasks.running.back().attempt);
  }
  for (int beat = 1; beat <= 3; ++beat) {
    manager.on_tick(kStart + beat * 10s);
    CHECK(out.told.size() == Heartbeat::kMostTasks);
    for (const TaskProgress& task : out.told) all.erase(task.attempt);
  }
  CHECK(all.empty());
}

TEST_CASE_FIXTURE(Fixture, "the states of tasks are reported; one that the leader does not know is ended") {
  join();
  manager.on_task_state({.attempt = kAttempt, .state = ExecutionState::Running});
  CHECK(out.reports == std::vector{ExecutionState::Running});
  manager.on_report_refused(kAttempt, "unknown");
  CHECK(tasks.failed == std::vector<std::pair<ExecutionAttemptId, std::string>>{{kAttempt, "unknown"}});
}

TEST_CASE_FIXTURE(Fixture, "when the leader is lost every task fails, and nothing is reported to anybody") {
  join();
  manager.on_leader_lost("it died", kStart + 1s);
  manager.on_leader_lost("it died", kStart + 1s);
  CHECK(tasks.failed_all == std::vector<std::string>{"it died"});
  manager.on_task_state({.attempt = kAttempt, .state = ExecutionState::Failed});
  CHECK(out.reports.empty());
  manager.on_tick(kStart + 10s);
  CHECK(out.heartbeats.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "another leader takes over: the tasks of the first fail, and it registers anew") {
  join();
  manager.on_new_leader(kStart + 1s);
  CHECK(tasks.failed_all == std::vector<std::string>{"another JobManager leads now"});
  CHECK(out.registrations == 2);
  CHECK(manager.instance().is_none());
}

TEST_CASE_FIXTURE(Fixture,
                  "who is dismissed ends its tasks and registers anew; an old dismissal means nothing") {
  join();
  manager.on_disconnect({.instance = {.high = 5, .low = 4}, .reason = "late"}, kStart);
  CHECK(tasks.failed_all.empty());

  manager.on_disconnect({.instance = kInstance, .reason = "no heartbeat"}, kStart + 1s);
  CHECK(tasks.failed_all.size() == 1);
  CHECK(out.registrations == 2);
  manager.on_disconnect({.instance = {}, .reason = "for nobody"}, kStart + 1s);
  CHECK(out.registrations == 2);
}

TEST_CASE_FIXTURE(Fixture, "without any JobManager it gives up when its time is over, and not before") {
  manager.start(kStart);
  CHECK(out.wakes == std::vector<Duration>{5min});
  manager.on_tick(kStart + 299s);
  CHECK(out.given_up.empty());
  manager.on_tick(kStart + 300s);
  CHECK(out.given_up == "no JobManager took this TaskManager in");
}

TEST_CASE_FIXTURE(Fixture, "the time to give up runs from when it was registered last") {
  manager.start(kStart);
  join(kStart + 4min);
  manager.on_leader_lost("it died", kStart + 60min);
  manager.on_tick(kStart + 64min);
  CHECK(out.given_up.empty());
  manager.on_new_leader(kStart + 64min);  // one that does not answer is no better than none
  manager.on_tick(kStart + 65min);
  CHECK_FALSE(out.given_up.empty());
}

TEST_CASE_FIXTURE(Fixture, "it tells its machinery how to reach the cluster that took it in") {
  manager.on_new_leader(kStart);
  manager.on_registration_reply({.kind = RegistrationReply::Kind::Acknowledged,
                                 .instance = kInstance,
                                 .access = {.blob_address = "b:1"}},
                                kStart);
  CHECK(tasks.joined == std::vector<std::string>{"b:1"});
}

TEST_CASE_FIXTURE(Fixture, "a leader that answers heartbeats is kept, one that falls silent is given up") {
  join();
  for (int beat = 1; beat <= 10; ++beat) {
    manager.on_tick(kStart + beat * 10s);
    manager.on_heartbeat_reply(kInstance, {.known = true}, kStart + beat * 10s);
  }
  CHECK(out.silences.empty());

  for (int beat = 11; beat <= 15; ++beat) manager.on_tick(kStart + beat * 10s);
  CHECK(out.silences.empty());
  manager.on_tick(kStart + 160s);
  CHECK(out.silences == std::vector<std::string>{"the JobManager has not answered for 60 s"});
}

TEST_CASE_FIXTURE(Fixture, "a heartbeat that is answered 'who are you' fails the tasks and registers anew") {
  join();
  manager.on_heartbeat_reply({.high = 9, .low = 9}, {.known = false}, kStart);  // an earlier registration's
  CHECK(tasks.failed_all.empty());
  manager.on_heartbeat_reply(kInstance, {.known = false}, kStart + 1s);
  CHECK(tasks.failed_all.size() == 1);
  CHECK(manager.instance().is_none());
  CHECK(out.registrations == 2);
}

// Without a leader.

constexpr ExecutionAttemptId kSecond{.high = 6, .low = 7};

/// Two tasks run when the leader is lost at one second.
struct Orphaned : Fixture {
  Orphaned() : Fixture(30s) {
    join();
    for (const ExecutionAttemptId attempt : {kAttempt, kSecond}) {
      REQUIRE(manager
                  .on_submit({.task = {.job = {.high = 7, .low = 7},
                                       .vertex = {.high = 8, .low = 8},
                                       .attempt = attempt,
                                       .allocation = {.high = 9, .low = 9},
                                       .subtask_index = static_cast<std::uint32_t>(attempt.low - 6),
                                       .attempt_number = 3,
                                       .slot = 1}},
                             kLeader)
                  .accepted);
      state(attempt, ExecutionState::Running);
    }
    out.reports.clear();
  }
  void lose_leader() { manager.on_leader_lost("it died", kStart + 1s); }
  void state(ExecutionAttemptId attempt, ExecutionState now) {
    manager.on_task_state({.attempt = attempt, .state = now});
  }
  void registered(TimePoint now) {
    manager.on_registration_reply({.kind = RegistrationReply::Kind::Acknowledged, .instance = kInstance},
                                  now);
  }
  [[nodiscard]] std::vector<ExecutionState> brought_states() const {
    std::vector<ExecutionState> states;
    for (const HeldTask& task : out.brought) states.push_back(task.state);
    return states;
  }
};

using States = std::vector<ExecutionState>;
using enum ExecutionState;

TEST_CASE_FIXTURE(Orphaned, "who comes back to a leader that never missed it ends its tasks, and says so") {
  lose_leader();
  manager.on_new_leader(kStart + 2s);  // the same one, whose answers were late
  CHECK(tasks.failed_all.empty());
  manager.on_registration_reply(
      {.kind = RegistrationReply::Kind::AlreadyRegistered, .instance = kInstance}, kStart + 2s);
  CHECK(tasks.failed_all == std::vector<std::string>{"the JobManager may have said what was not heard"});
  state(kAttempt, Failed);
  CHECK(out.reports == States{Failed});  // a cancellation that was not heard waits for this
}

TEST_CASE_FIXTURE(Orphaned, "tasks outlive their leader, and the next one is told what they are") {
  lose_leader();
  manager.on_tick(kStart + 30s);
  CHECK(tasks.failed_all.empty());
  manager.on_new_leader(kStart + 30s);
  CHECK(out.brought == std::vector{HeldTask{.job = {.high = 7, .low = 7},
                                            .vertex = {.high = 8, .low = 8},
                                            .subtask = 0,
                                            .attempt = kAttempt,
                                            .attempt_number = 3,
                                            .deployed_by = kLeader,
                                            .slot = 1,
                                            .allocation = {.high = 9, .low = 9},
                                            .state = Running},
                                   HeldTask{.job = {.high = 7, .low = 7},
                                            .vertex = {.high = 8, .low = 8},
                                            .subtask = 1,
                                            .attempt = kSecond,
                                            .attempt_number = 3,
                                            .deployed_by = kLeader,
                                            .slot = 1,
                                            .allocation = {.high = 9, .low = 9},
                                            .state = Running}});
  registered(kStart + 30s);
  manager.on_tick(kStart + 10min);
  CHECK(tasks.failed_all.empty());
}

TEST_CASE_FIXTURE(Orphaned, "they end if no leader takes us in before the grace is over") {
  lose_leader();
  SUBCASE("because there is none") {}
  SUBCASE("because it does not answer") { manager.on_new_leader(kStart + 2s); }
  SUBCASE("because each one dies in its turn") {
    manager.on_new_leader(kStart + 2s);
    manager.on_leader_lost("it died, too", kStart + 30s);
  }
  manager.on_tick(kStart + 31s);
  REQUIRE(tasks.failed_all.size() == 1);
  CHECK(tasks.failed_all.front() == "no JobManager took it over within 30 s");
  state(kAttempt, Failed);
  manager.on_new_leader(kStart + 32s);
  // Whoever leads next need not wait for them; the one that has not ended is still in its slot.
  CHECK(brought_states() == States{Failed, Canceling});
}

TEST_CASE_FIXTURE(Orphaned, "what ends while nobody leads is told to the next leader, and to no other") {
  lose_leader();
  state(kAttempt, Failed);
  CHECK(out.reports.empty());
  manager.on_new_leader(kStart + 2s);
  CHECK(brought_states() == States{Failed, Running});
  CHECK(out.reports.empty());
  registered(kStart + 2s);  // it may be the one that we lost, and that has not missed us
  CHECK(out.reports == States{Failed});
  manager.on_leader_lost("it died, too", kStart + 3s);
  manager.on_new_leader(kStart + 4s);
  CHECK(brought_states() == States{Running});
}

TEST_CASE_FIXTURE(Orphaned, "what happens while it registers is reported behind the registration") {
  lose_leader();
  manager.on_new_leader(kStart + 2s);
  state(kSecond, Finished);
  CHECK(out.reports.empty());
  registered(kStart + 3s);
  CHECK(out.reports == States{Finished});
  state(kAttempt, Finished);
  CHECK(out.reports == States{Finished, Finished});
}

TEST_CASE_FIXTURE(Orphaned, "a task that its leader told to end is not offered as one that runs") {
  SUBCASE("cancelled") {
    manager.on_cancel({kAttempt});
    lose_leader();
    manager.on_new_leader(kStart + 2s);
    CHECK(brought_states() == States{Canceling, Running});
  }
  SUBCASE("cancelled, and it ended while nobody led") {
    manager.on_cancel({kAttempt});
    lose_leader();
    state(kAttempt, Canceled);
    manager.on_new_leader(kStart + 2s);
    CHECK(brought_states() == States{Canceled, Running});
    registered(kStart + 2s);
    CHECK(out.reports.empty());
  }
  SUBCASE("stopped, or behind a savepoint") {
    SUBCASE("stopped") { manager.on_stop({kAttempt}); }
    SUBCASE("savepoint") { manager.on_trigger_checkpoint({.attempt = kAttempt, .ends_sources = true}); }
    lose_leader();
    manager.on_new_leader(kStart + 2s);
    CHECK(out.brought.front().is_to_end);
    CHECK_FALSE(out.brought.back().is_to_end);
  }
}

TEST_CASE_FIXTURE(Orphaned, "a leader that gives us up gives up our tasks, too") {
  manager.on_disconnect({.instance = kInstance, .reason = "no heartbeat"}, kStart + 1s);
  CHECK(tasks.failed_all.size() == 1);
  CHECK(brought_states() == States{Canceling, Canceling});
  registered(kStart + 1s);
  state(kAttempt, Failed);
  CHECK(out.reports == States{Failed});
}

}  // namespace
}  // namespace weir
