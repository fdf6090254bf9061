// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/text_file_source.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "execution/operators/line_splitter.h"
#include "test/support/operator_ends.h"
#include "test/support/process_counts.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kBlock = 256 * 1024;  // what the source reads at a time

Lines lines_of(std::string_view text) {
  Lines lines;
  const auto take = [&](const std::string& line) {
    lines.push_back(line);
    return true;
  };
  LineSplitter splitter;
  splitter.feed(text, take);
  splitter.finish(take);
  return lines;
}

/// What all subtasks read, the first one's lines first.
Lines read_by_all(const std::string& path, std::uint32_t parallelism) {
  Lines all;
  for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
    TextFileSource source(path);
    for (std::string& line : testing::run_source(source, subtask, parallelism))
      all.push_back(std::move(line));
  }
  return all;
}

std::string failure_of(const std::string& path) {
  try {
    (void)read_by_all(path, 1);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a file is cut into ranges that differ by at most a byte and leave nothing out") {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{8}, std::uint64_t{1000},
                                    std::numeric_limits<std::uint64_t>::max() - 1}) {
    for (std::uint32_t parallelism = 1; parallelism <= 9; ++parallelism) {
      std::uint64_t next = 0;
      for (std::uint32_t i = 0; i < parallelism; ++i) {
        const ByteRange range = split_of(bytes, i, parallelism);
        REQUIRE(range.begin == next);
        REQUIRE(range.end - range.begin >= bytes / parallelism);
        REQUIRE(range.end - range.begin <= bytes / parallelism + 1);
        next = range.end;
      }
      REQUIRE(next == bytes);
    }
  }
}

TEST_CASE("every short text is read in order and once, however it is cut") {
  const TemporaryDirectory directory;
  for (std::size_t length = 0; length <= 5; ++length) {
    std::size_t texts = 1;
    for (std::size_t i = 0; i < length; ++i) texts *= 3;
    for (std::size_t number = 0; number < texts; ++number) {
      std::string text;
      for (std::size_t i = 0, rest = number; i < length; ++i, rest /= 3) text += "a\n\r"[rest % 3];
      const std::string path = directory.file("text", text);
      for (std::uint32_t parallelism = 1; parallelism <= 7; ++parallelism) {
        CAPTURE(text);
        CAPTURE(parallelism);
        REQUIRE(read_by_all(path, parallelism) == lines_of(text));
      }
    }
  }
}

TEST_CASE("every random text is read in order and once, however it is cut") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const TemporaryDirectory directory;
  for (int round = 0; round < 100; ++round) {
    std::string text;
    const bool is_windows = random() % 2 == 0;
    const std::size_t longest = round % 10 == 0 ? 2 * kBlock : 50;
    for (auto lines = random() % 20; lines > 0; --lines) {
      std::string line(random() % (longest + 1), 'x');
      for (std::size_t i = 0; i < line.size(); i += 1 + random() % 7)
        line[i] = "\x80\xFF\xC3 \r\0z"[random() % 7];
      text += line;
      if (lines > 1 || random() % 2 == 0) text += is_windows ? "\r\n" : "\n";
    }
    const std::string path = directory.file("text", text);
    const auto parallelism = static_cast<std::uint32_t>(1 + random() % 9);
    CAPTURE(parallelism);
    REQUIRE(read_by_all(path, parallelism) == lines_of(text));
  }
}

TEST_CASE("a newline may stand anywhere around the end of a block") {
  const TemporaryDirectory directory;
  for (const std::size_t first : {kBlock - 2, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock - 1, 2 * kBlock}) {
    const std::string text = std::string(first, 'a') + "\r\n" + std::string(kBlock, 'b') + "\n\nc";
    const std::string path = directory.file("text", text);
    for (std::uint32_t parallelism = 1; parallelism <= 4; ++parallelism) {
      CAPTURE(first);
      CAPTURE(parallelism);
      REQUIRE(read_by_all(path, parallelism) == lines_of(text));
    }
  }
}

TEST_CASE("a line of many blocks belongs to one reader, and the others find nothing") {
  const TemporaryDirectory directory;
  const std::string line(8 * kBlock + 17, 'x');
  const std::string path = directory.file("text", line);
  for (std::uint32_t subtask = 0; subtask < 4; ++subtask) {
    TextFileSource source(path);
    CHECK(testing::run_source(source, subtask, 4) == (subtask == 0 ? Lines{line} : Lines{}));
  }
}

TEST_CASE("a file that cannot be read is named, with what the system says, and is not kept open") {
  const TemporaryDirectory directory;
  const testing::ProcessCounts before;
  CHECK(failure_of(directory.path("none")) ==
        "cannot open text file '" + directory.path("none") + "': No such file or directory");
  CHECK(failure_of(directory.path()) ==
        "cannot read text from '" + directory.path() + "': not a regular file");
  REQUIRE(::mkfifo(directory.path("pipe").c_str(), 0600) == 0);  // opening it must not wait for a writer
  CHECK(failure_of(directory.path("pipe")) ==
        "cannot read text from '" + directory.path("pipe") + "': not a regular file");
  CHECK(testing::ProcessCounts() == before);
}

TEST_CASE("a source that is stopped sends no line more") {
  struct StopAtThree final : Input<std::string> {
    void process(const std::string& line, EventTime) override {
      lines.push_back(line);
      if (line == "three") loop.stop();
    }
    testing::QuietLoop loop;
    Lines lines;
  };
  const TemporaryDirectory directory;
  const std::string path = directory.file("text", "one\ntwo\nthree\nfour\nfive");
  StopAtThree target;
  OperatorContext place({"source", 0, 1, 128});
  SourceContext<std::string> context(target, target.loop, place);
  TextFileSource source(path);
  source.open(place);
  source.run(context);
  CHECK(target.lines == Lines{"one", "two", "three"});
}

namespace {

/// Hands out splits in the order in which it was given them.
class SplitLoop final : private std::atomic<std::uint32_t>, public SourceLoop {
public:
  explicit SplitLoop(std::vector<InputSplit> splits)
      : SourceLoop(static_cast<std::atomic<std::uint32_t>&>(*this)), splits_(std::move(splits)) {}

private:
  void take_letters() override {}
  void await_until(TimePoint) override {}
  void await_readable(int) override {}
  [[nodiscard]] bool has_input_splits() const override { return true; }
  [[nodiscard]] std::optional<std::string> next_input_split() override {
    if (next_ == splits_.size()) return std::nullopt;
    return splits_[next_++].bytes;
  }

  const std::vector<InputSplit> splits_;
  std::size_t next_ = 0;
};

Lines read_splits(const std::string& path, std::vector<InputSplit> splits) {
  testing::Gathered<std::string> all;
  SplitLoop loop(std::move(splits));
  OperatorContext place({"source", 1, 3, 128});
  SourceContext<std::string> context(all, loop, place);
  TextFileSource source(path);
  source.open(place);
  source.run(context);
  return std::move(all.values);
}

}  // namespace

TEST_CASE("a large file is offered in splits, which yield the same lines as the whole") {
  std::string text;
  while (text.size() < (13 << 20))
    text += "line " + std::to_string(text.size()) + std::string(90, '.') + "\n";
  text += "the last one ends without a newline";
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/large.txt";
  std::ofstream(path, std::ios::binary) << text;
  const auto splits = TextFileSource(path).input_splits(2);
  CHECK(splits.size() == 4);
  CHECK(read_splits(path, splits) == lines_of(text));
  CHECK(TextFileSource(path).input_splits(1).empty());   // one subtask reads all of it anyway
  CHECK(TextFileSource(path).input_splits(40).empty());  // there would be fewer splits than subtasks
}

TEST_CASE("a file that cannot be seen from the client has no splits: the task will say what is wrong") {
  CHECK(TextFileSource("/nowhere/at/all").input_splits(4).empty());
  CHECK(TextFileSource("/tmp").input_splits(4).empty());
}

TEST_CASE("a split that is no range of bytes is refused") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/small.txt";
  std::ofstream(path) << "a\nb\n";
  CHECK(read_splits(path, {{.bytes = "0 2", .hosts = {}}, {.bytes = "2 99", .hosts = {}}}) ==
        Lines{"a", "b"});
  for (const char* bad : {"", "0", "0 ", "x 2", "0 2x", "2 1", "0  2", "-1 2"})
    CHECK_THROWS_AS(read_splits(path, {{.bytes = bad, .hosts = {}}}), std::runtime_error);
}
