// SPDX-License-Identifier: Apache-2.0
// Jobs with a loop, on processes that die or that are to stop: what goes round at that time is neither lost
// nor doubled.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "test/support/temporary_directory.h"
#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

constexpr std::int64_t kCount = 40'000;

std::string all_walks() {
  std::string lines;
  for (std::int64_t start = 1; start <= kCount; ++start) {
    std::int64_t steps = 0;
    for (std::int64_t at = start; at != 1; at = at % 2 == 0 ? at / 2 : 3 * at + 1) ++steps;
    lines += std::to_string(start) + " " + std::to_string(steps) + "\n";
  }
  return lines;
}

/// What whoever reads the directory sees.
std::string visible(const std::string& directory) {
  std::string lines;
  if (!std::filesystem::exists(directory)) return lines;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (!entry.path().filename().string().starts_with('.')) lines += content_of(entry.path());
  return lines;
}

Submission walks(const std::string& output, std::uint32_t parallelism) {
  return {.program = "walks",
          .arguments = {"--count", std::to_string(kCount), "--output", output, "--checkpoint-ms", "20"},
          .parallelism = parallelism};
}

TEST_CASE("a TaskManager is killed while records go round, and each arrives once") {
  TestCluster cluster({.task_managers = 2, .slots = 2});
  const std::string output = cluster.files().path("walks");
  const auto run = cluster.start(walks(output, 2));
  REQUIRE(eventually([&] { return !visible(output).empty(); }));
  cluster.kill(0);
  REQUIRE_MESSAGE(run->await_line("switched to status RESTARTING", 20s, Process::Stream::Err),
                  run->text(Process::Stream::Err));
  REQUIRE(run->await_end(90s) == ProcessEnd{.code = 0});
  // Compared as a whole: forty thousand lines are not for a message.
  const bool is_exact = sorted_lines(visible(output)) == sorted_lines(all_walks());
  CHECK(is_exact);
}

TEST_CASE("a job with a loop is stopped with a savepoint, and goes on from it with more subtasks") {
  TestCluster cluster({.task_managers = 2, .slots = 2});
  const std::string output = cluster.files().path("walks");
  const auto run = cluster.start(walks(output, 2));
  const std::string job = TestCluster::id_of(*run);
  REQUIRE(eventually([&] { return !visible(output).empty(); }));
  const Finished stopped = cluster.weir("stop", {"-s", job, cluster.files().path("savepoints")});
  REQUIRE_MESSAGE(stopped.end == ProcessEnd{.code = 0}, stopped.err);
  REQUIRE(run->await_end(60s) == ProcessEnd{.code = 0});
  const bool has_ended = sorted_lines(visible(output)).size() == static_cast<std::size_t>(kCount);
  CHECK_FALSE(has_ended);

  const auto at = stopped.out.find("Path: ");
  REQUIRE_MESSAGE(at != std::string::npos, stopped.out);
  Submission again = walks(output, 3);
  again.options = {"-s", stopped.out.substr(at + 6, stopped.out.find('\n', at) - at - 6)};
  const Finished ended = cluster.run(again);
  REQUIRE_MESSAGE(ended.end == ProcessEnd{.code = 0}, ended.err);
  const bool is_exact = sorted_lines(visible(output)) == sorted_lines(all_walks());
  CHECK(is_exact);
}

}  // namespace
}  // namespace weir::testing
