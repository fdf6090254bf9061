// SPDX-License-Identifier: Apache-2.0
// What processes tell when they crash.
#include "base/crash_report.h"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>

#include "test/support/process.h"
#include "test/support/temporary_directory.h"

using namespace weir;

namespace {

/// A process that crashed, and its report.
struct Crash {
  explicit Crash(const std::string& how) {
    const testing::TemporaryDirectory directory;
    const std::string path = directory.path("report");
    testing::Process victim({WEIR_CRASH_VICTIM, how, path});
    const auto ended = victim.await_end(60s);
    REQUIRE(ended.has_value());
    end = *ended;
    if (std::filesystem::exists(path)) report = testing::content_of(path);
    // What it wrote last may be read after its end was told.
    (void)victim.await_line("this process crashed", 20s, testing::Process::Stream::Err);
    printed = victim.text(testing::Process::Stream::Err);
  }
  [[nodiscard]] bool says(std::string_view text) const { return report.find(text) != std::string::npos; }

  testing::ProcessEnd end;
  std::string report;
  std::string printed;
};

void check_ends_by(const Crash& crash, int signal, std::string_view name) {
  CAPTURE(crash.report);
  CHECK(crash.end.signal == signal);
  CHECK(crash.says("*** weir: this process crashed ***"));
  CHECK(crash.says(name));
  CHECK(crash.says("backtrace:\n"));
  CHECK(crash.printed.find("*** weir: this process crashed ***") != std::string::npos);
}

}  // namespace

TEST_CASE("a function that follows a null pointer is told with its job, task and operator") {
  const Crash crash("map");
  check_ends_by(crash, SIGSEGV, "(SIGSEGV), address 0x0");
  CHECK(crash.says(
      "running:   task Source: Generator -> first -> second -> third -> Sink: archive (1/1) of job "
      "\"sums\" ("));
  CHECK(crash.says("), attempt "));
  CHECK(crash.says("operator:  second\n"));
}

TEST_CASE("a sink of the user's own that follows one is told by its name") {
  const Crash crash("sink");
  check_ends_by(crash, SIGSEGV, "(SIGSEGV)");
  CHECK(crash.says("operator:  Sink: archive\n"));
}

TEST_CASE("a source that follows one is told by its name") {
  const Crash crash("source");
  check_ends_by(crash, SIGSEGV, "(SIGSEGV)");
  CHECK(crash.says("operator:  Source: Generator\n"));
}

TEST_CASE("a function that calls itself until its stack is used up is told, too") {
  const Crash crash("overflow");
  check_ends_by(crash, SIGSEGV, "(SIGSEGV)");
  CHECK(crash.says(" calls ...\n"));
  CHECK(crash.says("operator:  second\n"));
}

TEST_CASE("the main thread's stack may overflow as well") {
  check_ends_by(Crash("overflow_of_main"), SIGSEGV, "(SIGSEGV)");
}

TEST_CASE("a crash of a thread without a task is told with the thread's name") {
  const Crash crash("thread");
  check_ends_by(crash, SIGSEGV, "\"victim\"");
  CHECK_FALSE(crash.says("running:"));
  CHECK_FALSE(crash.says("operator:"));
}

TEST_CASE("abort(), and a promise of ours that is broken") {
  check_ends_by(Crash("abort"), SIGABRT, "(SIGABRT)\n");
  const Crash promise("promise");
  check_ends_by(promise, SIGABRT, "(SIGABRT)\n");
  CHECK(promise.printed.find("a promise of ours") != std::string::npos);
}

TEST_CASE("an exception that nobody catches is told with its type and its words") {
  const Crash crash("throw");
  check_ends_by(crash, SIGABRT, "(SIGABRT)\n");
  CHECK(crash.says("cause:     nobody caught a std::runtime_error: nobody wants me\n"));
}

TEST_CASE("a process that does not crash leaves no report") {
  const Crash crash("not at all");
  CHECK(crash.end == testing::ProcessEnd{.code = 0});
  CHECK(crash.report.empty());
  CHECK(crash.printed.empty());
}

TEST_CASE("a path of absurd length is refused") {
  CHECK_FALSE(crash_report::install(std::string(5000, 'x')).has_value());
}
