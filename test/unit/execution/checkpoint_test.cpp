// SPDX-License-Identifier: Apache-2.0
// The tasks' half of checkpoints: what they hand in amid the stream is enough to go on from, at any
// parallelism.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/sync.h"
#include "checkpoint/snapshot/file_storage.h"
#include "test/support/local_job.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;
using weir::testing::small_worker;

namespace {

struct Tally {
  std::uint64_t key = 0;
  std::int64_t count = 0;
};

constexpr std::uint64_t kCount = 20'000;
constexpr std::uint64_t kKeys = 100;
constexpr std::uint64_t kHalf = kCount / 2;

/// Holds the sources back in the middle of the stream until a checkpoint was ordered.
class Gate {
public:
  void open() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    ++waiting_;
    changed_.notify_all();
    while (!is_open_) changed_.wait(lock_);
  }
  void await_waiting(std::uint32_t sources) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    while (waiting_ < sources) changed_.wait(lock_);
  }

private:
  Mutex lock_;
  CondVar changed_;
  bool is_open_ WEIR_GUARDED_BY(lock_) = false;
  std::uint32_t waiting_ WEIR_GUARDED_BY(lock_) = 0;
};

/// What reached the sink: by key the last word, and how many words there were.
class Words {
public:
  void say(const Tally& tally) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    last_[tally.key] = std::max(last_[tally.key], tally.count);
    ++spoken_;
  }
  [[nodiscard]] std::map<std::uint64_t, std::int64_t> last() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    return last_;
  }
  [[nodiscard]] std::uint64_t spoken() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    return spoken_;
  }

private:
  Mutex lock_;
  std::map<std::uint64_t, std::int64_t> last_ WEIR_GUARDED_BY(lock_);
  std::uint64_t spoken_ WEIR_GUARDED_BY(lock_) = 0;
};

/// Counts kCount numbers by key. The sources wait before the second half.
LocalJob::Build counting(std::shared_ptr<Gate> gate, std::shared_ptr<Words> words) {
  return [gate, words](Environment& env) {
    env.generate(kCount,
                 [gate](std::uint64_t number) {
                   if (number >= kHalf) gate->pass();
                   return Tally{number % kKeys, 1};
                 })
        .uid("numbers")
        .key_by(&Tally::key)
        .sum(&Tally::count)
        .uid("sums")
        .for_each([words](const Tally& tally) { words->say(tally); });
  };
}

struct FirstRun {
  Result<CompletedCheckpoint> checkpoint = Error{};
  JobOutcome outcome;
  std::uint64_t spoken = 0;
};

/// Runs the job to its end, with a checkpoint in the middle.
FirstRun run_with_checkpoint(LocalJob& job, std::uint32_t parallelism, const std::string& root = {},
                             BackendKind backend = BackendKind::Memory) {
  auto gate = std::make_shared<Gate>();
  auto words = std::make_shared<Words>();
  FirstRun run;
  job.when_running([&] {
    gate->await_waiting(parallelism);
    job.trigger_checkpoint(7, root);
    gate->open();
    run.checkpoint = job.await_checkpoint(7);
  });
  run.outcome = job.run(
      [&](Environment& env) {
        env.enable_checkpointing(1h, {.backend = {.kind = backend}});
        counting(gate, words)(env);
      },
      parallelism);
  run.spoken = words->spoken();
  return run;
}

/// Goes on from the checkpoint, and says what the sink heard.
std::shared_ptr<Words> go_on(const CompletedCheckpoint& checkpoint, std::uint32_t parallelism) {
  LocalJob job;
  job.restore_from(checkpoint);
  auto gate = std::make_shared<Gate>();
  gate->open();
  auto words = std::make_shared<Words>();
  const JobOutcome outcome = job.run(counting(gate, words), parallelism);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  return words;
}

void check_exact(Words& words) {
  const auto last = words.last();
  CHECK(last.size() == kKeys);
  for (const auto& [key, count] : last) {
    CAPTURE(key);
    CHECK(count == kCount / kKeys);
  }
}

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
  const FirstRun first = run_with_checkpoint(job, 4, directory.path(), BackendKind::FileSystem);
  REQUIRE_MESSAGE(first.checkpoint.has_value(), first.checkpoint.error().what);
  CompletedCheckpoint checkpoint = *first.checkpoint;
  checkpoint.root = directory.path();
  bool has_file = false;
  for (const auto& [id, state] : checkpoint.operators)
    for (const auto& [subtask, snapshot] : state.subtasks) has_file |= !snapshot.state.path.empty();
  CHECK(has_file);
  check_exact(*go_on(checkpoint, 3));
}

TEST_CASE("a checkpoint without a place for its files is declined, and the job runs on") {
  LocalJob job;
  const FirstRun first = run_with_checkpoint(job, 2, "", BackendKind::FileSystem);
  REQUIRE_FALSE(first.checkpoint);
  CHECK(first.checkpoint.error().what.find("state.checkpoints.dir") != std::string::npos);
  CHECK(first.outcome.status == JobStatus::Finished);
  CHECK(first.spoken == kCount);
}

TEST_CASE("a disk that cannot be written declines the checkpoint with its cause, and the job runs on") {
  LocalJob job;
  const FirstRun first = run_with_checkpoint(job, 2, "/proc/no-such-place", BackendKind::FileSystem);
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
    job.await_finished(1);
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

}  // namespace
