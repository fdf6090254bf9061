// SPDX-License-Identifier: Apache-2.0
// What checkpoints cost the job whose state they save, and how fast it is back. Each part runs in one
// process, with and without checkpoints in turn: single figures say as much about the machine's other
// tenants.
//
// usage: state_bench heap|incremental|small|store DIRECTORY [KEYS]
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sync.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/state/rocksdb_backend.h"
#include "execution/operators/keyed_reduce.h"
#include "test/support/local_job.h"

namespace weir::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using testing::JobOutcome;
using testing::LocalJob;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// About a hundred bytes a key.
struct Account {
  std::uint64_t id = 0;
  std::int64_t balance = 0;
  std::array<std::uint64_t, 10> history{};
};

/// Keys first one by one, then at random.
std::uint64_t key_of(std::uint64_t number, std::uint64_t keys) {
  return number < keys ? number : KeyHash<std::uint64_t>::hash(number) % keys;
}

/// What the record path sees of time: how many records there were, and the longest pause between some.
///
/// Threads: on_record() by the task's, the rest by another.
class RecordPath {
public:
  void on_record() {
    count_.store(++own_count_, std::memory_order_relaxed);
    if (own_count_ % kEvery != 0) return;
    const Clock::time_point now = Clock::now();
    const auto pause = std::chrono::duration_cast<std::chrono::microseconds>(now - last_).count();
    last_ = now;
    if (pause > longest_us_.load(std::memory_order_relaxed)) longest_us_ = pause;
    if (own_count_ % (kEvery * 256) == 0) note_cpu_time();
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double cpu_seconds() const { return static_cast<double>(cpu_ns_) / 1e9; }
  /// Since it was asked last.
  [[nodiscard]] double longest_pause_ms() { return static_cast<double>(longest_us_.exchange(0)) / 1e3; }
  void await(std::uint64_t count) const {
    while (count_ < count) pause(10);
  }
  static void pause(int ms) {
    Mutex lock;
    CondVar never;
    MutexLock held(lock);
    (void)never.wait_until(lock, SystemClock{}.now() + std::chrono::milliseconds(ms));
  }

private:
  static constexpr std::uint64_t kEvery = 64;

  void note_cpu_time() {
    ::timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    cpu_ns_ = time.tv_sec * 1'000'000'000 + time.tv_nsec;
  }

  std::uint64_t own_count_ = 0;
  Clock::time_point last_ = Clock::now();
  std::atomic<std::uint64_t> count_ = 0;
  std::atomic<std::int64_t> longest_us_ = 0;
  std::atomic<std::int64_t> cpu_ns_ = 0;
};

/// A keyed sum that goes on until it is stopped.
LocalJob::Build summing(std::uint64_t keys, std::shared_ptr<RecordPath> path, StateBackend backend,
                        std::shared_ptr<std::atomic<std::uint64_t>> limit) {
  return [=](Environment& env) {
    env.enable_checkpointing(1h, {.backend = backend});
    env.generate(std::uint64_t{1} << 60,
                 [=, next = std::uint64_t{0}](std::uint64_t) mutable {
                   if (next < limit->load(std::memory_order_relaxed)) return Account{key_of(next++, keys), 1};
                   RecordPath::pause(1);  // one key goes on, so that the source hears of checkpoints
                   return Account{0, 1};
                 })
        .key_by(&Account::id)
        .sum(&Account::balance)
        .uid("sums")
        .for_each([path](const Account&) { path->on_record(); });
  };
}

void expect_ended(const JobOutcome& outcome) {
  if (outcome.status == JobStatus::Finished || outcome.status == JobStatus::Canceled) return;
  std::fprintf(stderr, "the job failed: %s\n", outcome.failure.c_str());
  std::exit(1);
}

std::uint64_t bytes_below(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size()));
  return values[std::min(values.size() - 1, at)];
}

struct Phase {
  double rate = 0;      // records a second
  double cpu_rate = 0;  // records a second of the task's processor time
  std::vector<double> pauses_ms;  // the longest of each checkpoint interval
};

/// Runs phases without and with checkpoints in turn on a job that runs.
class Alternation {
public:
  Alternation(LocalJob& job, RecordPath& path, std::string root)
      : job_(job), path_(path), root_(std::move(root)) {}

  CompletedCheckpoint checkpoint() {
    const CheckpointId id = ++last_id_;
    job_.trigger_checkpoint(id, root_);
    auto done = job_.await_checkpoint(id);
    if (!done) {
      std::fprintf(stderr, "checkpoint %lu: %s\n", static_cast<unsigned long>(id), done.error().what.c_str());
      std::exit(1);
    }
    if (id > 1) fs::remove_all(root_ + "/" + directory_of(id - 1));
    return *std::move(done);
  }

  Phase run(bool with_checkpoints, int intervals, int interval_ms) {
    Phase phase;
    (void)path_.longest_pause_ms();
    const auto start = Clock::now();
    const std::uint64_t before = path_.count();
    const double cpu_before = path_.cpu_seconds();
    for (int i = 0; i < intervals; ++i) {
      const auto due = Clock::now() + std::chrono::milliseconds(interval_ms);
      if (with_checkpoints) {
        const auto begun = Clock::now();
        (void)checkpoint();
        durations_s_.push_back(seconds_since(begun));
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now()).count();
      if (left > 0) RecordPath::pause(static_cast<int>(left));
      phase.pauses_ms.push_back(path_.longest_pause_ms());
    }
    const auto records = static_cast<double>(path_.count() - before);
    phase.rate = records / seconds_since(start);
    phase.cpu_rate = records / (path_.cpu_seconds() - cpu_before);
    return phase;
  }
  [[nodiscard]] const std::vector<double>& durations_s() const { return durations_s_; }

private:
  LocalJob& job_;
  RecordPath& path_;
  const std::string root_;
  CheckpointId last_id_ = 0;
  std::vector<double> durations_s_;
};

void compare(Alternation& turns, int rounds, int intervals, int interval_ms) {
  std::vector<double> ratios, cpu_ratios, pauses, pauses_without;
  for (int round = 0; round < rounds; ++round) {
    const Phase without = turns.run(false, intervals, interval_ms);
    const Phase with = turns.run(true, intervals, interval_ms);
    ratios.push_back(with.rate / without.rate);
    cpu_ratios.push_back(with.cpu_rate / without.cpu_rate);
    pauses.insert(pauses.end(), with.pauses_ms.begin(), with.pauses_ms.end());
    pauses_without.insert(pauses_without.end(), without.pauses_ms.begin(), without.pauses_ms.end());
    std::printf("  round %d: %.2f M records/s without, %.2f with; ratio %.2f, of processor time %.2f\n",
                round + 1, without.rate / 1e6, with.rate / 1e6, ratios.back(), cpu_ratios.back());
    std::fflush(stdout);
  }
  std::printf("throughput with checkpoints, ratio: median %.2f; by the task's processor time: %.2f\n",
              percentile(ratios, 0.5), percentile(cpu_ratios, 0.5));
  std::printf("longest pause of an interval, ms: with p50 %.1f, p99 %.1f; without p50 %.1f, p99 %.1f\n",
              percentile(pauses, 0.5), percentile(pauses, 0.99), percentile(pauses_without, 0.5),
              percentile(pauses_without, 0.99));
  std::printf("a checkpoint took, s: median %.2f\n", percentile(turns.durations_s(), 0.5));
}

/// From the page cache into tables, by the operator's own code.
void restore(const std::string& root, const CompletedCheckpoint& checkpoint) {
  using KeyField = std::uint64_t Account::*;
  using Fold = SumFold<Account, std::int64_t Account::*>;
  const OperatorSnapshot* state = nullptr;
  for (const auto& [id, each] : checkpoint.operators)
    for (const auto& [subtask, snapshot] : each.subtasks)
      if (snapshot.key_groups.first <= snapshot.key_groups.last) state = &snapshot;
  std::vector<double> rates;
  for (int round = 0; round < 5; ++round) {
    LocalFileSystem files;
    const auto begun = Clock::now();
    OperatorContext::Restored restored{.checkpoint = 1};
    auto bytes = open_state(files, root, state->state);
    restored.files.push_back(*StateFile::open(*std::move(bytes), "state"));
    OperatorContext context({.operator_name = "sums"});
    context.begin_restore(std::move(restored));
    KeyedReduce<Account, KeyField, Fold> sums(&Account::id, Fold{{&Account::balance}}, Emit::Updates);
    sums.bind(context);
    sums.open(context);
    context.end_restore();
    rates.push_back(static_cast<double>(state->state.bytes) / seconds_since(begun) / 1e6);
  }
  std::printf("restore, MB/s: median %.0f, best %.0f, of %.0f MB\n", percentile(rates, 0.5),
              *std::ranges::max_element(rates), static_cast<double>(state->state.bytes) / 1e6);
}

/// Runs `measure` while the job runs that `build` describes, then ends it.
template <class Measure>
void while_running(LocalJob& job, const LocalJob::Build& build, Measure&& measure) {
  job.when_running([&] {
    measure();
    job.cancel();
  });
  expect_ended(job.run(build));
}

Worker::Options worker(const std::string& directory) {
  Worker::Options options{.slots = 2, .network_memory_bytes = 32 << 20, .managed_memory_bytes = 1 << 20};
  options.state.directory = directory + "/local";
  return options;
}

auto unlimited() { return std::make_shared<std::atomic<std::uint64_t>>(~std::uint64_t{0}); }

void bench_heap(const std::string& directory, std::uint64_t keys) {
  LocalJob job(worker(directory));
  const auto path = std::make_shared<RecordPath>();
  const std::string root = directory + "/checkpoints";
  std::optional<CompletedCheckpoint> last;
  while_running(job, summing(keys, path, {.kind = BackendKind::FileSystem}, unlimited()), [&] {
    path->await(keys + keys / 10);
    Alternation turns(job, *path, root);
    (void)turns.checkpoint();
    std::printf("heap, %.1f M keys, a checkpoint every 2 s\n", static_cast<double>(keys) / 1e6);
    compare(turns, 5, 3, 2000);
    last = turns.checkpoint();
  });
  restore(root, *last);
}

void bench_small(const std::string& directory) {
  LocalJob job(worker(directory));
  const auto path = std::make_shared<RecordPath>();
  while_running(job, summing(1000, path, {.kind = BackendKind::FileSystem}, unlimited()), [&] {
    path->await(1'000'000);
    Alternation turns(job, *path, directory + "/checkpoints");
    std::printf("1000 keys, a checkpoint every 100 ms\n");
    compare(turns, 5, 20, 100);
  });
}

void bench_incremental(const std::string& directory, std::uint64_t keys) {
  LocalJob job(worker(directory));
  const auto path = std::make_shared<RecordPath>();
  const auto limit = std::make_shared<std::atomic<std::uint64_t>>(keys);
  const std::string root = directory + "/checkpoints";
  while_running(job, summing(keys, path, {.kind = BackendKind::RocksDb, .incremental = true}, limit), [&] {
    path->await(keys);
    std::uint64_t on_disk = 0;
    std::uint64_t full = 0;
    std::printf("rocksdb, incremental, %.1f M keys, of which 1 %% change\n", static_cast<double>(keys) / 1e6);
    for (CheckpointId id = 1; id <= 6; ++id) {
      const auto begun = Clock::now();
      job.trigger_checkpoint(id, root);
      const auto done = job.await_checkpoint(id);
      if (!done) {
        std::fprintf(stderr, "checkpoint: %s\n", done.error().what.c_str());
        std::exit(1);
      }
      job.complete_checkpoint(id);
      const std::uint64_t written = bytes_below(root) - on_disk;
      on_disk += written;
      if (id == 1) full = written;
      std::printf("  checkpoint %lu: %.1f MB written, %.2f %% of the full one, in %.2f s\n",
                  static_cast<unsigned long>(id), static_cast<double>(written) / 1e6,
                  100 * static_cast<double>(written) / static_cast<double>(full), seconds_since(begun));
      std::fflush(stdout);
      *limit += keys / 100;
      path->await(*limit);
    }
    *limit = ~std::uint64_t{0};
  });
}

/// What 60 incremental checkpoints of a store alone would write, of which 1 % changes between one and the
/// next. Its memory is as much smaller than usual as it has fewer than 1e7 rows, so that it merges as often.
void bench_store(const std::string& directory, std::uint64_t rows) {
  constexpr int kSaves = 60;
  constexpr std::uint64_t kUsualRows = 10'000'000;
  const std::size_t memory = (std::size_t{64} << 20) * rows / kUsualRows;
  fs::create_directories(directory);
  const auto store = open_rocksdb({.directory = directory + "/db", .memtable_bytes = memory});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().what.c_str());
    std::exit(1);
  }
  const auto put = [&](std::uint64_t row) {
    const std::array<std::uint64_t, 2> key{KeyHash<std::uint64_t>::hash(row), row};
    const std::array<std::uint64_t, 12> value{row};
    (*store)->column("rows").put(std::as_bytes(std::span(key)), std::as_bytes(std::span(value)));
  };
  for (std::uint64_t row = 0; row < rows; ++row) put(row);
  std::set<std::string> known;
  std::vector<double> parts;  // of the first, in percent
  double full = 0;
  for (std::uint64_t save = 0; save <= kSaves; ++save) {
    double written = 0;
    for (const ByteStore::File& file : (*store)->save(directory + "/saved"))
      if (file.is_final && known.insert(file.name).second) written += static_cast<double>(file.bytes);
    fs::remove_all(directory + "/saved");
    if (save == 0) full = written;
    else parts.push_back(100 * written / full);
    RecordPath::pause(500);  // so that it can merge
    for (std::uint64_t i = 0; i < rows / 100; ++i) put(KeyHash<std::uint64_t>::hash(save * rows + i) % rows);
  }
  double sum = 0;
  for (const double part : parts) sum += part;
  std::printf(
      "rocksdb alone, %.1f M rows, of which 1 %% change: files of %.0f MB, then %% of it, mean %.1f, median "
      "%.1f, "
      "most %.0f; above 5 %%: %ld of %d\n",
      static_cast<double>(rows) / 1e6, full / 1e6, sum / kSaves, percentile(parts, 0.5), percentile(parts, 1),
      std::ranges::count_if(parts, [](double part) { return part > 5; }), kSaves);
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  if (argc < 3) {
    std::fprintf(stderr, "usage: state_bench heap|incremental|small|store DIRECTORY [KEYS]\n");
    return 2;
  }
  const std::string_view part = argv[1];
  const std::uint64_t keys = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 10'000'000;
  if (part == "heap") bench_heap(argv[2], keys);
  else if (part == "small") bench_small(argv[2]);
  else if (part == "incremental") bench_incremental(argv[2], keys);
  else if (part == "store") bench_store(argv[2], std::min<std::uint64_t>(keys, 1'000'000));
  else return 2;
}
