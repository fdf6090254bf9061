// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/sinks.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/thread.h"
#include "test/support/process_counts.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::content_of;
using weir::testing::TemporaryDirectory;

namespace {

/// A text sink as its task has it.
struct Sink {
  Sink(typename TextSink<int>::Options options, std::uint32_t subtask = 0, std::uint32_t parallelism = 1)
      : context({"sink", subtask, parallelism, 128}), sink(std::move(options)) {
    sink.bind(context);
    sink.open(context);
  }
  void write(int value) { sink.process(value, EventTime::none()); }

  OperatorContext context;
  TextSink<int> sink;
};

std::string failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

/// Catches what this process writes to standard output, as a reader does who takes his time.
class CapturedOutput {
public:
  CapturedOutput() : saved_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    REQUIRE(::pipe(ends_) == 0);
    REQUIRE(::fcntl(ends_[1], F_SETPIPE_SZ, 4096) > 0);
    ::dup2(ends_[1], STDOUT_FILENO);
    ::close(ends_[1]);
    reader_ = Thread("reader", [this] {
      char block[1000];
      for (ssize_t got = 0; (got = ::read(ends_[0], block, sizeof block)) > 0;) {
        text_.append(block, static_cast<std::size_t>(got));
      }
    });
  }
  /// All that was written until now.
  std::string take() {
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
    reader_.join();
    ::close(ends_[0]);
    return std::move(text_);
  }

private:
  int saved_;
  int ends_[2] = {};
  std::string text_;
  Thread reader_;
};

}  // namespace

TEST_CASE("one subtask writes one file, and makes it anew") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("out", "what was there before, and longer");
  Sink sink({.path = path});
  sink.write(1);
  sink.write(2);
  CHECK(content_of(path).empty());  // not yet: blocks
  sink.sink.on_idle();
  CHECK(content_of(path) == "1\n2\n");
  sink.write(3);
  sink.sink.finish();
  sink.sink.close();
  CHECK(content_of(path) == "1\n2\n3\n");
}

TEST_CASE("several subtasks write a directory with a file each") {
  const TemporaryDirectory directory;
  for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
    Sink sink({.path = directory.path("out")}, subtask, 3);
    sink.write(static_cast<int>(subtask) * 10);
    sink.sink.finish();
    sink.sink.close();
  }
  CHECK(content_of(directory.path("out/1")) == "0\n");
  CHECK(content_of(directory.path("out/2")) == "10\n");
  CHECK(content_of(directory.path("out/3")) == "20\n");
}

TEST_CASE(
    "what an earlier job of more subtasks left is not part of a directory, what a user put there stays") {
  const TemporaryDirectory directory;
  for (std::uint32_t subtask = 0; subtask < 4; ++subtask) Sink({.path = directory.path("out")}, subtask, 4);
  directory.file("out/notes", "mine");
  for (std::uint32_t subtask = 0; subtask < 2; ++subtask) Sink({.path = directory.path("out")}, subtask, 2);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path("out"))) {
    left.push_back(entry.path().filename());
  }
  std::ranges::sort(left);
  CHECK(left == std::vector<std::string>{"1", "2", "notes"});
}

TEST_CASE("many lines arrive whole, in blocks") {
  const TemporaryDirectory directory;
  std::string expected;
  Sink sink({.path = directory.path("out")});
  for (int i = 0; i < 100'000; ++i) {
    sink.write(i);
    expected += std::to_string(i) + '\n';
  }
  CHECK(content_of(directory.path("out")).size() >
        expected.size() / 2);  // most of it is there before the end
  sink.sink.finish();
  CHECK(content_of(directory.path("out")) == expected);
}

TEST_CASE("a path that cannot be written is named, with what the system says") {
  const TemporaryDirectory directory;
  const std::string file = directory.file("file", "");
  CHECK(failure_of([&] { Sink({.path = directory.path("none/out")}); }) ==
        "cannot open the output file '" + directory.path("none/out") + "': No such file or directory");
  CHECK(failure_of([&] { Sink({.path = directory.path()}); }).ends_with("Is a directory"));
  CHECK(failure_of([&] { Sink({.path = file}, 0, 2); }) ==
        "cannot open the output file '" + file + "/1': Not a directory");
  CHECK(failure_of([&] { Sink({.path = directory.path("none/out")}, 0, 2); }) ==
        "cannot make the output directory '" + directory.path("none/out") + "': No such file or directory");
}

TEST_CASE("a full disk is a failure of the sink, with its name") {
  Sink sink({.path = "/dev/full"});
  sink.write(1);
  CHECK(failure_of([&] { sink.sink.finish(); }) == "cannot write to '/dev/full': No space left on device");
}

TEST_CASE("a sink that is closed or dropped keeps nothing open") {
  const TemporaryDirectory directory;
  const testing::ProcessCounts before;
  {
    Sink closed({.path = directory.path("closed")});
    closed.sink.close();
    Sink dropped({.path = directory.path("dropped")});
  }
  CHECK(testing::ProcessCounts() == before);
}

TEST_CASE("parallel subtasks lead their lines with their number, if they are told to") {
  CapturedOutput output;
  for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
    Sink with({.path = "", .with_subtask = true}, subtask, 2);
    with.write(7);
    with.sink.finish();
  }
  Sink without({.path = ""}, 1, 2);
  without.write(8);
  without.sink.finish();
  Sink alone({.path = "", .with_subtask = true});
  alone.write(9);
  alone.sink.finish();
  CHECK(output.take() == "1> 7\n2> 7\n8\n9\n");
}

TEST_CASE("blocks of parallel subtasks do not tear each other's lines on standard output") {
  constexpr int kLines = 3000;
  CapturedOutput output;
  {
    std::vector<Thread> tasks;
    for (const char letter : {'a', 'b', 'c'}) {
      tasks.emplace_back("task", [letter] {
        auto writer = LineWriter::standard_output();
        for (int i = 0; i < kLines; ++i) {
          writer.block() += std::string(100, letter) + '\n';
          writer.line_written();
        }
        writer.flush();
      });
    }
  }
  const auto lines = testing::sorted_lines(output.take());
  REQUIRE(lines.size() == 3 * kLines);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    REQUIRE(lines[i] == std::string(100, static_cast<char>('a' + i / kLines)));
  }
}

TEST_CASE("a collecting sink gathers from all subtasks") {
  const auto target = std::make_shared<Collected<int>>();
  CollectSink<int> first(target);
  CollectSink<int> second(target);
  first.process(1, EventTime::none());
  second.process(2, EventTime::none());
  CHECK(target->take() == std::vector{1, 2});
  CHECK(target->take().empty());
}

TEST_CASE("a function is called for each record") {
  std::vector<int> seen;
  const auto note = [&](int value) { seen.push_back(value); };
  ForEachSink<int, decltype(note)> sink(note);
  sink.process(1, EventTime::none());
  sink.process(2, EventTime::none());
  CHECK(seen == std::vector{1, 2});
}
