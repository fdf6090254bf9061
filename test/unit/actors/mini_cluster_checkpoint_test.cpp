// SPDX-License-Identifier: Apache-2.0
// Whole jobs that fail, are stopped, and go on from their checkpoints and savepoints, on a whole cluster in
// this process.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/local/mini_cluster.h"
#include "api/program_loader.h"
#include "base/bell.h"
#include "base/sync.h"
#include "base/thread.h"
#include "test/support/temporary_directory.h"

namespace weir {
namespace {

constexpr std::uint64_t kKeys = 10;

struct Sum {
  std::uint64_t key = 0;
  std::uint64_t total = 0;
};

/// What the tasks of a test and the test itself tell each other.
struct Story {
  std::atomic<std::uint64_t> gate = 0;       // so many numbers may be sent
  std::atomic<std::uint64_t> limit = 0;      // so many there are
  std::atomic<std::uint64_t> sent = 0;       // so many the source has sent
  std::atomic<CheckpointId> completed = 0;   // the latest that the source heard of
  std::atomic<bool> is_broken = false;
  Bell news;
  Mutex lock;
  std::map<std::uint64_t, std::uint64_t> totals WEIR_GUARDED_BY(lock);  // by key, at the end

  void note(const Sum& sum) {
    MutexLock held(lock);
    totals[sum.key] = sum.total;
  }
  std::map<std::uint64_t, std::uint64_t> noted() {
    MutexLock held(lock);
    return totals;
  }
};

/// 0, 1, 2 ... up to the gate; then it waits for the gate to open further. Keeps its place.
class GatedNumbers final : public SourceFunction<std::uint64_t> {
public:
  static constexpr bool kCanStop = true;

  explicit GatedNumbers(Story& story) : story_(story) {}
  void open(OperatorContext& context) override {
    place_ = &context.operator_state().list_state<std::uint64_t>("place");
    if (!place_->get().empty()) next_ = place_->get().front();
  }
  void run(SourceContext<std::uint64_t>& context) override {
    while (next_ < story_.limit && context.is_running()) {
      if (next_ < story_.gate) {
        context.collect(next_++);
        story_.sent = next_;
      } else context.await_until(std::chrono::steady_clock::now() + 1ms);
    }
  }
  void snapshot(CheckpointId) override { place_->assign({next_}); }
  void on_checkpoint_complete(CheckpointId checkpoint) override {
    story_.completed = checkpoint;
    story_.news.ring();
  }

private:
  Story& story_;
  OperatorListState<std::uint64_t>* place_ = nullptr;
  std::uint64_t next_ = 0;
};

InProcessPrograms::Build summing(Story& story, Duration interval, CheckpointSettings settings = {}) {
  return [&story, interval, settings](Environment& env) {
    if (interval > Duration::zero()) env.enable_checkpointing(interval, settings);
    env.restart_strategy(FixedDelay{.attempts = 3, .delay = 0ms});
    env.add_source<std::uint64_t>("numbers", [&story] { return std::make_unique<GatedNumbers>(story); })
        .parallelism(1)
        .uid("numbers")
        .map([&story](const std::uint64_t& i) {
          if (i >= 1500 && story.is_broken) throw std::runtime_error("1500 is too many");
          return Sum{i % kKeys, i};
        })
        .key_by(&Sum::key)
        .sum(&Sum::total, Emit::Final)
        .uid("totals")
        .for_each([&story](const Sum& sum) { story.note(sum); });
  };
}

/// Of 0 to count - 1.
std::map<std::uint64_t, std::uint64_t> totals_of(std::uint64_t count) {
  std::map<std::uint64_t, std::uint64_t> totals;
  for (std::uint64_t i = 0; i < count; ++i) totals[i % kKeys] += i;
  return totals;
}

JobGraph graph_of(InProcessPrograms& programs, std::uint32_t parallelism) {
  auto program = programs.build({}, parallelism);
  REQUIRE_MESSAGE(program.has_value(), program.error().what);
  return (*program)->job_graph();
}

/// A job that runs beside the test.
class Background {
public:
  Background(MiniCluster& cluster, JobGraph graph)
      : thread_("job", [this, &cluster, graph = std::move(graph)] { result_ = cluster.execute(graph); }) {}
  Result<JobResult> await() {
    thread_.join();
    return *result_;
  }

private:
  std::optional<Result<JobResult>> result_;
  Thread thread_;
};

/// Waits until the source of the story has heard of a checkpoint after `before`.
void await_checkpoint(Story& story, CheckpointId before) {
  while (story.completed <= before) story.news.await();
}

/// No file is left in it, soon: what is deleted is deleted beside.
bool becomes_empty(const std::string& directory) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!std::filesystem::is_empty(directory)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

TEST_CASE("a job that fails goes on from its latest checkpoint, and counts nothing twice" *
          doctest::timeout(60)) {
  testing::TemporaryDirectory directory;
  StateDefaults state;
  SUBCASE("in memory") {}
  SUBCASE("in files") {
    state.backend.kind = BackendKind::FileSystem;
    state.checkpoint_directory = directory.path("checkpoints");
  }
  Story story;
  story.limit = 2000;
  story.gate = 1000;
  story.is_broken = true;
  InProcessPrograms programs(summing(story, 20ms));
  MiniCluster cluster({.slots_per_task_manager = 2, .state = state}, programs);
  const JobGraph graph = graph_of(programs, 2);
  Background job(cluster, graph);
  await_checkpoint(story, 0);
  await_checkpoint(story, story.completed);  // this one began when all 1000 had been sent, or later
  story.gate = 1600;                         // too many
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (cluster.client().details(graph.id)->restarts == 0)
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  story.is_broken = false;
  story.gate = 2000;
  const auto result = job.await();
  REQUIRE_MESSAGE(result.has_value(), result.error().what);
  CHECK(result->status == JobStatus::Finished);
  CHECK(story.noted() == totals_of(2000));
  // Finished jobs leave nothing behind.
  if (!state.checkpoint_directory.empty()) CHECK(becomes_empty(state.checkpoint_directory));
}

TEST_CASE("a savepoint is whole, and a job that starts from it goes on at any parallelism" *
          doctest::timeout(60)) {
  testing::TemporaryDirectory directory;
  const std::string place = directory.path("savepoints");
  Story story;
  story.limit = 3000;
  story.gate = 1000;
  InProcessPrograms programs(summing(story, 0ms));
  MiniCluster cluster({.slots_per_task_manager = 3}, programs);
  const JobGraph graph = graph_of(programs, 2);
  Background job(cluster, graph);
  Result<std::string> path = Error{};
  AfterSavepoint then = AfterSavepoint::GoOn;
  SUBCASE("and go on") {}
  SUBCASE("and cancel") { then = AfterSavepoint::Cancel; }
  SUBCASE("and stop") { then = AfterSavepoint::Stop; }
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  do path = cluster.client().savepoint(graph.id, place, then);  // refused until all tasks run
  while (!path && std::chrono::steady_clock::now() < deadline);
  REQUIRE_MESSAGE(path.has_value(), path.error().what);
  CHECK(path->starts_with(place + "/savepoint-" + graph.id.hex().substr(0, 6) + "-"));
  if (then == AfterSavepoint::GoOn) CHECK(cluster.client().cancel(graph.id));
  const auto ended = job.await();
  REQUIRE(ended.has_value());
  CHECK(ended->status == (then == AfterSavepoint::Stop ? JobStatus::Finished : JobStatus::Canceled));

  const std::string moved = directory.path("elsewhere");
  std::filesystem::rename(*path, moved);
  story.gate = 3000;
  JobGraph again = graph_of(programs, 3);
  again.restore.path = moved;
  const auto result = cluster.execute(again);
  REQUIRE_MESSAGE(result.has_value(), result.error().what);
  CHECK_MESSAGE(result->status == JobStatus::Finished, result->failure);
  CHECK(story.noted() == totals_of(3000));

  CHECK(cluster.client().dispose_savepoint(moved));
  CHECK(!std::filesystem::exists(moved));
  CHECK(cluster.client().dispose_savepoint(moved).error().code == ErrorCode::NotFound);
}

TEST_CASE("a job that is stopped with a savepoint has all its output committed when it ends" *
          doctest::timeout(60)) {
  testing::TemporaryDirectory directory;
  Story story;
  story.limit = 3000;
  story.gate = 1000;
  Duration interval = 10ms;
  SUBCASE("with checkpoints") {}
  SUBCASE("with rare ones") { interval = 1h; }
  SUBCASE("without") { interval = 0ms; }
  const std::string output = directory.path("output");
  InProcessPrograms programs([&](Environment& env) {
    if (interval > Duration::zero()) env.enable_checkpointing(interval, {});
    env.add_source<std::uint64_t>("numbers", [&story] { return std::make_unique<GatedNumbers>(story); })
        .parallelism(1)
        .uid("numbers")
        .map([](const std::uint64_t& i) { return Sum{i % kKeys, i}; })
        .key_by(&Sum::key)
        .sum(&Sum::total, Emit::Final)
        .uid("totals")
        .write_files(output);
  });
  MiniCluster cluster({.slots_per_task_manager = 3}, programs);
  const JobGraph graph = graph_of(programs, 2);
  Background job(cluster, graph);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  // A savepoint that came before would stop a source that has said nothing.
  while (story.sent < 1000) REQUIRE(std::chrono::steady_clock::now() < deadline);
  Result<std::string> path = Error{};
  do path = cluster.client().savepoint(graph.id, directory.path("savepoints"), AfterSavepoint::Stop);
  while (!path && std::chrono::steady_clock::now() < deadline);  // refused until all tasks run
  REQUIRE_MESSAGE(path.has_value(), path.error().what);
  const auto ended = job.await();
  REQUIRE(ended.has_value());
  CHECK(ended->status == JobStatus::Finished);
  std::size_t lines = 0;
  for (const auto& file : std::filesystem::directory_iterator(output)) {
    CHECK_MESSAGE(file.path().filename().string().starts_with("part-"), file.path());
    std::ifstream content(file.path());
    for (std::string line; std::getline(content, line);) ++lines;
  }
  CHECK(lines == kKeys);
}

/// Asks for a state that it does not declare.
template <class T>
struct Silent {
  ValueState<T> last;
  void open(RuntimeContext& context) { last = context.state(value_state<T>("last")); }
  bool operator()(const std::uint64_t&) {
    last.set(T{});
    return true;
  }
};

template <class T>
InProcessPrograms::Build silent(Story& story, std::atomic<int>& sent) {
  return [&](Environment& env) {
    env.restart_strategy(FixedDelay{.attempts = 3, .delay = 0ms});
    env.add_source<std::uint64_t>("numbers", [&story] { return std::make_unique<GatedNumbers>(story); })
        .parallelism(1)
        .uid("numbers")
        .map([&sent](const std::uint64_t& i) {
          ++sent;
          return i;
        })
        .key_by([](const std::uint64_t& i) { return i % kKeys; })
        .filter(Silent<T>{})
        .name("silent")
        .uid("silent")
        .discard();
  };
}

TEST_CASE("a state that nobody declared and that cannot be read fails a job before a record is sent" *
          doctest::timeout(60)) {
  testing::TemporaryDirectory directory;
  Story story;
  story.limit = 3000;
  story.gate = 1000;
  std::atomic<int> sent = 0;
  InProcessPrograms first(silent<std::int32_t>(story, sent));
  std::string path;
  {
    MiniCluster cluster({.slots_per_task_manager = 3}, first);
    const JobGraph graph = graph_of(first, 2);
    Background job(cluster, graph);
    while (sent < 1000) continue;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    Result<std::string> savepoint = Error{};
    // It is refused until all tasks are known to run.
    do savepoint = cluster.client().savepoint(graph.id, directory.path("s"), AfterSavepoint::Cancel);
    while (!savepoint && std::chrono::steady_clock::now() < deadline);
    if (!savepoint) (void)cluster.client().cancel(graph.id);
    REQUIRE_MESSAGE(savepoint.has_value(), savepoint.error().what);
    path = *savepoint;
    (void)job.await();
  }
  story.gate = 3000;
  sent = 0;
  SUBCASE("as another type") {
    InProcessPrograms second(silent<std::string>(story, sent));
    MiniCluster cluster({.slots_per_task_manager = 3}, second);
    JobGraph graph = graph_of(second, 3);
    graph.restore.path = path;
    const auto result = cluster.execute(graph);
    REQUIRE_MESSAGE(result.has_value(), result.error().what);
    CHECK(result->status == JobStatus::Failed);
    CHECK_MESSAGE(result->failure.find("operator \"silent\"") != std::string::npos, result->failure);
    CHECK_MESSAGE(result->failure.find("the state \"last\" cannot be restored: it was i32 and is string in "
                                       "this program") != std::string::npos,
                  result->failure);
    CHECK(sent == 0);
  }
  SUBCASE("but goes on as a wider one") {
    InProcessPrograms second(silent<std::int64_t>(story, sent));
    MiniCluster cluster({.slots_per_task_manager = 3}, second);
    JobGraph graph = graph_of(second, 3);
    graph.restore.path = path;
    const auto result = cluster.execute(graph);
    REQUIRE_MESSAGE(result.has_value(), result.error().what);
    CHECK_MESSAGE(result->status == JobStatus::Finished, result->failure);
    CHECK(sent == 2000);
  }
}

TEST_CASE("what a job is to start from and cannot be had fails it, in one line" * doctest::timeout(60)) {
  testing::TemporaryDirectory directory;
  Story story;
  InProcessPrograms programs(summing(story, 0ms));
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  JobGraph graph = graph_of(programs, 2);
  graph.restore.path = directory.path("nothing");
  const auto result = cluster.execute(graph);
  REQUIRE(result.has_value());
  CHECK(result->status == JobStatus::Failed);
  CHECK(result->failure.find("is no checkpoint or savepoint") != std::string::npos);
  CHECK(result->failure.find('\n') == std::string::npos);
}

TEST_CASE("a savepoint needs a place, and a job that runs" * doctest::timeout(60)) {
  Story story;
  story.limit = 1;
  InProcessPrograms programs(summing(story, 0ms));
  MiniCluster cluster({.slots_per_task_manager = 2}, programs);
  CHECK(cluster.client().savepoint(JobId{1, 2}, "/tmp").error().code == ErrorCode::UnknownJob);
  const JobGraph graph = graph_of(programs, 2);
  Background job(cluster, graph);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  Result<std::string> path = Error{};
  do path = cluster.client().savepoint(graph.id, "");
  while (path.error().what.find("state.savepoints.dir") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline);
  CHECK(path.error().what.find("state.savepoints.dir") != std::string::npos);
  CHECK(cluster.client().savepoint(graph.id, "not/absolute").error().what.find("absolute") !=
        std::string::npos);
  CHECK(cluster.client().cancel(graph.id));
  (void)job.await();
}

}  // namespace
}  // namespace weir
