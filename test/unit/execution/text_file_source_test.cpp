// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/text_file_source.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <limits>
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
  const OperatorContext place({"source", 0, 1, 128});
  SourceContext<std::string> context(target, target.loop, place);
  TextFileSource(path).run(context);
  CHECK(target.lines == Lines{"one", "two", "three"});
}
