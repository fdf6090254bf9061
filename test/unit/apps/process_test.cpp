// SPDX-License-Identifier: Apache-2.0
// The tests' own way to start processes: what it says of them must be true.
#include "test/support/process.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <string>

namespace weir::testing {
namespace {

constexpr auto kOut = Process::Stream::Out;
constexpr auto kErr = Process::Stream::Err;

Finished shell(const std::string& script) { return run_to_end({"/bin/sh", "-c", script}); }

TEST_CASE("a process ends with its code, and nothing of what it wrote is lost") {
  const Finished done = shell("echo one; echo two >&2; printf three; exit 7");
  CHECK(done.end == ProcessEnd{.code = 7});
  CHECK(done.out == "one\nthree");
  CHECK(done.err == "two\n");
}

TEST_CASE("a process that is killed ends by its signal") {
  Process process({"/bin/sh", "-c", "echo here; read never; exec sleep 1000"});
  REQUIRE(process.await_line("here"));
  process.signal(SIGTERM);
  CHECK(process.await_end() == ProcessEnd{.code = -1, .signal = SIGTERM});
  CHECK(process.use().threads == 0);
  process.signal(SIGTERM);
}

TEST_CASE("lines are passed once, in order, and a line that does not come is none") {
  Process process({"/bin/cat", "/dev/stdin"});
  CHECK_FALSE(process.await_line("nothing"));

  Process lines({"/bin/sh", "-c", "echo a1; echo b1; echo a2; exec sleep 1000"});
  CHECK(lines.await_line("b")->text == "b1");
  CHECK(lines.await_line("a")->text == "a2");
  CHECK_FALSE(lines.await_line("a", 10ms));
  CHECK_FALSE(lines.await_line("", 10ms, kErr));
  CHECK(lines.text(kOut) == "a1\nb1\na2\n");
}

TEST_CASE("a frozen process does nothing until it is thawed") {
  Process process({"/bin/sh", "-c", "trap 'echo heard; exit 3' TERM; echo here; while :; do :; done"});
  REQUIRE(process.await_line("here"));
  process.signal(SIGSTOP);
  process.signal(SIGTERM);
  CHECK_FALSE(process.await_end(50ms));
  process.signal(SIGCONT);
  CHECK(process.await_line("heard"));
  CHECK(process.await_end() == ProcessEnd{.code = 3});
}

TEST_CASE("the environment is ours, and what is said beside it") {
  Process process({"/bin/sh", "-c", "echo $WEIR_ONE; echo $HOME"}, {"WEIR_ONE=1", "HOME=/elsewhere"});
  CHECK(process.await_line("")->text == "1");
  CHECK(process.await_line("")->text == "/elsewhere");
}

TEST_CASE("what a process uses can be read while it runs") {
  Process process({"/bin/sh", "-c", "echo here; read never; exec sleep 1000"});
  REQUIRE(process.await_line("here"));
  CHECK(process.use().resident_bytes > 0);
  CHECK(process.use().threads == 1);
  CHECK(process.use().descriptors >= 3);
}

TEST_CASE("a program that is not there ends with 127") {
  CHECK(run_to_end({"/nonexistent/program"}).end == ProcessEnd{.code = 127});
}

}  // namespace
}  // namespace weir::testing
