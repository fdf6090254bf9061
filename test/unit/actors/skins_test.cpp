// SPDX-License-Identifier: Apache-2.0
// The skins on CAF's deterministic scheduler: fences, translation, and who hears of whose end. Time is the
// test's.
#include "messages/protocol.h"

#include <doctest/doctest.h>

#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/client/job_client_actor.h"
#include "actors/job_manager/job_manager_actor.h"
#include "actors/system/actor_system.h"
#include "actors/task_manager/task_manager_actor.h"
#include "test/unit/graph/programs.h"

namespace weir {
namespace {

constexpr LeaderSessionId kSession{.high = 0, .low = 1};
constexpr LeaderSessionId kOldSession{.high = 0, .low = 9};

/// Writes down what it should run, and runs nothing.
struct Tasks final : TaskRunner {
  Status submit(const TaskDeploymentDescriptor& task) override {
    submitted.push_back(task);
    return answer;
  }
  void cancel(ExecutionAttemptId attempt) override { cancelled.push_back(attempt); }
  void fail(ExecutionAttemptId attempt, const std::string&) override { failed.push_back(attempt); }
  void fail_all(const std::string& cause) override { failed_all.push_back(cause); }
  void release_partitions(ExecutionAttemptId) override {}
  void stop(ExecutionAttemptId attempt) override { stopped.push_back(attempt); }
  void on_input_split(ExecutionAttemptId attempt, const NextInputSplit& answer) override {
    splits.emplace_back(attempt, answer);
  }
  std::vector<TaskProgress> progress() const override { return running; }
  void join_cluster(const ClusterAccess&) override {}

  Status answer;
  std::vector<TaskDeploymentDescriptor> submitted;
  std::vector<ExecutionAttemptId> cancelled, failed, stopped;
  std::vector<std::pair<ExecutionAttemptId, NextInputSplit>> splits;
  std::vector<TaskProgress> running;
  std::vector<std::string> failed_all;
};

/// A JobManager and a TaskManager that nobody has told of each other.
class Cluster {
public:
  Cluster() {
    manager = spawn_job_manager(system, {});
    worker = spawn_task_manager(
        system, {.self = {.id = {.high = 1, .low = 1}, .data_address = "a:1", .slots = 4, .hardware = {}}},
        tasks);
  }
  ~Cluster() {
    for (const auto& actor :
         {caf::actor_cast<caf::strong_actor_ptr>(manager), caf::actor_cast<caf::strong_actor_ptr>(worker),
          caf::actor_cast<caf::strong_actor_ptr>(client)}) {
      if (actor) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    run();
  }

  void run() { scheduler.run(); }
  void pass(Duration time) {
    scheduler.advance_time(time);
    run();
  }
  /// Sends `mail` and lets everything happen that follows from it.
  template <class Actor, class... Mail>
  void tell(const Actor& to, const Mail&... mail) {
    caf::anon_send(to, mail...);
    run();
  }
  template <class Reply, class Actor, class... Mail>
  Reply ask(const Actor& whom, const Mail&... mail) {
    caf::scoped_actor self(system);
    auto request = self->request(whom, caf::infinite, mail...);
    run();
    std::optional<Reply> answer;
    request.receive([&](const Reply& reply) { answer = reply; },
                    [&](const caf::error& cause) { FAIL(system.render(cause)); });
    return *std::move(answer);
  }

  /// Elects the JobManager and lets the TaskManager find it.
  void start() {
    tell(manager, GrantLeadership{kSession});
    tell(worker, NewLeader{kSession}, manager);
  }
  std::future<Result<JobResult>> submit(const JobGraph& graph) {
    auto answer = std::make_shared<std::promise<Result<JobResult>>>();
    client = spawn_job_client(system, graph, {.listening = ListeningBehaviour::Result}, nullptr, answer);
    tell(client, NewLeader{kSession}, manager);
    return answer->get_future();
  }
  void report_all(ExecutionState state) {
    for (const auto& task : std::vector(tasks.submitted))
      tell(worker, TaskExecutionState{.job = task.job, .attempt = task.attempt, .state = state});
  }
  std::vector<InstanceDescription> instances() {
    return ask<InstanceList>(manager, RequestInstances{}).instances;
  }
  ClusterOverview overview() { return ask<ClusterOverview>(manager, RequestClusterOverview{}); }

  ActorSystemConfig config{ActorSystemConfig::Scheduling::ByTest};
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  Tasks tasks;
  JobManagerActor manager;
  TaskManagerActor worker;
  JobClientActor client;
};

JobGraph job() { return testing::job_of(testing::word_count(1, 2)); }

Result<JobResult> result_of(std::future<Result<JobResult>>& answer) {
  REQUIRE(answer.wait_for(0s) == std::future_status::ready);
  return answer.get();
}

TEST_CASE("a JobManager that does not lead refuses registrations and jobs; it never drops them") {
  Cluster cluster;
  const auto gateway = caf::actor_cast<TaskManagerGateway>(cluster.worker);
  const auto registration = cluster.ask<RegistrationReply>(
      cluster.manager, kSession, RegisterTaskManager{.id = {.high = 1, .low = 1}, .slots = 1}, gateway);
  CHECK(registration.kind == RegistrationReply::Kind::Refused);

  const Outcome refused = cluster.ask<Outcome>(cluster.manager, kSession, CancelJob{.job = job().id});
  CHECK(refused.refusal.code == ErrorCode::NotLeader);

  // A client takes that for no answer, and waits for who leads next.
  auto answer = cluster.submit(job());
  CHECK(answer.wait_for(0s) != std::future_status::ready);
  cluster.start();
  cluster.tell(cluster.client, NewLeader{kSession}, cluster.manager);
  CHECK(cluster.tasks.submitted.size() == 3);
}

TEST_CASE("a client whose leader is gone before it is asked waits for the next one") {
  Cluster cluster;
  cluster.start();
  const JobManagerActor gone = spawn_job_manager(cluster.system, {});
  caf::anon_send_exit(gone, caf::exit_reason::kill);
  cluster.run();
  auto answer = std::make_shared<std::promise<Result<JobResult>>>();
  auto result = answer->get_future();
  cluster.client =
      spawn_job_client(cluster.system, job(), {.listening = ListeningBehaviour::Result}, nullptr, answer);
  cluster.tell(cluster.client, NewLeader{kOldSession}, gone);
  CHECK(result.wait_for(0s) == std::future_status::timeout);
  cluster.tell(cluster.client, NewLeader{kSession}, cluster.manager);
  REQUIRE(cluster.tasks.submitted.size() == 3);
  cluster.report_all(ExecutionState::Running);
  cluster.report_all(ExecutionState::Finished);
  CHECK(result_of(result)->status == JobStatus::Finished);
}

TEST_CASE("messages of another session change nothing") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  REQUIRE(cluster.tasks.submitted.size() == 3);
  const auto& task = cluster.tasks.submitted.front();

  CHECK(cluster.ask<Outcome>(cluster.manager, kOldSession, CancelJob{job().id}).refusal.code ==
        ErrorCode::NotLeader);
  CHECK_FALSE(cluster
                  .ask<UpdateTaskReply>(cluster.manager, kOldSession,
                                        UpdateTaskExecutionState{{.job = task.job,
                                                                  .attempt = task.attempt,
                                                                  .state = ExecutionState::Failed,
                                                                  .failure = "late"}})
                  .known);
  cluster.tell(cluster.manager, kOldSession, Disconnect{cluster.instances().front().instance, "late"});
  cluster.tell(cluster.worker, kOldSession, CancelTask{task.attempt});
  cluster.tell(cluster.worker, kOldSession, Disconnect{cluster.instances().front().instance, "late"});
  CHECK(cluster.ask<Outcome>(cluster.worker, kOldSession, SubmitTask{task}).refusal.code ==
        ErrorCode::NotLeader);
  cluster.tell(cluster.client, kOldSession, JobResult{.job = job().id, .status = JobStatus::Failed});

  CHECK(cluster.instances().size() == 1);
  CHECK(cluster.tasks.submitted.size() == 3);
  CHECK(cluster.tasks.cancelled.empty());
  CHECK(cluster.tasks.failed_all.empty());
  CHECK(cluster.ask<JobStatusReply>(cluster.manager, RequestJobStatus{job().id}).status ==
        JobStatus::Running);
  CHECK(answer.wait_for(0s) == std::future_status::timeout);
}

TEST_CASE("a message that an actor does not understand does it no harm") {
  Cluster cluster;
  cluster.start();
  cluster.tell(caf::actor_cast<caf::actor>(cluster.manager), std::string("hello"));
  cluster.tell(caf::actor_cast<caf::actor>(cluster.worker), 42, std::string("hello"));
  cluster.tell(caf::actor_cast<caf::actor>(cluster.manager), CancelJob{job().id});  // without a session
  CHECK(cluster.instances().size() == 1);
  CHECK(cluster.ask<InstanceId>(cluster.worker, AwaitRegistration{}) == cluster.instances().front().instance);
}

TEST_CASE("a job goes from the client to the tasks and back, and is remembered") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  CHECK(cluster.overview() ==
        ClusterOverview{.task_managers = 1, .slots_total = 4, .slots_free = 2, .jobs_running = 1});
  cluster.report_all(ExecutionState::Running);
  cluster.report_all(ExecutionState::Finished);
  CHECK(result_of(answer)->status == JobStatus::Finished);

  CHECK(cluster.overview() ==
        ClusterOverview{.task_managers = 1, .slots_total = 4, .slots_free = 4, .jobs_finished = 1});
  CHECK(cluster.ask<JobStatusReply>(cluster.manager, RequestJobStatus{job().id}).status ==
        JobStatus::Finished);
  CHECK(cluster.ask<JobDetailsReply>(cluster.manager, RequestJobDetails{job().id}).details.vertices.size() ==
        2);
  CHECK(cluster.ask<JobList>(cluster.manager, ListJobs{}).jobs.size() == 1);
  CHECK(cluster.ask<JobStatusReply>(cluster.manager, RequestJobStatus{{.high = 9, .low = 9}})
            .outcome.refusal.code == ErrorCode::UnknownJob);
  CHECK(cluster.tasks.failed.empty());
}

TEST_CASE("a client that comes back when its job is over still gets its result") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  cluster.tell(cluster.client, LeaderLost{"the connection broke"});
  cluster.report_all(ExecutionState::Finished);
  CHECK(answer.wait_for(0s) == std::future_status::timeout);
  cluster.tell(cluster.client, NewLeader{kSession}, cluster.manager);
  CHECK(result_of(answer)->status == JobStatus::Finished);
}

TEST_CASE("a client without a JobManager gives up in time") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  caf::anon_send_exit(cluster.manager, caf::exit_reason::kill);
  cluster.run();
  cluster.pass(59s);
  CHECK(answer.wait_for(0s) == std::future_status::timeout);
  cluster.pass(1s);
  CHECK(result_of(answer).error().code == ErrorCode::Closed);
}

TEST_CASE("a refused task fails its job, and the client hears why") {
  Cluster cluster;
  cluster.start();
  cluster.tasks.answer = Error{ErrorCode::InsufficientBuffers, "too few buffers"};
  auto answer = cluster.submit(job());
  cluster.report_all(ExecutionState::Canceled);
  const auto result = result_of(answer);
  CHECK(result->status == JobStatus::Failed);
  CHECK(result->failure == "Source: text -> split (1/1): too few buffers [on a:1]");
}

TEST_CASE("cancelling reaches the tasks") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  cluster.report_all(ExecutionState::Running);
  CHECK(cluster.ask<Outcome>(cluster.manager, kSession, CancelJob{job().id}).accepted);
  CHECK(cluster.tasks.cancelled.size() == 3);
  cluster.report_all(ExecutionState::Canceled);
  CHECK(result_of(answer)->status == JobStatus::Canceled);
}

TEST_CASE("stopping reaches the sources, if all of them can stop") {
  Cluster cluster;
  cluster.start();
  JobGraph graph = job();
  SUBCASE("they can") {
    graph.vertices.front().can_stop = true;
    auto answer = cluster.submit(graph);
    cluster.report_all(ExecutionState::Running);
    CHECK(cluster.ask<Outcome>(cluster.manager, kSession, StopJob{graph.id}).accepted);
    CHECK(cluster.tasks.stopped == std::vector{cluster.tasks.submitted.front().attempt});
    cluster.report_all(ExecutionState::Finished);
    CHECK(result_of(answer)->status == JobStatus::Finished);
  }
  SUBCASE("they cannot") {
    auto answer = cluster.submit(graph);
    cluster.report_all(ExecutionState::Running);
    CHECK_FALSE(cluster.ask<Outcome>(cluster.manager, kSession, StopJob{graph.id}).accepted);
    CHECK(cluster.tasks.stopped.empty());
  }
  CHECK(cluster.ask<Outcome>(cluster.manager, kOldSession, StopJob{graph.id}).refusal.code ==
        ErrorCode::NotLeader);
}

TEST_CASE("what tasks count is seen while they run") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  cluster.report_all(ExecutionState::Running);
  for (const auto& task : cluster.tasks.submitted)
    cluster.tasks.running.push_back({.job = task.job,
                                     .attempt = task.attempt,
                                     .counters = {.records_in = 3},
                                     .accumulators = {{"lines", 2}}});
  cluster.pass(10s);
  const JobDetails details =
      cluster.ask<JobDetailsReply>(cluster.manager, RequestJobDetails{job().id}).details;
  CHECK(details.accumulators == std::map<std::string, std::int64_t>{{"lines", 6}});
  CHECK(details.vertices.front().subtasks.front().counters.records_in == 3);
}

TEST_CASE("a source is handed splits until there are none; a stranger is refused") {
  Cluster cluster;
  cluster.start();
  JobGraph graph = job();
  graph.vertices.front().input_splits = {{.bytes = "only one", .hosts = {}}};
  auto answer = cluster.submit(graph);
  const TaskDeploymentDescriptor source = cluster.tasks.submitted.front();
  CHECK(source.has_input_splits);
  CHECK_FALSE(cluster.tasks.submitted.back().has_input_splits);
  for (int i = 0; i < 2; ++i)
    cluster.tell(cluster.worker, RequestNextInputSplit{.job = graph.id, .attempt = source.attempt});
  cluster.tell(cluster.worker, RequestNextInputSplit{.job = graph.id, .attempt = {.high = 9, .low = 9}});
  REQUIRE(cluster.tasks.splits.size() == 3);
  CHECK(cluster.tasks.splits[0].first == source.attempt);
  CHECK(cluster.tasks.splits[0].second ==
        NextInputSplit{.outcome = Outcome::ok(), .has_split = true, .split = "only one"});
  CHECK(cluster.tasks.splits[1].second == NextInputSplit{.outcome = Outcome::ok()});
  CHECK_FALSE(cluster.tasks.splits[2].second.outcome.accepted);
}

TEST_CASE("a report about a stranger ends the stranger") {
  Cluster cluster;
  cluster.start();
  const ExecutionAttemptId stranger{.high = 4, .low = 4};
  cluster.tell(cluster.worker, TaskExecutionState{.attempt = stranger, .state = ExecutionState::Running});
  CHECK(cluster.tasks.failed == std::vector{stranger});
}

TEST_CASE("a TaskManager that came too early asks until it is taken in") {
  Cluster cluster;
  cluster.tell(cluster.worker, NewLeader{kSession}, cluster.manager);
  CHECK(cluster.instances().empty());
  cluster.tell(cluster.manager, GrantLeadership{kSession});
  cluster.pass(9s);
  CHECK(cluster.instances().empty());  // it was refused, and gives the JobManager ten seconds
  cluster.pass(1s);
  CHECK(cluster.instances().size() == 1);
}

TEST_CASE("heartbeats keep a TaskManager registered for as long as it lives") {
  Cluster cluster;
  cluster.start();
  for (int i = 0; i < 30; ++i) cluster.pass(10s);
  CHECK(cluster.instances().size() == 1);
  CHECK(cluster.instances().front().since_heartbeat == 0ms);
}

TEST_CASE("when a TaskManager dies its jobs hear of it at once") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  cluster.report_all(ExecutionState::Running);
  caf::anon_send_exit(cluster.worker, caf::exit_reason::kill);
  cluster.run();
  CHECK(cluster.instances().empty());
  CHECK(result_of(answer)->status == JobStatus::Failed);
}

TEST_CASE("when the JobManager dies the tasks of its TaskManagers end") {
  Cluster cluster;
  cluster.start();
  (void)cluster.submit(job());
  caf::anon_send_exit(cluster.manager, caf::exit_reason::kill);
  cluster.run();
  CHECK(cluster.tasks.failed_all == std::vector<std::string>{"the connection to the JobManager was lost"});
}

TEST_CASE("who was given up and beats again is told, ends its tasks and comes back") {
  Cluster cluster;
  cluster.start();
  (void)cluster.submit(job());
  const InstanceId first = cluster.instances().front().instance;
  cluster.tell(cluster.manager, kSession, Disconnect{first, "the test says so"});
  CHECK(cluster.tasks.failed_all.size() == 1);
  REQUIRE(cluster.instances().size() == 1);
  CHECK(cluster.instances().front().instance != first);
}

TEST_CASE("a JobManager that loses and regains leadership starts with nothing but its TaskManagers") {
  Cluster cluster;
  cluster.start();
  auto answer = cluster.submit(job());
  cluster.tell(cluster.manager, RevokeLeadership{});
  CHECK(cluster.overview().task_managers == 0);
  CHECK(cluster.tasks.failed_all.size() == 1);

  cluster.tell(cluster.manager, GrantLeadership{kOldSession});
  cluster.tell(cluster.worker, NewLeader{kOldSession}, cluster.manager);
  CHECK(cluster.overview().task_managers == 1);
  CHECK(cluster.overview().slots_free == 2);  // the tasks of the term before have not ended yet
  for (const auto& task : cluster.tasks.submitted)
    cluster.tell(cluster.worker, TaskExecutionState{.job = task.job,
                                                    .attempt = task.attempt,
                                                    .state = ExecutionState::Failed,
                                                    .failure = "the JobManager was lost"});
  CHECK(cluster.overview().slots_free == 4);
  CHECK(answer.wait_for(0s) == std::future_status::timeout);  // suspended is not the end
}

}  // namespace
}  // namespace weir
