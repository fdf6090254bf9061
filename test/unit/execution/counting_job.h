// SPDX-License-Identifier: Apache-2.0
// A job that counts, with a checkpoint in the middle.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/sync.h"
#include "test/support/gate.h"
#include "test/support/local_job.h"

namespace weir::testing {

struct Tally {
  std::uint64_t key = 0;
  std::int64_t count = 0;
};

inline constexpr std::uint64_t kCount = 20'000;
inline constexpr std::uint64_t kKeys = 100;
inline constexpr std::uint64_t kHalf = kCount / 2;

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

/// 0 to kCount - 1 by key, each of that worth. The sources wait before the second half.
inline OperatorStream<Tally> tallies(Environment& env, std::shared_ptr<Gate> gate, std::int64_t worth = 1) {
  return env.generate(kCount, [gate, worth](std::uint64_t number) {
    if (number >= kHalf) gate->pass();
    return Tally{number % kKeys, worth};
  });
}

/// Counts the numbers by key.
inline LocalJob::Build counting(std::shared_ptr<Gate> gate, std::shared_ptr<Words> words) {
  return [gate, words](Environment& env) {
    tallies(env, gate)
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
inline FirstRun run_with_checkpoint(LocalJob& job, std::uint32_t parallelism, const std::string& root = {},
                                    StateBackend backend = {.kind = BackendKind::Memory}) {
  auto gate = std::make_shared<Gate>();
  auto words = std::make_shared<Words>();
  FirstRun run;
  job.when_running([&] {
    gate->await_waiting(parallelism);
    job.trigger_checkpoint(7, root);
    gate->open();
    run.checkpoint = job.await_checkpoint(7);
    if (run.checkpoint) run.checkpoint->root = root;
  });
  run.outcome = job.run(
      [&](Environment& env) {
        env.enable_checkpointing(1h, {.backend = backend});
        counting(gate, words)(env);
      },
      parallelism);
  run.spoken = words->spoken();
  return run;
}

/// Goes on from the checkpoint, and says how that went.
inline JobOutcome restored_outcome(const CompletedCheckpoint& checkpoint, StateBackend backend,
                                   std::uint32_t parallelism = 1,
                                   std::shared_ptr<Words> words = std::make_shared<Words>()) {
  LocalJob job;
  job.restore_from(checkpoint);
  auto gate = std::make_shared<Gate>();
  gate->open();
  return job.run(
      [&](Environment& env) {
        env.enable_checkpointing(1h, {.backend = backend});
        counting(gate, words)(env);
      },
      parallelism);
}

/// Goes on from the checkpoint, and says what the sink heard.
inline std::shared_ptr<Words> go_on(const CompletedCheckpoint& checkpoint, std::uint32_t parallelism,
                                    StateBackend backend = {}) {
  auto words = std::make_shared<Words>();
  const JobOutcome outcome = restored_outcome(checkpoint, backend, parallelism, words);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  return words;
}

inline void check_exact(Words& words) {
  const auto last = words.last();
  CHECK(last.size() == kKeys);
  for (const auto& [key, count] : last) {
    CAPTURE(key);
    CHECK(count == kCount / kKeys);
  }
}

}  // namespace weir::testing
