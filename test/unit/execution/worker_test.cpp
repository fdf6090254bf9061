// SPDX-License-Identifier: Apache-2.0
#include "execution/task/worker.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/program_loader.h"
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

TEST_CASE("what never was cannot be cancelled, failed or released, and nothing comes of it") {
  OneProducer one(write_ten);
  one.worker->cancel(ExecutionAttemptId::random());
  one.worker->fail(ExecutionAttemptId::random(), "?");
  one.worker->release_partitions(ExecutionAttemptId::random());
  CHECK(one.worker->task_count() == 0);
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
  CHECK(cost < 8 << 20);
}
