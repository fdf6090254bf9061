// SPDX-License-Identifier: Apache-2.0
#include "execution/task/worker.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/program_loader.h"
#include "base/bell.h"
#include "base/sync.h"
#include "test/support/process_counts.h"

using namespace weir;

namespace {

/// Writes down what becomes of tasks.
class Reports final : public TaskObserver {
public:
  void on_task_state(const TaskExecutionState& state) override {
    MutexLock held(lock_);
    reports_.push_back(state);
    changed_.notify_one();
  }
  void on_input_split_wanted(JobId, ExecutionAttemptId) override {}
  /// The `count`-th report.
  TaskExecutionState await(std::size_t count) {
    MutexLock held(lock_);
    while (reports_.size() < count) changed_.wait(lock_);
    return reports_[count - 1];
  }
  [[nodiscard]] std::size_t count(bool (*wanted)(ExecutionState)) {
    MutexLock held(lock_);
    return static_cast<std::size_t>(
        std::ranges::count_if(reports_, [&](const TaskExecutionState& each) { return wanted(each.state); }));
  }

private:
  Mutex lock_;
  CondVar changed_;
  std::vector<TaskExecutionState> reports_ WEIR_GUARDED_BY(lock_);
};

class Endless final : public SourceFunction<int> {
public:
  void run(SourceContext<int>& context) override {
    for (int i = 0;; ++i) context.collect(i);
  }
};

/// One worker, and the first task of a program, which nobody reads from.
struct OneProducer {
  explicit OneProducer(const std::function<void(Environment&)>& program) : programs(program) {
    auto built = programs.build({}, 1);
    REQUIRE_MESSAGE(built.has_value(), built.error().what);
    const JobVertex& vertex = (*built)->job_graph().vertices.front();
    task.job = (*built)->job_graph().id;
    task.program = (*built)->job_graph().program;
    task.vertex = vertex.id;
    task.task_name = vertex.name;
    task.attempt = ExecutionAttemptId::random();
    for (const auto& output : vertex.outputs) {
      task.outputs.push_back({{output.id, 0, task.attempt}, 2, output.edge, 128});
    }
  }

  void submit() {
    const Status done = worker->submit(task);
    REQUIRE_MESSAGE(done.has_value(), done.error().what);
  }
  [[nodiscard]] std::uint32_t segments_in_use() const { return 64 - worker->free_network_segments(); }

  InProcessPrograms programs;
  Reports reports;
  TaskDeploymentDescriptor task;
  std::unique_ptr<Worker> worker = std::make_unique<Worker>(
      Worker::Options{.slots = 2,
                      .network_memory_bytes = 64 * kMinSegmentBytes,
                      .segment_bytes = kMinSegmentBytes,
                      .managed_memory_bytes = 1 << 20},
      programs, reports);
};

void write_ten(Environment& env) {
  env.generate(10, [](std::uint64_t i) { return i; }).rebalance().discard().parallelism(2);
}
void write_for_ever(Environment& env) {
  env.add_source<int>("Endless", [] { return std::make_unique<Endless>(); })
      .rebalance()
      .discard()
      .parallelism(2);
}

}  // namespace

TEST_CASE("what a finished task wrote stays until it is released") {
  OneProducer one(write_ten);
  one.submit();
  CHECK(one.reports.await(1).state == ExecutionState::Running);
  CHECK(one.reports.await(2).state == ExecutionState::Finished);
  CHECK(one.worker->task_count() == 0);
  CHECK(one.segments_in_use() > 0);
  one.worker->release_partitions(one.task.attempt);
  CHECK(one.segments_in_use() == 0);
}

TEST_CASE("to cancel a task that has just finished releases what it wrote: nobody will read it") {
  OneProducer one(write_ten);
  one.submit();
  CHECK(one.reports.await(2).state == ExecutionState::Finished);
  one.worker->cancel(one.task.attempt);
  CHECK(one.segments_in_use() == 0);
}

TEST_CASE("a cancelled task has let go of everything when it says so") {
  OneProducer one(write_for_ever);
  one.submit();
  CHECK(one.reports.await(1).state == ExecutionState::Running);
  one.worker->cancel(one.task.attempt);
  CHECK(one.reports.await(2).state == ExecutionState::Canceled);
  CHECK(one.segments_in_use() == 0);
  CHECK(one.worker->task_count() == 0);
}

TEST_CASE("tasks fail one by one, or all with the JobManager") {
  OneProducer one(write_for_ever);
  one.submit();
  SUBCASE("one") { one.worker->fail(one.task.attempt, "it is out of time"); }
  SUBCASE("all") { one.worker->fail_all("it is out of time"); }
  const TaskExecutionState first = one.reports.await(1);  // it may fail before it runs
  const TaskExecutionState last = first.state == ExecutionState::Running ? one.reports.await(2) : first;
  CHECK(last.state == ExecutionState::Failed);
  CHECK(last.failure == "it is out of time");
  CHECK(one.segments_in_use() == 0);
}

TEST_CASE(
    "a worker refuses a slot that it has not, an attempt that it has, and a producer that is nowhere") {
  OneProducer one(write_for_ever);
  TaskDeploymentDescriptor nowhere = one.task;
  nowhere.slot = 2;
  CHECK(one.worker->submit(nowhere).error().what.find("is for slot 2 of 2") != std::string::npos);

  one.submit();
  CHECK(one.worker->submit(one.task).error().what.find("was submitted twice") != std::string::npos);
}

TEST_CASE("a worker tells what its tasks have done while they run") {
  class Waiting final : public SourceFunction<int> {
  public:
    void run(SourceContext<int>& context) override {
      for (int i = 0; i < 3; ++i) {
        context.collect(i);
        sent_.add();
      }
      context.await_until(TimePoint::max());
    }

  private:
    LongCounter sent_{"sent"};
  };
  OneProducer one([](Environment& env) {
    env.add_source<int>("Waiting", [] { return std::make_unique<Waiting>(); })
        .rebalance()
        .discard()
        .parallelism(2);
  });
  CHECK(one.worker->progress().empty());
  one.submit();
  std::vector<TaskProgress> progress;
  const auto has_sent_all = [&] {  // what it sends counts once it can be read: when the source waits
    return progress.front().counters.records_out == 3 && progress.front().counters.bytes_out == 3 * 5;
  };
  do progress = one.worker->progress();
  while (progress.size() == 1 && !has_sent_all());
  REQUIRE(progress.size() == 1);
  CHECK(progress.front().attempt == one.task.attempt);
  CHECK(progress.front().job == one.task.job);
  CHECK(progress.front().accumulators == std::map<std::string, std::int64_t>{{"sent", 3}});

  one.worker->stop(one.task.attempt);
  CHECK(one.reports.await(2).state == ExecutionState::Finished);
  CHECK(one.worker->progress().empty());
}

TEST_CASE("what never was cannot be cancelled, failed or released, and nothing comes of it") {
  OneProducer one(write_ten);
  one.worker->cancel(ExecutionAttemptId::random());
  one.worker->fail(ExecutionAttemptId::random(), "?");
  one.worker->stop(ExecutionAttemptId::random());
  one.worker->release_partitions(ExecutionAttemptId::random());
  CHECK(one.worker->task_count() == 0);
}

namespace {

/// A clock that a test sets.
class ManualClock final : public Clock {
public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(Duration(now_.load())); }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  void advance(Duration by) { now_ += by.count(); }

private:
  std::atomic<Duration::rep> now_ = 0;
};

}  // namespace

TEST_CASE("a task that does not end although it was asked to is fatal to its process") {
  struct Stubborn final : SourceFunction<int> {
    Stubborn(Bell& runs, Bell& released) : runs(runs), released(released) {}
    void run(SourceContext<int>&) override {
      runs.ring();
      released.await();
    }
    Bell& runs;
    Bell& released;
  };
  Bell runs;
  Bell released;
  Bell given_up;
  std::string why;
  ManualClock clock;
  OneProducer one([&](Environment& env) {
    env.add_source<int>("Stubborn", [&] { return std::make_unique<Stubborn>(runs, released); }).discard();
  });
  Worker::Options options = {.network_memory_bytes = 64 * kMinSegmentBytes,
                             .segment_bytes = kMinSegmentBytes,
                             .cancellation = {.interval = 30s, .timeout = 180s}};
  options.on_fatal = [&](const std::string& reason) {
    why = reason;
    given_up.ring();
  };
  options.clock = &clock;
  one.worker = std::make_unique<Worker>(options, one.programs, one.reports);
  one.task.job_name = "sums";
  one.submit();
  runs.await();
  SUBCASE("when it was cancelled") { one.worker->cancel(one.task.attempt); }
  SUBCASE("when it was failed") { one.worker->fail_all("the JobManager is gone"); }
  clock.advance(180s);
  given_up.await();
  CHECK(why == "task " + one.task.display_name() +
                   " of job \"sums\" was asked to end 180 s ago and still runs: a function of the program "
                   "does not return");
  released.ring();
  CHECK(is_terminal(one.reports.await(2).state));
}

TEST_CASE("a worker that ends takes its tasks with it") {
  OneProducer one(write_for_ever);
  one.submit();
  one.task.attempt = ExecutionAttemptId::random();
  one.task.outputs.front().id.producer = one.task.attempt;
  one.submit();
  one.worker.reset();
  CHECK(one.reports.count(is_terminal) == 2);
}

TEST_CASE("a worker that has nothing to do costs next to no memory, whatever it may use") {
  InProcessPrograms programs([](Environment&) {});
  Reports reports;
  const auto before = testing::resident_bytes();
  const Worker worker({.slots = 8, .network_memory_bytes = 1 << 30, .data_port = 0}, programs, reports);
  const auto cost = testing::resident_bytes() - before;
  MESSAGE("an idle worker: " << cost / 1024 << " KiB of " << testing::resident_bytes() / 1024);
  CHECK(cost < 64 << 20);  // of a gigabyte; sanitizers keep books of their own
}
