// SPDX-License-Identifier: Apache-2.0
// A JobManager whose disk is slow: what happens to a job while it is being kept.
#include <doctest/doctest.h>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/job_manager/job_manager_actor.h"
#include "actors/system/actor_system.h"
#include "ha/job_storage.h"
#include "test/unit/graph/programs.h"

namespace weir {
namespace {

constexpr LeaderSessionId kFirst{.high = 1, .low = 1};
constexpr LeaderSessionId kSecond{.high = 1, .low = 2};
constexpr std::chrono::seconds kPatience{30};

/// Has kept a job when the test says so.
class SlowJobs final : public SubmittedJobGraphStore {
public:
  SlowJobs(std::shared_future<Status> kept, std::vector<JobGraph> known)
      : kept_(std::move(kept)), known_(std::move(known)) {}

  Status put(const JobGraph&) override { return kept_.get(); }
  Status remove(JobId) override { return Status::ok(); }
  Result<std::vector<JobGraph>> recover() override { return known_; }

private:
  const std::shared_future<Status> kept_;
  const std::vector<JobGraph> known_;
};

/// A JobManager under two terms: in the first one its disk is slow, in the second one the job is known.
class Cluster {
public:
  Cluster() {
    manager = spawn_job_manager(system, {.open_storage = [this](LeaderSessionId term) {
      auto storage = open_file_storage({});
      if (term == kFirst)
        storage->jobs = std::make_unique<SlowJobs>(disk.get_future().share(), std::vector<JobGraph>{});
      else storage->jobs = std::make_unique<SlowJobs>(std::shared_future<Status>{}, std::vector{job});
      return storage;
    }});
    lead(kFirst);
  }
  ~Cluster() { caf::anon_send_exit(manager, caf::exit_reason::user_shutdown); }

  void lead(LeaderSessionId term) {
    caf::anon_send(manager, GrantLeadership{term});
    CHECK(receive<LeaderSessionId>(me->request(manager, kPatience, AwaitLeadership{})) == term);
  }
  /// Asked, and not answered yet.
  template <class... Mail>
  auto ask(caf::scoped_actor& who, const Mail&... mail) {
    return who->request(manager, caf::infinite, mail..., caf::actor_cast<JobClientGateway>(who));
  }
  template <class Reply, class Handle>
  Reply receive(Handle asked) {
    std::optional<Reply> answer;
    asked.receive([&](const Reply& reply) { answer = reply; },
                  [&](const caf::error& cause) { FAIL(caf::to_string(cause)); });
    return *std::move(answer);
  }
  /// Behind everything that it was sent before.
  JobStatusReply status() {
    return receive<JobStatusReply>(me->request(manager, kPatience, RequestJobStatus{job.id}));
  }

  const JobGraph job = testing::job_of(testing::word_count(1, 2));
  std::promise<Status> disk;
  ActorSystemConfig config;
  caf::actor_system system{config};
  JobManagerActor manager;
  caf::scoped_actor me{system};
  caf::scoped_actor other{system};
};

TEST_CASE("who comes back for a job that was cancelled before it is kept hears how it ended") {
  Cluster cluster;
  auto submitted = cluster.ask(cluster.me, kFirst, SubmitJob{.graph = cluster.job});
  auto cancelled = cluster.me->request(cluster.manager, kPatience, kFirst, CancelJob{cluster.job.id});
  CHECK(cluster.receive<Outcome>(std::move(cancelled)).accepted);
  auto attached = cluster.ask(cluster.other, kFirst, AttachToJob{.job = cluster.job.id});
  (void)cluster.status();

  cluster.disk.set_value(Status::ok());
  CHECK(cluster.receive<Outcome>(std::move(submitted)).accepted);
  const auto answer = cluster.receive<Outcome>(std::move(attached));
  CHECK_MESSAGE(answer.accepted, answer.refusal.what);
  cluster.other->receive(
      [](LeaderSessionId, const JobResult& mail) { CHECK(mail.status == JobStatus::Canceled); },
      caf::after(kPatience) >> [] { FAIL("it hears nothing"); });
}

TEST_CASE("what an earlier term could not keep is not lost to the one that knows it") {
  Cluster cluster;
  auto submitted = cluster.ask(cluster.me, kFirst, SubmitJob{.graph = cluster.job});
  auto waiting = cluster.ask(cluster.other, kFirst, AttachToJob{.job = cluster.job.id});
  CHECK(cluster.status().status == JobStatus::Created);
  caf::anon_send(cluster.manager, RevokeLeadership{});
  CHECK(cluster.receive<Outcome>(std::move(waiting)).refusal.code == ErrorCode::NotLeader);
  cluster.lead(kSecond);
  CHECK(cluster.receive<Outcome>(cluster.ask(cluster.other, kSecond, AttachToJob{.job = cluster.job.id}))
            .accepted);

  cluster.disk.set_value(Error{ErrorCode::NotLeader, "the term is over"});
  CHECK(cluster.receive<Outcome>(std::move(submitted)).refusal.code == ErrorCode::NotLeader);
  CHECK(cluster.status().outcome.accepted);
}

}  // namespace
}  // namespace weir
