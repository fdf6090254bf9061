// SPDX-License-Identifier: Apache-2.0
// A job says the same in one process and across several.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "test/support/temporary_directory.h"
#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

constexpr const char* kWays[] = {"forward",   "rebalance", "rescale", "shuffle",
                                 "broadcast", "global",    "custom",  "key"};

std::vector<std::string> lines_of(const std::string& path) { return sorted_lines(content_of(path)); }

Submission spread(const std::string& by, std::uint32_t parallelism, const std::string& output) {
  return {.program = "spread",
          .arguments = {"--by", by, "--count", "5000", "--output", output},
          .parallelism = parallelism,
          .options = {"-q"}};
}

/// Every way to spread records, with every parallelism that fits into eight slots.
void compare(std::uint32_t task_managers, const std::vector<std::uint32_t>& parallelisms) {
  TestCluster cluster({.task_managers = task_managers, .slots = 8 / task_managers});
  for (const std::string by : kWays) {
    for (const std::uint32_t parallelism : parallelisms) {
      CAPTURE(by);
      CAPTURE(parallelism);
      const std::string name = by + std::to_string(parallelism);
      const auto here = run_embedded(spread(by, parallelism, cluster.files().path(name + "-here")));
      REQUIRE_MESSAGE(here.end == ProcessEnd{.code = 0}, here.err);
      const auto there = cluster.run(spread(by, parallelism, cluster.files().path(name + "-there")));
      REQUIRE_MESSAGE(there.end == ProcessEnd{.code = 0}, there.err);
      const auto expected = lines_of(cluster.files().path(name + "-here"));
      CHECK(expected.size() == (by == "key" ? 97u : by == "broadcast" ? 5000u * parallelism : 5000u));
      CHECK(lines_of(cluster.files().path(name + "-there")) == expected);
    }
  }
}

TEST_CASE("with 1 TaskManager") { compare(1, {1, 2, 3, 4, 5, 6, 7, 8}); }

TEST_CASE("with 2 TaskManagers") { compare(2, {1, 2, 3, 4, 5, 6, 7, 8}); }

TEST_CASE("with 4 TaskManagers") { compare(4, {1, 2, 3, 4, 5, 6, 7, 8}); }

}  // namespace
}  // namespace weir::testing
