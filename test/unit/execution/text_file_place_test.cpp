// SPDX-License-Identifier: Apache-2.0
// A text file is read on from a checkpoint: each line once, whatever was under way and however the file is
// cut afterwards.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "execution/operators/text_file_source.h"
#include "test/support/operator_checkpoint.h"
#include "test/support/operator_ends.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using namespace weir::testing;

namespace {

using Lines = std::vector<std::string>;

/// The JobManager's desk: deals ranges of the file to all subtasks; after a restart all of them again.
class Desk {
public:
  /// No ranges: each subtask reads its own share.
  explicit Desk(std::vector<std::string> splits) : splits_(std::move(splits)) {}
  [[nodiscard]] bool is_open() const { return !splits_.empty(); }
  [[nodiscard]] std::optional<std::string> next() {
    if (next_ == splits_.size()) return std::nullopt;
    return splits_[next_++];
  }

private:
  const std::vector<std::string> splits_;
  std::size_t next_ = 0;
};

/// The task of one subtask: ends it when it has sent so many lines, as if it was killed there.
class Subtask final : private std::atomic<std::uint32_t>, public SourceLoop, private Input<std::string> {
public:
  Subtask(Desk& desk, std::string path, std::uint32_t index, std::uint32_t parallelism)
      : SourceLoop(static_cast<std::atomic<std::uint32_t>&>(*this)),
        desk_(desk),
        source_(std::move(path)),
        context_({"source", index, parallelism, 128}) {}

  void restore(const OperatorCheckpoint& checkpoint) {
    context_.begin_restore(checkpoint.for_subtask(context_.subtask_index(), context_.parallelism()));
  }
  void open() {
    source_.open(context_);
    if (context_.is_restored()) context_.end_restore();
  }
  /// Reads until `most` lines were sent; it goes on from there with the next call.
  void run(std::size_t most) {
    left_ = most;
    SourceContext<std::string> context(*this, *this, context_);
    source_.run(context);
  }
  void snapshot_into(OperatorCheckpoint& checkpoint) {
    source_.snapshot(1);
    checkpoint.add(context_);
  }
  [[nodiscard]] const Lines& lines() const { return lines_; }

private:
  void process(const std::string& line, EventTime) override {
    lines_.push_back(line);
    if (--left_ == 0) stop();
  }
  void take_letters() override {}
  void await_until(TimePoint) override {}
  void await_readable(int) override {}
  [[nodiscard]] bool has_input_splits() const override { return desk_.is_open(); }
  [[nodiscard]] std::optional<std::string> next_input_split() override {
    return is_running() ? desk_.next() : std::nullopt;
  }

  Desk& desk_;
  TextFileSource source_;
  OperatorContext context_;
  std::size_t left_ = 0;
  Lines lines_;
};

constexpr std::size_t kAll = SIZE_MAX;

/// One life of the source: begins at the checkpoint, if there is one, and leaves another.
OperatorCheckpoint live(const std::string& path, Desk desk, std::uint32_t parallelism,
                        const OperatorCheckpoint* from, const std::vector<std::size_t>& most, Lines& read) {
  OperatorCheckpoint after;
  for (std::uint32_t index = 0; index < parallelism; ++index) {
    Subtask subtask(desk, path, index, parallelism);
    if (from != nullptr) subtask.restore(*from);
    subtask.open();
    if (most[index] > 0) subtask.run(most[index]);  // else the checkpoint comes before its first line
    subtask.snapshot_into(after);
    read.insert(read.end(), subtask.lines().begin(), subtask.lines().end());
  }
  return after;
}

class RandomLives {
public:
  explicit RandomLives(std::uint32_t seed) : random_(seed) {}

  std::string text() {
    std::string text;
    line_count_ = random_() % 40;
    for (std::size_t line = 0; line < line_count_; ++line) {
      text += std::string(random_() % 12, static_cast<char>('a' + line % 26));
      if (random_() % 4 == 0) text += '\r';
      if (line + 1 < line_count_ || random_() % 2 == 0) text += '\n';
    }
    return text;
  }
  std::uint32_t parallelism() { return 1 + random_() % 5; }
  Desk desk(std::size_t file_bytes) {
    std::vector<std::string> splits;
    if (random_() % 3 == 0) return Desk(splits);
    std::size_t begin = 0;
    while (begin < file_bytes) {
      const std::size_t end = begin + 1 + random_() % 40;
      splits.push_back(std::to_string(begin) + " " +
                       std::to_string(end >= file_bytes ? std::numeric_limits<std::uint64_t>::max() : end));
      begin = end;
    }
    return Desk(std::move(splits));
  }
  std::vector<std::size_t> most(std::uint32_t parallelism) {
    std::vector<std::size_t> most;
    for (std::uint32_t i = 0; i < parallelism; ++i) most.push_back(random_() % (line_count_ / 2 + 2));
    return most;
  }

private:
  std::mt19937 random_;
  std::size_t line_count_ = 0;
};

Lines sorted(Lines lines) {
  std::ranges::sort(lines);
  return lines;
}

Lines all_lines(const std::string& path) {
  Lines lines;
  (void)live(path, Desk({}), 1, nullptr, {kAll}, lines);
  return sorted(lines);
}

}  // namespace

TEST_CASE("every line is read once over any number of checkpoints, parallelisms and ways to cut the file") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  const TemporaryDirectory directory;
  RandomLives lives(seed);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const std::string text = lives.text();
    const std::string path = directory.file("text", text);
    Lines read;
    std::optional<OperatorCheckpoint> last;
    for (int life = 0; life < 4; ++life) {
      const std::uint32_t parallelism = lives.parallelism();
      const auto most = life < 3 ? lives.most(parallelism) : std::vector<std::size_t>(parallelism, kAll);
      last = live(path, lives.desk(text.size()), parallelism, last ? &*last : nullptr, most, read);
    }
    REQUIRE(sorted(read) == all_lines(path));
  }
}

TEST_CASE("a line that was sent after the checkpoint is sent again, and none before it") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("text", "one\ntwo\nthree\nfour");
  Lines before;
  const OperatorCheckpoint middle = live(path, Desk({}), 1, nullptr, {2}, before);
  CHECK(before == Lines{"one", "two"});
  for (int attempt = 0; attempt < 2; ++attempt) {
    Lines after;
    (void)live(path, Desk({}), 1, &middle, {kAll}, after);
    CHECK(after == Lines{"three", "four"});
  }
}

TEST_CASE("what was taken is kept as few ranges, whoever took it") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("text", std::string(1000, '\n'));
  std::vector<std::string> splits;
  for (int begin = 0; begin < 1000; ++begin)
    splits.push_back(std::to_string(begin) + " " + std::to_string(begin + 1));
  Lines read;
  OperatorCheckpoint middle = live(path, Desk(splits), 4, nullptr, {100, 200, 300, 50}, read);
  middle = live(path, Desk(splits), 4, &middle, {0, 0, 0, 0}, read);
  OperatorContext context({"source", 0, 1, 128});
  context.begin_restore(middle.for_subtask(0, 1));
  CHECK(context.operator_state().union_list_state<ByteRange>("taken").get() ==
        std::vector<ByteRange>{{0, 650}});
  CHECK(context.operator_state().list_state<ByteRange>("reading").get().size() <= 4);
}
