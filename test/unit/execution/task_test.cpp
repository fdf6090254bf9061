// SPDX-License-Identifier: Apache-2.0
#include "execution/task/task.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/program_loader.h"
#include "base/bell.h"
#include "memory/network_buffer_pool.h"

using namespace weir;

namespace {

using States = std::vector<ExecutionState>;

/// Numbers for ever.
class Endless final : public SourceFunction<int> {
public:
  void run(SourceContext<int>& context) override {
    for (int i = 0;; ++i) context.collect(i);
  }
};

struct NoCheckpoints final : CheckpointResponder {
  void on_checkpoint_acknowledged(const CheckpointReport&) override {}
  void on_checkpoint_declined(JobId, ExecutionAttemptId, CheckpointId, const std::string&) override {}
};

/// A program as a cluster sees it, and one task of it without one.
struct SingleTask {
  explicit SingleTask(const std::function<void(Environment&)>& program) : programs(program) {
    auto built = programs.build({}, 1);
    REQUIRE_MESSAGE(built.has_value(), built.error().what);
    const JobGraph& job = (*built)->job_graph();
    const JobVertex& vertex = job.vertices.front();
    descriptor.job = job.id;
    descriptor.job_name = job.name;
    descriptor.program = job.program;
    descriptor.vertex = vertex.id;
    descriptor.task_name = vertex.name;
    descriptor.attempt = ExecutionAttemptId::random();
    if (!vertex.outputs.empty()) {
      auto pool = segments.create_pool(1, 2);
      REQUIRE(pool.has_value());
      const ResultPartitionId id{vertex.outputs.front().id, 0, descriptor.attempt};
      output = std::make_shared<ResultPartition>(id, 1, *pool);
      descriptor.outputs.push_back({id, 1, vertex.outputs.front().edge, 128});
    }
  }

  Task& make() {
    TaskWiring wiring;
    if (output) wiring.outputs.push_back(std::exchange(output, nullptr));
    task.emplace(descriptor, std::move(wiring), std::make_unique<Bell>(),
                 Task::Host{.programs = programs,
                            .timers = timers,
                            .snapshot_writers = snapshot_writers,
                            .state = state,
                            .workspaces = workspaces,
                            .checkpoints = checkpoints,
                            .feedback = feedback},
                 [this](const TaskExecutionState& report) {
                   states.push_back(report.state);
                   last = report;
                   if (report.state == ExecutionState::Running && when_running) when_running();
                 });
    return *task;
  }
  /// How it went, from start to end.
  States run() {
    make().start();
    task->join();
    return states;
  }

  NetworkBufferPool segments{8, kMinSegmentBytes};
  InProcessPrograms programs;
  TimerService timers;
  StateEnvironment state{{}};
  MemoryManager memory{1 << 20, kDefaultSegmentBytes, 1};
  IoManager io{{}};
  Workspaces workspaces{memory, io, IoMode::Async};
  SnapshotWriters snapshot_writers;
  NoCheckpoints checkpoints;
  FeedbackChannels feedback{{}};
  TaskDeploymentDescriptor descriptor;
  std::shared_ptr<ResultPartition> output;
  std::function<void()> when_running;  // on the task's thread
  States states;
  TaskExecutionState last;
  std::optional<Task> task;
};

void count_to_ten(Environment& env) {
  env.job_name("count");
  env.generate(10, [](std::uint64_t i) { return i; }).for_each([](std::uint64_t) {});
}
void count_for_ever(Environment& env) {
  env.job_name("count");
  env.add_source<int>("Endless", [] { return std::make_unique<Endless>(); }).discard();
}
void write_for_ever(Environment& env) {
  env.job_name("count");
  env.add_source<int>("Endless", [] { return std::make_unique<Endless>(); }).rebalance().discard();
}

}  // namespace

TEST_CASE("a task that comes to its end says that it ran and that it finished") {
  SingleTask single(count_to_ten);
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Finished});
  CHECK(single.last.failure.empty());
  CHECK(single.last.attempt == single.descriptor.attempt);
  CHECK(single.task->state() == ExecutionState::Finished);
}

TEST_CASE("a task that is cancelled before it starts never runs") {
  SingleTask single(count_for_ever);
  Task& task = single.make();
  task.cancel();
  task.start();
  task.join();
  CHECK(single.states == States{ExecutionState::Canceled});
}

TEST_CASE("a task that is failed before it starts never runs, and says why") {
  SingleTask single(count_for_ever);
  Task& task = single.make();
  task.fail("the JobManager is gone");
  task.cancel();  // too late
  task.start();
  task.join();
  CHECK(single.states == States{ExecutionState::Failed});
  CHECK(single.last.failure == "the JobManager is gone");
}

TEST_CASE("a running task is cancelled between two records") {
  SingleTask single(count_for_ever);
  single.when_running = [&] { single.task->cancel(); };
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Canceled});
  CHECK(single.last.failure.empty());
  single.task->cancel();
  single.task->fail("too late");
  CHECK(single.task->state() == ExecutionState::Canceled);
}

TEST_CASE("a task that is to wait says that it runs and reads nothing until it is told to begin") {
  const auto read = std::make_shared<std::atomic<int>>(0);
  SingleTask single([read](Environment& env) {
    env.generate(10, [read](std::uint64_t i) {
      ++*read;
      return i;
    }).discard();
  });
  single.descriptor.restore.waits = true;
  Bell is_open;
  single.when_running = [&] { is_open.ring(); };
  Task& task = single.make();
  task.start();
  is_open.await();
  CHECK(*read == 0);
  SUBCASE("and then does") {
    task.stop_source();  // is not in the way of that
    task.begin();
    task.join();
    CHECK(single.states == States{ExecutionState::Running, ExecutionState::Finished});
  }
  SUBCASE("and is cancelled there") {
    task.cancel();
    task.join();
    CHECK(*read == 0);
    CHECK(single.states == States{ExecutionState::Running, ExecutionState::Canceled});
  }
  SUBCASE("or fails there") {
    task.fail("the JobManager is gone");
    task.join();
    CHECK(*read == 0);
    CHECK(single.states == States{ExecutionState::Running, ExecutionState::Failed});
  }
}

TEST_CASE("a task that waits for memory is cancelled there") {
  SingleTask single(write_for_ever);
  const auto output = single.output;
  Task& task = single.make();
  task.start();
  while (output->subpartition(0).backlog_buffers() < 2) continue;
  task.cancel();
  task.join();
  CHECK(single.states == States{ExecutionState::Running, ExecutionState::Canceled});
}

TEST_CASE("a task that is failed from outside says the first cause") {
  SingleTask single(count_for_ever);
  single.when_running = [&] {
    single.task->fail("the JobManager is gone");
    single.task->fail("and the cellar is flooded");
  };
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Failed});
  CHECK(single.last.failure == "the JobManager is gone");
}

TEST_CASE("a task whose output is taken away without a word has failed") {
  SingleTask single(write_for_ever);
  const auto output = single.output;
  single.when_running = [output] { output->release(); };
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Failed});
  CHECK(single.last.failure ==
        "operator \"Source: Endless\" (1/1) of job \"count\": its output was taken away while it ran");
}

TEST_CASE("what the user's code throws is laid to the charge of its operator, subtask and job") {
  SingleTask single([](Environment& env) {
    env.job_name("orders");
    env.generate(10, [](std::uint64_t i) { return i; })
        .map([](std::uint64_t i) -> std::uint64_t {
          if (i == 3) throw std::invalid_argument("no such order: 3");
          return i;
        })
        .name("look up")
        .discard();
  });
  single.descriptor.subtask_index = 1;
  single.descriptor.parallelism = 2;
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Failed});
  CHECK(single.last.failure == "operator \"look up\" (2/2) of job \"orders\": no such order: 3");
}

TEST_CASE("even what is no exception at all stays behind the wall, and is laid to its operator's charge") {
  SingleTask single([](Environment& env) {
    env.job_name("orders");
    env.generate(10, [](std::uint64_t i) { return i; })
        .filter([](std::uint64_t) -> bool { throw 42; })
        .name("choose")
        .discard();
  });
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Failed});
  CHECK(single.last.failure ==
        "operator \"choose\" (1/1) of job \"orders\": something was thrown that is no std::exception");
}

TEST_CASE("a task whose program cannot be had fails before it runs") {
  SingleTask single(count_to_ten);
  single.descriptor.program.fingerprint ^= 1;
  CHECK(single.run() == States{ExecutionState::Failed});
  CHECK(single.last.failure.find("builds another graph") != std::string::npos);
}

TEST_CASE("a task that fails while it opens has not run") {
  SingleTask single([](Environment& env) {
    env.job_name("write");
    env.generate(10, [](std::uint64_t i) { return i; }).write_text("/none/out").name("file");
  });
  CHECK(single.run() == States{ExecutionState::Failed});
  CHECK(single.last.failure == "operator \"Sink: file\" (1/1) of job \"write\": cannot open the output file "
                               "'/none/out': No such file or directory");
}

TEST_CASE("accumulators come back with the end of a task") {
  struct Counting final : SinkOperator<std::uint64_t> {
    void process(const std::uint64_t&, EventTime) override { seen.add(); }
    LongCounter seen{"seen"};
  };
  SingleTask single([](Environment& env) {
    env.generate(10, [](std::uint64_t i) { return i; }).sink<Counting>("count", [] {
      return std::make_unique<Counting>();
    });
  });
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Finished});
  CHECK(single.last.accumulators == std::map<std::string, std::int64_t>{{"seen", 10}});
}

TEST_CASE("functions count for their task, also when it fails") {
  SingleTask single([](Environment& env) {
    env.generate(10, [made = LongCounter("made")](std::uint64_t i) {
         made.add();
         return i;
       })
        .filter([odd = LongCounter("odd")](std::uint64_t i) {
          odd.add(static_cast<std::int64_t>(i % 2));
          return true;
        })
        .for_each([](std::uint64_t i) {
          if (i == 5) throw std::runtime_error("five");
        });
  });
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Failed});
  CHECK(single.last.accumulators == std::map<std::string, std::int64_t>{{"made", 6}, {"odd", 3}});
}

TEST_CASE("a task says what it has done so far while it runs") {
  SingleTask single([](Environment& env) {
    env.generate(10, [made = LongCounter("made")](std::uint64_t i) {
         made.add();
         return i;
       })
        .rebalance()
        .discard();
  });
  TaskProgress before;
  TaskProgress after;
  single.when_running = [&] { before = single.task->progress(); };
  CHECK(single.run() == States{ExecutionState::Running, ExecutionState::Finished});
  after = single.task->progress();
  CHECK(before.attempt == single.descriptor.attempt);
  CHECK(before.counters == IoCounters{});
  CHECK(before.accumulators == std::map<std::string, std::int64_t>{{"made", 0}});
  CHECK(after.counters.records_out == 10);
  CHECK(after.counters == single.last.counters);
  CHECK(after.accumulators == std::map<std::string, std::int64_t>{{"made", 10}});
}
