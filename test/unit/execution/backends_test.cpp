// SPDX-License-Identifier: Apache-2.0
// Whole jobs on each state backend: what they hand in is enough to go on from, at any parallelism, and
// nothing stays of what was given up.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/snapshot/file_storage.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"
#include "test/unit/execution/counting_job.h"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr StateBackend kInFiles{.kind = BackendKind::FileSystem};
constexpr StateBackend kRocksDb{.kind = BackendKind::RocksDb};
constexpr StateBackend kIncremental{.kind = BackendKind::RocksDb, .incremental = true};

/// Each test that begins with this is run on each.
StateBackend any_backend() {
  StateBackend backend = kInFiles;
  SUBCASE("on the heap, in files") {}
  SUBCASE("in rocksdb") { backend = kRocksDb; }
  SUBCASE("in rocksdb, incremental") { backend = kIncremental; }
  return backend;
}

Worker::Options worker_in(const TemporaryDirectory& directory, FileSystem* files = nullptr) {
  Worker::Options options = small_worker();
  options.state.directory = directory.path("local");
  options.state.files = files;
  options.state.inline_bytes = 0;
  return options;
}

/// Counts numbers by key, up to a limit that a test raises. One more key goes on for ever, so that the
/// sources hear of checkpoints.
class SteadyJob {
public:
  explicit SteadyJob(std::uint32_t sources) : sources_(sources) {}

  [[nodiscard]] LocalJob::Build build(StateBackend backend) {
    return [this, backend](Environment& env) {
      env.enable_checkpointing(1h, {.backend = backend});
      env.generate(std::uint64_t{1} << 60, [this, next = std::uint64_t{0}](std::uint64_t) mutable {
           return next < limit_ ? Tally{next++ % kKeys, 1} : Tally{kKeys, 1};
         })
          .key_by(&Tally::key)
          .sum(&Tally::count)
          .uid("sums")
          .for_each([this](const Tally& tally) { note(tally); });
    };
  }
  /// Each source has made so many numbers, and all of them are counted.
  void run_to(std::uint64_t limit) WEIR_EXCLUDES(lock_) {
    limit_ = limit;
    MutexLock held(lock_);
    while (counted_ < limit * sources_) changed_.wait(lock_);
  }
  /// By key the last sum.
  [[nodiscard]] std::map<std::uint64_t, std::int64_t> sums() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    return sums_;
  }

private:
  void note(const Tally& tally) WEIR_EXCLUDES(lock_) {
    if (tally.key == kKeys) return;
    MutexLock held(lock_);
    ++counted_;
    sums_[tally.key] = std::max(sums_[tally.key], tally.count);
    changed_.notify_all();
  }

  const std::uint32_t sources_;
  std::atomic<std::uint64_t> limit_ = 0;
  Mutex lock_;
  CondVar changed_;
  std::uint64_t counted_ WEIR_GUARDED_BY(lock_) = 0;
  std::map<std::uint64_t, std::int64_t> sums_ WEIR_GUARDED_BY(lock_);
};

/// The paths of all files below.
std::set<std::string> files_below(const std::string& directory) {
  std::set<std::string> files;
  if (!std::filesystem::exists(directory)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) files.insert(entry.path().string());
  return files;
}

std::vector<StateHandle> shared_files_of(const CompletedCheckpoint& checkpoint) {
  std::vector<StateHandle> files;
  for (const auto& [id, state] : checkpoint.operators)
    for (const auto& [subtask, snapshot] : state.subtasks)
      files.insert(files.end(), snapshot.shared.begin(), snapshot.shared.end());
  return files;
}

void flip_bit(const std::string& path, std::uint64_t bit) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(bit / 8));
  const int byte = file.get() ^ (1 << bit % 8);
  file.seekp(static_cast<std::streamoff>(bit / 8));
  file.put(static_cast<char>(byte));
}

}  // namespace

TEST_CASE("a job goes on from each backend on each other, at any parallelism, and every record counts once") {
  const StateBackend backend = any_backend();
  for (const std::uint32_t before : {1u, 2u}) {
    const TemporaryDirectory directory;
    LocalJob job(worker_in(directory));
    const FirstRun first = run_with_checkpoint(job, before, directory.path("checkpoints"), backend);
    REQUIRE_MESSAGE(first.checkpoint.has_value(), first.checkpoint.error().what);
    CHECK_MESSAGE(first.outcome.status == JobStatus::Finished, first.outcome.failure);
    CHECK(first.spoken == kCount);
    CHECK(shared_files_of(*first.checkpoint).empty() != backend.incremental);
    for (const std::uint32_t after : {1u, 2u, 3u}) {
      for (const StateBackend other : {kInFiles, kRocksDb, kIncremental}) {
        CAPTURE(before);
        CAPTURE(after);
        CAPTURE(static_cast<int>(other.kind));
        const auto words = go_on(*first.checkpoint, after, other);
        check_exact(*words);
        CHECK(words->spoken() < kCount);
      }
    }
  }
}

TEST_CASE("a disk that is full, broken or read-only declines the checkpoint and leaves nothing of it") {
  const StateBackend backend = any_backend();
  const TemporaryDirectory directory;
  const std::string root = directory.path("checkpoints");
  FaultyFileSystem disk;
  {
    LocalJob job(worker_in(directory, &disk));
    SteadyJob steady(2);
    job.when_running([&] {
      steady.run_to(500);
      CheckpointId id = 0;
      const auto declines_with = [&](const std::string& cause) {
        job.trigger_checkpoint(++id, root);
        const auto refused = job.await_checkpoint(id);
        CAPTURE(cause);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().what.find(cause) != std::string::npos);
        job.await_answers();  // of those too whose barrier comes later
        job.abort_checkpoint(id);
      };
      disk.write_error = ENOSPC;
      declines_with("No space left on device");
      disk.write_error = EIO;
      declines_with("Input/output error");
      disk.write_error = 0;
      disk.create_error = EROFS;
      declines_with("Read-only file system");
      disk.create_error = 0;
      disk.syncs = false;
      declines_with("sync failed");
      disk.syncs = true;
      job.trigger_checkpoint(20, root);
      const auto taken = job.await_checkpoint(20);
      REQUIRE_MESSAGE(taken.has_value(), taken.error().what);
      steady.run_to(1000);
      CHECK(steady.sums().at(7) == 2 * 1000 / static_cast<std::int64_t>(kKeys));
      job.cancel();
    });
    const JobOutcome outcome = job.run(steady.build(backend), 2);
    CHECK_MESSAGE(outcome.status == JobStatus::Canceled, outcome.failure);
  }
  for (const std::string& file : files_below(root)) {
    CAPTURE(file);
    CHECK((file.find("/chk-20/") != file.npos || file.find("-20.") != file.npos));
  }
  CHECK(files_below(directory.path("local")).empty());
}

TEST_CASE("a disk that is slow holds back the checkpoint, not the records") {
  const StateBackend backend = any_backend();
  const TemporaryDirectory directory;
  FaultyFileSystem disk;
  LocalJob job(worker_in(directory, &disk));
  SteadyJob steady(1);
  job.when_running([&] {
    steady.run_to(500);
    disk.hold();
    job.trigger_checkpoint(1, directory.path("checkpoints"));
    steady.run_to(5000);  // while nothing is written
    disk.let_go();
    const auto taken = job.await_checkpoint(1);
    CHECK_MESSAGE(taken.has_value(), (taken ? "" : taken.error().what));
    job.cancel();
  });
  (void)job.run(steady.build(backend));
}

TEST_CASE(
    "an incremental checkpoint names the files that the last complete one has, and writes only new ones") {
  const TemporaryDirectory directory;
  const std::string root = directory.path("checkpoints");
  LocalJob job(worker_in(directory));
  SteadyJob steady(1);
  std::vector<std::vector<StateHandle>> shared;
  std::optional<CompletedCheckpoint> last;
  job.when_running([&] {
    const auto take = [&](CheckpointId id, bool is_told) {
      steady.run_to(id * 1000);
      job.trigger_checkpoint(id, root);
      last = *job.await_checkpoint(id);
      last->root = root;
      shared.push_back(shared_files_of(*last));
      if (is_told) job.complete_checkpoint(id);
    };
    take(1, true);
    take(2, false);
    take(3, true);
    job.cancel();
  });
  (void)job.run(steady.build(kIncremental));
  REQUIRE(shared.size() == 3);
  const auto is_in = [](const StateHandle& file, const std::vector<StateHandle>& files) {
    return std::ranges::find(files, file) != files.end();
  };
  const auto named_again = [&](std::size_t later, std::size_t earlier) {
    return std::ranges::count_if(shared[later],
                                 [&](const auto& file) { return is_in(file, shared[earlier]); });
  };
  CHECK(named_again(1, 0) > 0);
  for (const StateHandle& file : shared[2])  // nobody said that 2 is complete: it may vanish
    CHECK((!is_in(file, shared[1]) || is_in(file, shared[0])));
  std::set<std::string> needed;
  for (const StateHandle& file : shared[2]) needed.insert(root + "/" + file.path);
  for (const std::string& file : files_below(root + "/shared"))
    if (!needed.contains(file)) std::filesystem::remove(file);

  LocalJob next(worker_in(directory));
  next.restore_from(*last);
  SteadyJob again(1);
  next.when_running([&] {
    again.run_to(1000);
    next.cancel();
  });
  (void)next.run(again.build(kIncremental));
  CHECK(again.sums().at(7) == (3000 + 1000) / static_cast<std::int64_t>(kKeys));
}

// Few checkpoints, as RocksDB merges files once there are four.
TEST_CASE("a task that goes on from an incremental checkpoint does not upload its files again") {
  const TemporaryDirectory directory;
  const std::string root = directory.path("checkpoints");
  std::optional<CompletedCheckpoint> last;
  const auto run_and_take = [&](CheckpointId id) {
    LocalJob job(worker_in(directory));
    if (last) job.restore_from(*last);
    SteadyJob steady(1);
    job.when_running([&] {
      steady.run_to(1000);
      job.trigger_checkpoint(id, root);
      last = *job.await_checkpoint(id);
      last->root = root;
      job.cancel();
    });
    (void)job.run(steady.build(kIncremental));
    return shared_files_of(*last);
  };
  const std::vector<StateHandle> uploaded = run_and_take(1);
  REQUIRE_FALSE(uploaded.empty());
  std::size_t kept = 0;
  for (const StateHandle& file : run_and_take(2)) kept += std::ranges::count(uploaded, file);
  CHECK(kept > 0);
}

TEST_CASE("every flipped bit and every truncation of a checkpoint's files is found before a task runs") {
  const StateBackend backend = any_backend();
  const TemporaryDirectory directory;
  const std::string root = directory.path("checkpoints");
  LocalJob job(worker_in(directory));
  const FirstRun first = run_with_checkpoint(job, 1, root, backend);
  REQUIRE(first.checkpoint);
  const auto is_sound = [&] {
    const JobOutcome outcome = restored_outcome(*first.checkpoint, backend);
    return outcome.status == JobStatus::Finished;
  };
  REQUIRE(is_sound());
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (const std::string& file : files_below(root)) {
    CAPTURE(file);
    const std::uint64_t bytes = std::filesystem::file_size(file);
    // All bits are tried where files are read: here a few show that tasks do read them so.
    const std::uint64_t bit = random() % (bytes * 8);
    CAPTURE(bit);
    flip_bit(file, bit);
    CHECK_FALSE(is_sound());
    flip_bit(file, bit);
    const std::string content = content_of(file);
    std::filesystem::resize_file(file, random() % bytes);
    CHECK_FALSE(is_sound());
    std::ofstream(file, std::ios::binary) << content;
  }
  CHECK(is_sound());
}
