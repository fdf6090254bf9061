// SPDX-License-Identifier: Apache-2.0
// Whole jobs on a whole cluster, in this process.
#include "actors/local/mini_cluster.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/program_loader.h"
#include "base/bell.h"
#include "base/thread.h"
#include "test/support/process_counts.h"
#include "test/support/temporary_directory.h"

namespace weir {
namespace {

JobGraph graph_of(InProcessPrograms& programs, std::uint32_t parallelism) {
  auto program = programs.build({}, parallelism);
  REQUIRE_MESSAGE(program.has_value(), program.error().what);
  return (*program)->job_graph();
}

JobGraph again(JobGraph graph) {
  graph.id = JobId::random();
  return graph;
}

/// Counts up to `count`, and keeps the greatest of each key.
void small_job(Environment& env, std::uint64_t count = 1000) {
  env.generate(count, [](std::uint64_t i) { return i; })
      .key_by([](const std::uint64_t& i) { return i % 10; })
      .reduce([](const std::uint64_t& a, const std::uint64_t& b) { return std::max(a, b); })
      .discard();
}

/// Rings when a task of the job runs.
struct Running final : JobListener {
  void on_task_state(const ExecutionStateChanged& mail) override {
    if (mail.state == ExecutionState::Running) bell.ring();
  }
  Bell bell;
};

/// Unit: pages of this process that lie in memory.
std::size_t resident_pages() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident;
}

TEST_CASE("a job runs to its end on an embedded cluster") {
  InProcessPrograms programs([](Environment& env) { small_job(env); });
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  const auto result = cluster.execute(graph_of(programs, 2));
  REQUIRE_MESSAGE(result.has_value(), result.error().what);
  CHECK(result->status == JobStatus::Finished);
  CHECK(result->failure.empty());
  CHECK(cluster.client().overview()->slots_free == 2);
  CHECK(*cluster.client().status(result->job) == JobStatus::Finished);
}

TEST_CASE(
    "a function that throws fails its job; operator, subtask and cause are named, and the cluster lives on") {
  std::atomic<bool> is_broken = true;
  InProcessPrograms programs([&is_broken](Environment& env) {
    env.generate(1000, [](std::uint64_t i) { return i; })
        .map([&is_broken](const std::uint64_t& i) {
          if (is_broken && i == 700) throw std::runtime_error("700 is too many");
          return i;
        })
        .name("check")
        .discard();
  });
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  const JobGraph graph = graph_of(programs, 2);
  const auto failed = cluster.execute(graph);
  REQUIRE(failed.has_value());
  CHECK(failed->status == JobStatus::Failed);
  CHECK(failed->failure.find("\"check\"") != std::string::npos);
  CHECK(failed->failure.find("/2)") != std::string::npos);
  CHECK(failed->failure.find("700 is too many") != std::string::npos);

  is_broken = false;
  CHECK(cluster.execute(again(graph))->status == JobStatus::Finished);
}

TEST_CASE("a job that never ends is cancelled from outside") {
  InProcessPrograms programs([](Environment& env) { small_job(env, ~std::uint64_t{0}); });
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  const JobGraph graph = graph_of(programs, 2);
  Running running;
  Thread killer("killer", [&] {
    running.bell.await();
    CHECK(cluster.client().cancel(graph.id).has_value());
  });
  const auto result = cluster.execute(graph, &running);
  killer.join();
  REQUIRE(result.has_value());
  CHECK(result->status == JobStatus::Canceled);
  CHECK(cluster.client().overview()->slots_free == 2);
}

TEST_CASE("more parallelism than slots is refused with the numbers") {
  InProcessPrograms programs([](Environment& env) { small_job(env); });
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  const auto result = cluster.execute(graph_of(programs, 4));
  REQUIRE(result.has_value());
  CHECK(result->status == JobStatus::Failed);
  CHECK(result->failure.find("needs 4 slots but has 2 (1 TaskManager x 2, 0 in use)") != std::string::npos);
}

TEST_CASE("a program that is another one on the worker is refused") {
  InProcessPrograms submitted([](Environment& env) { small_job(env); });
  InProcessPrograms found([](Environment& env) { small_job(env.disable_chaining()); });
  MiniCluster cluster({}, found);
  const auto result = cluster.execute(graph_of(submitted, 1));
  REQUIRE(result.has_value());
  CHECK(result->status == JobStatus::Failed);
  CHECK_FALSE(result->failure.empty());
}

TEST_CASE("a detached job is left alone, and its end can be asked for") {
  InProcessPrograms programs([](Environment& env) { small_job(env, ~std::uint64_t{0}); });
  MiniCluster cluster({}, programs);
  const auto job = cluster.client().submit(graph_of(programs, 1));
  REQUIRE(job.has_value());
  CHECK_FALSE(is_terminal(*cluster.client().status(*job)));
  CHECK(cluster.client().list()->jobs.size() == 1);
  CHECK(cluster.client().details(*job)->vertices.size() == 2);

  SUBCASE("or it ends with the cluster") {}
  SUBCASE("or it is cancelled") { CHECK(cluster.client().cancel(*job).has_value()); }
}

TEST_CASE("an unknown job is an error that names it") {
  InProcessPrograms programs([](Environment& env) { small_job(env); });
  MiniCluster cluster({}, programs);
  CHECK(cluster.client().status({.high = 1, .low = 2}).error().what ==
        "there is no job " + JobId{1, 2}.hex());
  CHECK(cluster.client().cancel({.high = 1, .low = 2}).error().code == ErrorCode::UnknownJob);
}

TEST_CASE("a job may be restarted by the cluster, and finishes in the end") {
  std::atomic<int> failures_left = 2;
  InProcessPrograms programs([&](Environment& env) {
    env.generate(100, [](std::uint64_t i) { return i; })
        .map([&failures_left](const std::uint64_t& i) {
          if (i == 50 && failures_left-- > 0) throw std::runtime_error("not yet");
          return i;
        })
        .discard();
  });
  MiniCluster cluster({.restart = {.kind = RestartOptions::Kind::FixedDelay, .attempts = 2, .delay = 1ms}},
                      programs);
  const JobGraph graph = graph_of(programs, 1);
  CHECK(cluster.execute(graph)->status == JobStatus::Finished);
  CHECK(cluster.client().details(graph.id)->restarts == 2);
}

TEST_CASE("a job may ask to be restarted where the cluster restarts none, and the other way round") {
  const auto program = [](const RestartOptions& strategy, std::atomic<int>& failures_left) {
    return [strategy, &failures_left](Environment& env) {
      env.restart_strategy(strategy);
      env.generate(100, [](std::uint64_t i) { return i; })
          .map([&failures_left](const std::uint64_t& i) {
            if (i == 50 && failures_left-- > 0) throw std::runtime_error("not yet");
            return i;
          })
          .discard();
    };
  };
  std::atomic<int> failures_left = 2;
  SUBCASE("restarted") {
    InProcessPrograms programs(program(FixedDelay{.attempts = 2, .delay = 1ms}, failures_left));
    MiniCluster cluster({}, programs);
    CHECK(cluster.execute(graph_of(programs, 1))->status == JobStatus::Finished);
  }
  SUBCASE("not restarted") {
    InProcessPrograms programs(program(NoRestart{}, failures_left));
    MiniCluster cluster({.restart = FixedDelay{.attempts = 2, .delay = 1ms}}, programs);
    CHECK(cluster.execute(graph_of(programs, 1))->status == JobStatus::Failed);
  }
  SUBCASE("restarted so often") {
    InProcessPrograms programs(program(FailureRate{.attempts = 1, .delay = 1ms}, failures_left));
    MiniCluster cluster({}, programs);
    const auto result = cluster.execute(graph_of(programs, 1));
    CHECK(result->status == JobStatus::Failed);
    CHECK(result->failure.find("not yet") != std::string::npos);
  }
}

TEST_CASE("the JobManager hands out a large file; every line is read once, at every parallelism") {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/large.txt";
  std::uint64_t lines = 0;
  std::uint64_t sum = 0;
  {
    std::ofstream file(path);
    for (; file.tellp() < (18 << 20); ++lines, sum += lines)
      file << lines + 1 << ' ' << std::string(200, '.') << '\n';
  }
  std::atomic<std::uint64_t> lines_read = 0;
  std::atomic<std::uint64_t> sum_read = 0;
  InProcessPrograms programs([&](Environment& env) {
    env.read_text(path)
        .map([&](const std::string& line) {
          ++lines_read;
          sum_read += std::stoull(line);
          return line;
        })
        .discard();
  });
  MiniCluster cluster({.task_managers = 2, .slots_per_task_manager = 2}, programs);
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 4u}) {
    CAPTURE(parallelism);
    lines_read = 0;
    sum_read = 0;
    const JobGraph graph = graph_of(programs, parallelism);
    CHECK(graph.vertices.front().input_splits.empty() == (parallelism == 1 || parallelism > 3));
    CHECK(graph.vertices.front().can_stop);
    CHECK(cluster.execute(graph)->status == JobStatus::Finished);
    CHECK(lines_read == lines);
    CHECK(sum_read == sum);
  }
}

TEST_CASE("a queued job begins when the one before it gives its slots back") {
  InProcessPrograms programs([](Environment& env) { small_job(env.queued_scheduling(), ~std::uint64_t{0}); });
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  const auto first = cluster.client().submit(graph_of(programs, 2));
  REQUIRE(first.has_value());
  const JobGraph second = graph_of(programs, 2);
  Running running;
  Thread killer("killer", [&] {
    running.bell.await();
    CHECK(cluster.client().cancel(second.id).has_value());
  });
  std::atomic<bool> waited = false;
  struct Waiting final : JobListener {
    Waiting(MiniCluster& cluster, JobId first, Running& then, std::atomic<bool>& waited)
        : cluster(cluster), first(first), then(then), waited(waited) {}
    void on_job_status(const JobStatusChanged& mail) override {
      if (mail.cause != "waiting for 2 slots, 0 are free") return;
      waited = true;
      freer = Thread("freer", [this] { CHECK(cluster.client().cancel(first).has_value()); });
    }
    void on_task_state(const ExecutionStateChanged& mail) override { then.on_task_state(mail); }
    MiniCluster& cluster;
    const JobId first;
    Running& then;
    std::atomic<bool>& waited;
    Thread freer;
  } waiting{cluster, *first, running, waited};
  CHECK(cluster.execute(second, &waiting)->status == JobStatus::Canceled);
  killer.join();
  waiting.freer.join();
  CHECK(waited);
}

TEST_CASE("a hundred jobs in a row leave no thread, descriptor or memory behind") {
  InProcessPrograms programs([](Environment& env) { small_job(env); });
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  const JobGraph graph = graph_of(programs, 2);
  const auto run = [&](int times) {
    for (int i = 0; i < times; ++i) REQUIRE(cluster.execute(again(graph))->status == JobStatus::Finished);
  };
  run(20);  // until every pool has its size
  const testing::ProcessCounts before;
  [[maybe_unused]] const std::size_t pages_before = resident_pages();
  run(100);
  const testing::ProcessCounts after;
  CHECK(after.threads <= before.threads + 4);  // the last job's threads may be on their way out
  CHECK(after.descriptors == before.descriptors);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which hold back what was freed
  CHECK(resident_pages() <= pages_before + 256);                     // a megabyte
#endif
}

TEST_CASE("who reads a blocking exchange uses the slots of those who wrote it") {
  for (const auto mode : {ScheduleMode::Eager, ScheduleMode::LazyFromSources}) {
    const auto sums = std::make_shared<Collected<std::uint64_t>>();
    InProcessPrograms programs([&](Environment& env) {
      env.schedule_mode(mode);
      env.generate(100'000, [](std::uint64_t i) { return i; })
          .slot_sharing_group("writers")
          .blocking()
          .key_by([](const std::uint64_t& i) { return i % 10; })
          .reduce([](const std::uint64_t& a, const std::uint64_t& b) { return std::max(a, b); }, Emit::Final)
          .slot_sharing_group("readers")
          .collect(sums);
    });
    MiniCluster cluster({.task_managers = 2, .slots_per_task_manager = 1}, programs);
    const JobGraph graph = graph_of(programs, 2);
    CHECK(graph.required_slots() == 4);
    const auto result = cluster.execute(graph);
    REQUIRE_MESSAGE(result->status == JobStatus::Finished, result->failure);
    auto greatest = sums->take();
    std::sort(greatest.begin(), greatest.end());
    REQUIRE(greatest.size() == 10);
    CHECK(greatest.front() == 99'990);
    CHECK(greatest.back() == 99'999);
  }
}

TEST_CASE("a lazy job that reads from tasks that come later finishes") {
  const auto numbers = std::make_shared<Collected<std::uint64_t>>();
  InProcessPrograms programs([&](Environment& env) {
    env.schedule_mode(ScheduleMode::LazyFromSources).disable_chaining();
    const auto same = [](std::uint64_t i) { return i; };
    auto near = env.generate(1000, same);
    auto far = env.generate(1000, same).rebalance().map(same);
    near.union_with(far).rebalance().collect(numbers);
  });
  MiniCluster cluster({.task_managers = 2, .slots_per_task_manager = 2}, programs);
  const auto result = cluster.execute(graph_of(programs, 4));
  REQUIRE_MESSAGE(result->status == JobStatus::Finished, result->failure);
  CHECK(numbers->take().size() == 2000);
}

constexpr const char* kDetachedActor = "caf.actor";  // CAF's name for its thread

TEST_CASE("clusters come and go and leave nothing behind") {
  InProcessPrograms programs([](Environment& env) { small_job(env); });
  const JobGraph graph = graph_of(programs, 1);
  const auto live = [&] {
    MiniCluster cluster({.worker = {.network_memory_bytes = 4 << 20, .managed_memory_bytes = 1 << 20}},
                        programs);
    CHECK(cluster.execute(again(graph))->status == JobStatus::Finished);
  };
  live();
  const auto before = testing::counts_after(kDetachedActor);
  for (int i = 0; i < 20; ++i) live();
  CHECK(testing::counts_after(kDetachedActor) == before);
}

}  // namespace
}  // namespace weir
