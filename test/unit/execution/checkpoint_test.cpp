// SPDX-License-Identifier: Apache-2.0
// The tasks' half of checkpoints: what they hand in amid the stream is enough to go on from, at any
// parallelism.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "checkpoint/snapshot/file_storage.h"
#include "test/support/temporary_directory.h"
#include "test/unit/execution/counting_job.h"

using namespace weir;
using namespace weir::testing;

namespace {

TEST_CASE("a job goes on from a checkpoint at any parallelism, and every record counts once") {
  for (const std::uint32_t before : {1u, 2u, 3u}) {
    LocalJob job;
    const FirstRun first = run_with_checkpoint(job, before);
    REQUIRE_MESSAGE(first.checkpoint.has_value(), first.checkpoint.error().what);
    CHECK_MESSAGE(first.outcome.status == JobStatus::Finished, first.outcome.failure);
    CHECK(first.spoken == kCount);
    for (const std::uint32_t after : {1u, 2u, 4u}) {
      CAPTURE(before);
      CAPTURE(after);
      const auto words = go_on(*first.checkpoint, after);
      check_exact(*words);
      CHECK(words->spoken() >= kCount - kHalf - before);  // the record that waited in each source went before
      CHECK(words->spoken() < kCount);
    }
  }
}

TEST_CASE("state may lie in files, and the same job goes on from them over several workers") {
  const testing::TemporaryDirectory directory;
  LocalJob job(small_worker(), 2);
  const FirstRun first = run_with_checkpoint(job, 4, directory.path(), {.kind = BackendKind::FileSystem});
  REQUIRE_MESSAGE(first.checkpoint.has_value(), first.checkpoint.error().what);
  const CompletedCheckpoint& checkpoint = *first.checkpoint;
  bool has_file = false;
  for (const auto& [id, state] : checkpoint.operators)
    for (const auto& [subtask, snapshot] : state.subtasks) has_file |= !snapshot.state.path.empty();
  CHECK(has_file);
  check_exact(*go_on(checkpoint, 3));
}

TEST_CASE("a checkpoint without a place for its files is declined, and the job runs on") {
  LocalJob job;
  const FirstRun first = run_with_checkpoint(job, 2, "", {.kind = BackendKind::FileSystem});
  REQUIRE_FALSE(first.checkpoint);
  CHECK(first.checkpoint.error().what.find("state.checkpoints.dir") != std::string::npos);
  CHECK(first.outcome.status == JobStatus::Finished);
  CHECK(first.spoken == kCount);
}

TEST_CASE("a disk that cannot be written declines the checkpoint with its cause, and the job runs on") {
  LocalJob job;
  const FirstRun first =
      run_with_checkpoint(job, 2, "/proc/no-such-place", {.kind = BackendKind::FileSystem});
  REQUIRE_FALSE(first.checkpoint);
  CHECK(first.checkpoint.error().what.find("/proc/no-such-place") != std::string::npos);
  CHECK(first.outcome.status == JobStatus::Finished);
}

/// Two sources; the first waits in its middle for one gate, the second for another.
LocalJob::Build two_sources(std::shared_ptr<Gate> first, std::shared_ptr<Gate> second,
                            std::shared_ptr<Words> words) {
  const auto numbers = [](std::uint64_t key, std::shared_ptr<Gate> gate) {
    return [key, gate = std::move(gate)](std::uint64_t number) {
      if (number >= 50) gate->pass();
      return Tally{key, 1};
    };
  };
  return [=](Environment& env) {
    env.enable_checkpointing(1h);
    auto one = env.generate(100, numbers(1, first)).uid("one");
    auto two = env.generate(100, numbers(2, second)).uid("two");
    one.union_with(two).for_each([words](const Tally& tally) { words->say(tally); });
  };
}

TEST_CASE("a checkpoint after a source has finished holds where it ended, not where the last one saw it") {
  auto first = std::make_shared<Gate>();
  auto second = std::make_shared<Gate>();
  LocalJob job;
  Result<CompletedCheckpoint> checkpoint = Error{};
  job.when_running([&] {
    first->await_waiting(1);
    second->await_waiting(1);
    job.trigger_checkpoint(1);
    first->open();
    CHECK(job.await_finished(1));
    job.trigger_checkpoint(2);
    second->open();
    checkpoint = job.await_checkpoint(2);
  });
  const auto outcome = job.run(two_sources(first, second, std::make_shared<Words>()));
  REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  REQUIRE_MESSAGE(checkpoint.has_value(), checkpoint.error().what);

  auto words = std::make_shared<Words>();
  LocalJob after;
  after.restore_from(*checkpoint);
  REQUIRE(after.run(two_sources(first, second, words)).status == JobStatus::Finished);
  CHECK_FALSE(words->last().contains(1));
  CHECK(words->last().contains(2));
}

TEST_CASE("a checkpoint that begins behind all sources holds what operators say when their input ends") {
  const testing::TemporaryDirectory directory;
  const std::string output = directory.path("output");
  auto gate = std::make_shared<Gate>();
  LocalJob job;
  job.when_running([&] {
    gate->await_waiting(1);
    CHECK(job.await_finished(1));
    job.trigger_checkpoint_at(1, 1);
    gate->open();
    CHECK(job.await_checkpoint(1));
    job.complete_checkpoint(1);
    if (!job.await_finished(2)) job.cancel();  // the sink waits for another one, which nobody triggers
  });
  const auto outcome = job.run([&](Environment& env) {
    env.enable_checkpointing(1h);
    const auto count = [gate](const Tally& all, const Tally& one) {
      gate->pass();
      return Tally{all.key, all.count + one.count};
    };
    env.generate(100, [](std::uint64_t) { return Tally{7, 1}; })
        .key_by(&Tally::key)
        .reduce(count, Emit::Final)
        .write_files(output);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  std::string lines;
  for (const auto& file : std::filesystem::directory_iterator(output)) {
    std::ifstream content(file.path());
    for (std::string line; std::getline(content, line);) lines += line + "\n";
  }
  CHECK(lines == "(7,100)\n");
}

/// Emits once, and takes letters until it may end.
class PatientSource final : public SourceFunction<Tally> {
public:
  explicit PatientSource(std::shared_ptr<std::atomic<bool>> may_end) : may_end_(std::move(may_end)) {}
  void run(SourceContext<Tally>& context) override {
    context.collect({2, 1});
    while (context.is_running() && !*may_end_) context.await_until(std::chrono::steady_clock::now() + 1ms);
  }

private:
  const std::shared_ptr<std::atomic<bool>> may_end_;
};

TEST_CASE("tasks that wait for barriers which never come read on when a later checkpoint is given up") {
  auto gate = std::make_shared<Gate>();
  auto may_end = std::make_shared<std::atomic<bool>>(false);
  auto words = std::make_shared<Words>();
  LocalJob job;
  job.when_running([&] {
    gate->await_waiting(1);
    job.trigger_checkpoint_at(0, 1);  // whoever was to tell the other source is dead
    gate->open();
    job.abort_checkpoint(2);
    while (words->spoken() < 100 + 1) std::this_thread::yield();  // all that both have
    *may_end = true;
  });
  const auto outcome = job.run([&](Environment& env) {
    env.enable_checkpointing(1h);
    auto one = env.generate(100, [gate](std::uint64_t number) {
                    if (number >= 50) gate->pass();
                    return Tally{1, 1};
                  }).uid("one");
    auto two = env.add_source<Tally>("two", [may_end] { return std::make_unique<PatientSource>(may_end); });
    one.union_with(two).for_each([words](const Tally& tally) { words->say(tally); });
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
}

}  // namespace
