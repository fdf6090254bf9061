// SPDX-License-Identifier: Apache-2.0
// What a two-phase-commit sink lets be seen: each record once, whenever its process or its machine dies.
#include "execution/operators/two_phase_commit_sink.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "execution/operators/part_files.h"
#include "test/support/crash_disk.h"
#include "test/support/operator_checkpoint.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using namespace weir::testing;

namespace {

using Numbers = std::vector<int>;

constexpr JobId kJob{0x1111, 0};
constexpr OperatorId kOperator{0x2222'0000'0000, 0};
constexpr const char* kFolder = "/out";

/// What a reader of the folder sees.
Numbers seen(const CrashDisk& disk) {
  Numbers all;
  for (const auto& [path, content] : disk.files()) {
    if (path.find("/.") != std::string::npos) continue;
    for (const std::string& line : sorted_lines(content)) all.push_back(std::stoi(line));
  }
  std::ranges::sort(all);
  return all;
}

bool is_once_each(const Numbers& sorted) { return std::ranges::adjacent_find(sorted) == sorted.end(); }

Numbers numbers(int count) {
  Numbers all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

/// A subtask of the sink as its task treats it.
template <class Store>
class Subtask {
public:
  using Sink = TwoPhaseCommitSink<int, Store>;

  Subtask(Store store, std::uint32_t index, std::uint32_t parallelism, std::uint64_t attempt,
          bool is_checkpointed = true)
      : context_({"sink", index, parallelism, 128, is_checkpointed, kJob, kOperator, {attempt, index}}),
        sink_(std::move(store)) {
    sink_.bind(context_);
  }
  void open(const OperatorCheckpoint* from = nullptr) {
    if (from != nullptr)
      context_.begin_restore(from->for_subtask(context_.subtask_index(), context_.parallelism()));
    sink_.open(context_);
    if (from != nullptr) context_.end_restore();
  }
  void snapshot_into(OperatorCheckpoint& checkpoint, CheckpointId id) {
    sink_.snapshot(id);
    checkpoint.add(context_);
  }
  Sink* operator->() { return &sink_; }

private:
  OperatorContext context_;
  Sink sink_;
};

/// A job that writes the numbers below kCount, and goes on from its last checkpoint when it has died.
template <class Store>
class NumbersJob {
public:
  static constexpr int kCount = 20;

  explicit NumbersJob(std::shared_ptr<CrashDisk> disk) : disk_(std::move(disk)) {}

  /// False: it died.
  bool live(std::uint32_t parallelism) {
    try {
      run(parallelism);
      return true;
    } catch (...) {  // the crash, under whatever name
      if (!disk_->is_dead()) throw;
      return false;
    }
  }

private:
  using Subtasks = std::vector<std::unique_ptr<Subtask<Store>>>;

  void run(std::uint32_t parallelism) {
    ++attempt_;
    Subtasks sinks;
    for (std::uint32_t i = 0; i < parallelism; ++i)
      sinks.push_back(
          std::make_unique<Subtask<Store>>(Store(PartFiles(kFolder, disk_)), i, parallelism, attempt_));
    for (auto& sink : sinks) sink->open(last_ ? &*last_ : nullptr);
    int next = last_next_;
    while (next < kCount) {
      for (int i = 0; i < 7 && next < kCount; ++i, ++next)
        (*sinks[static_cast<std::size_t>(next) % sinks.size()])->process(next, EventTime::none());
      if (next == kCount) break;
      checkpoint(sinks, next);
    }
    for (auto& sink : sinks) (*sink)->finish();
    checkpoint(sinks, next);
    for (auto& sink : sinks) {
      REQUIRE_FALSE((*sink)->awaits_checkpoint());
      (*sink)->snapshot(kStateAtTheEnd);
      (*sink)->close();
    }
  }
  void checkpoint(Subtasks& sinks, int next) {
    const CheckpointId id = ++checkpoint_;
    OperatorCheckpoint checkpoint(id);
    for (auto& sink : sinks) sink->snapshot_into(checkpoint, id);
    last_ = std::move(checkpoint);  // it is complete from here on
    last_next_ = next;
    for (auto& sink : sinks) (*sink)->on_checkpoint_complete(id);
  }

  const std::shared_ptr<CrashDisk> disk_;
  std::uint64_t attempt_ = 0;
  CheckpointId checkpoint_ = 0;
  std::optional<OperatorCheckpoint> last_;
  int last_next_ = 0;
};

enum class Death { Process, Machine };

/// Dies at the given steps, one life after the other, and then lives to its end. What was lost or seen twice
/// is the answer.
template <class Store>
std::string deaths(const std::vector<std::pair<std::uint64_t, Death>>& at, std::uint32_t parallelism) {
  auto disk = std::make_shared<CrashDisk>();
  NumbersJob<Store> job(disk);
  for (const auto& [step, death] : at) {
    disk->crash_at(step);
    if (job.live(parallelism)) return "";
    if (death == Death::Machine) disk->cut_power();
    if (!is_once_each(seen(*disk))) return "seen twice after a death";
    parallelism = parallelism % 3 + 1;
  }
  disk->crash_at(CrashDisk::kNever);
  if (!job.live(parallelism)) return "dead without a crash";
  disk->cut_power();
  const Numbers at_the_end = seen(*disk);
  if (!is_once_each(at_the_end)) return "seen twice at the end";
  if (at_the_end != numbers(NumbersJob<Store>::kCount)) return "lost";
  for (const auto& [path, content] : disk->files())
    if (path.find("/.") != std::string::npos) return "left behind: " + path;
  return "";
}

std::uint64_t steps_of_a_life(std::uint32_t parallelism) {
  auto disk = std::make_shared<CrashDisk>();
  disk->crash_at(CrashDisk::kNever);
  REQUIRE(NumbersJob<TextPartFiles<int>>(disk).live(parallelism));
  return disk->steps();
}

/// The first death at which something is wrong.
template <class Store>
std::string worst_of_all_steps(std::uint32_t parallelism) {
  for (const Death death : {Death::Process, Death::Machine}) {
    for (std::uint64_t step = 1; step <= steps_of_a_life(parallelism); ++step) {
      const std::string wrong = deaths<Store>({{step, death}}, parallelism);
      if (!wrong.empty()) return wrong + ", death before step " + std::to_string(step);
    }
  }
  return "";
}

/// Makes visible what is only prepared.
class CommitsTooEarly : public TextPartFiles<int> {
public:
  using TextPartFiles<int>::TextPartFiles;
  Transaction prepare(CheckpointId checkpoint) {
    const Transaction made = TextPartFiles<int>::prepare(checkpoint);
    commit(made);
    return made;
  }
};

/// Commits only what it still remembers: what a checkpoint holds it forgets.
class ForgetsPending : public TextPartFiles<int> {
public:
  using TextPartFiles<int>::TextPartFiles;
  void open(const OperatorContext& context, const std::vector<Transaction>&) {
    TextPartFiles<int>::open(context, {});
  }
};

}  // namespace

TEST_CASE("each record is seen once, wherever the process or the machine dies") {
  for (std::uint32_t parallelism = 1; parallelism <= 3; ++parallelism)
    CHECK(worst_of_all_steps<TextPartFiles<int>>(parallelism) == "");
}

TEST_CASE("each record is seen once after many deaths in a row") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::pair<std::uint64_t, Death>> at;
    for (auto count = 1 + random() % 6; count > 0; --count)
      at.emplace_back(1 + random() % 60, random() % 2 == 0 ? Death::Process : Death::Machine);
    CAPTURE(round);
    REQUIRE(deaths<TextPartFiles<int>>(at, 1 + random() % 3) == "");
  }
}

TEST_CASE("these tests see a sink that commits too early, and one that forgets what a checkpoint holds") {
  CHECK_THROWS_WITH_AS(worst_of_all_steps<CommitsTooEarly>(2), doctest::Contains("goes back to checkpoint 0"),
                       std::runtime_error);
  CHECK(worst_of_all_steps<ForgetsPending>(2).starts_with("lost"));
}

TEST_CASE("what is written is seen when a checkpoint behind it is complete, and not before") {
  auto disk = std::make_shared<CrashDisk>();
  Subtask sink(TextPartFiles<int>(PartFiles(kFolder, disk)), 0, 1, 1);
  OperatorCheckpoint ignored;
  sink.open();
  sink->process(1, EventTime::none());
  sink.snapshot_into(ignored, 7);
  sink->process(2, EventTime::none());
  sink.snapshot_into(ignored, 8);  // 7 was never completed, or nobody heard of it
  sink->process(3, EventTime::none());
  sink->on_checkpoint_aborted(7);
  CHECK(seen(*disk).empty());
  SUBCASE("one that was aborted is committed with the next") {
    sink->on_checkpoint_complete(8);
    CHECK(seen(*disk) == Numbers{1, 2});
  }
  SUBCASE("a later one waits for its own") {
    sink->on_checkpoint_complete(7);
    CHECK(seen(*disk) == Numbers{1});
    CHECK(sink->awaits_checkpoint());
    sink.snapshot_into(ignored, 9);
    sink->on_checkpoint_complete(9);
    CHECK(seen(*disk) == Numbers{1, 2, 3});
    CHECK_FALSE(sink->awaits_checkpoint());
  }
  SUBCASE("a task that ends in the middle leaves what is prepared, for whoever goes on") {
    sink->close();
    CHECK(seen(*disk).empty());
    CHECK(disk->files().size() == 2);
  }
}

TEST_CASE("without checkpoints all is seen when the input has ended, and a new attempt replaces the last") {
  auto disk = std::make_shared<CrashDisk>();
  for (std::uint64_t attempt = 1; attempt <= 2; ++attempt) {
    Subtask sink(TextPartFiles<int>(PartFiles(kFolder, disk)), 0, 1, attempt, false);
    sink.open();
    for (const int number : {1, 2, 3}) sink->process(number, EventTime::none());
    CHECK(seen(*disk).size() == (attempt - 1) * 3);
    sink->finish();
    CHECK_FALSE(sink->awaits_checkpoint());
    sink->close();
    CHECK(seen(*disk) == Numbers{1, 2, 3});
  }
}

TEST_CASE("an attempt that goes on after its end was decided writes nothing that is seen") {
  auto disk = std::make_shared<CrashDisk>();
  const auto start = [&](std::uint64_t attempt) {
    return std::make_unique<Subtask<TextPartFiles<int>>>(TextPartFiles<int>(PartFiles(kFolder, disk)), 0, 1,
                                                         attempt);
  };
  OperatorCheckpoint four(4), ignored;
  const auto zombie = start(1);
  zombie->open();
  (*zombie)->process(1, EventTime::none());
  zombie->snapshot_into(four, 4);  // completes; then the process freezes
  (*zombie)->process(2, EventTime::none());

  const auto heir = start(2);
  heir->open(&four);
  CHECK(seen(*disk) == Numbers{1});
  (*heir)->process(2, EventTime::none());
  (*heir)->process(3, EventTime::none());

  (*zombie)->on_checkpoint_complete(4);  // its mail had waited
  (*zombie)->process(77, EventTime::none());
  CHECK_THROWS((*zombie).snapshot_into(ignored, 5));  // its file is gone
  (*zombie)->close();

  heir->snapshot_into(ignored, 6);
  (*heir)->on_checkpoint_complete(6);
  CHECK(seen(*disk) == Numbers{1, 2, 3});
}

TEST_CASE("a job does not go back behind what is committed") {
  auto disk = std::make_shared<CrashDisk>();
  OperatorCheckpoint four(4), ignored;
  {
    Subtask sink(TextPartFiles<int>(PartFiles(kFolder, disk)), 0, 1, 1);
    sink.open();
    sink->process(1, EventTime::none());
    sink.snapshot_into(four, 4);
    sink->process(2, EventTime::none());
    sink.snapshot_into(ignored, 5);
    sink->on_checkpoint_complete(5);
  }
  Subtask sink(TextPartFiles<int>(PartFiles(kFolder, disk)), 0, 1, 2);
  CHECK_THROWS_WITH_AS(sink.open(&four), doctest::Contains("goes back to checkpoint 4"), std::runtime_error);
}

TEST_CASE("a file that was committed and is not there any more is no failure: its reader took it away") {
  auto disk = std::make_shared<CrashDisk>();
  OperatorCheckpoint four(4);
  {
    Subtask sink(TextPartFiles<int>(PartFiles(kFolder, disk)), 0, 1, 1);
    sink.open();
    sink->process(1, EventTime::none());
    sink.snapshot_into(four, 4);
    sink->on_checkpoint_complete(4);
  }
  const auto files = disk->files();
  REQUIRE(files.size() == 1);
  REQUIRE(disk->remove(files.begin()->first));
  Subtask sink(TextPartFiles<int>(PartFiles(kFolder, disk)), 0, 1, 2);
  sink.open(&four);
  CHECK_FALSE(sink->awaits_checkpoint());
}

TEST_CASE("other jobs, other sinks and other people's files in the folder are left alone") {
  const TemporaryDirectory folder;
  const std::vector<std::string> others = {".hidden", "part-0000000000001111-2222-0-9", "part-", "notes.txt",
                                           ".part-0000000000001111-00003333-0-4.ready"};
  for (const std::string& name : others) folder.file(name, "x");
  Subtask sink(TextPartFiles<int>(PartFiles(folder.path())), 0, 1, 1);
  sink.open();
  sink->process(1, EventTime::none());
  OperatorCheckpoint ignored;
  sink.snapshot_into(ignored, 1);
  sink->on_checkpoint_complete(1);
  sink->close();
  LocalFileSystem files;
  CHECK(files.list(folder.path())->size() == others.size() + 1);
}
